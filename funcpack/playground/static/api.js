// Talks to the server of the page.

export class Refusal extends Error {
  constructor(title, message) {
    super(message);
    this.title = title;
  }
}

export async function get(path) {
  return answer(await fetch(path));
}

export async function post(path, form, signal) {
  const body = JSON.stringify(form);
  return answer(await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body, signal }));
}

async function answer(response) {
  const text = await response.text();
  let value;
  try { value = JSON.parse(text); } catch { value = null; }
  if (response.ok) return value;
  throw new Refusal(value?.title ?? `The page's server answered ${response.status}`, value?.message ?? text);
}

// Calls `listener` with the entries of the feed, in their order. The browser connects again by itself, and goes on where it was.
export function listen(listener, onConnection) {
  const source = new EventSource("/api/events");
  source.onopen = () => onConnection(true);
  source.onerror = () => {
    onConnection(false);
    // After an answer that is no stream, a browser gives up.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen(listener, onConnection), 1000);
  };
  source.onmessage = (event) => listener(JSON.parse(event.data));
}
