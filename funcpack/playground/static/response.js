// The region "Response": a request of the history with its answer, what a broker does with it, and the lines that it wrote.

import { get } from "/static/api.js";
import { clock, duration, element, plainText, prettyJson, size, statusClass, visible } from "/static/text.js";

const outcome = document.getElementById("outcome");
const place = document.getElementById("exchange");
let shown = 0;

let live = null;

export function showWaiting() {
  shown += 1;
  outcome.replaceChildren(element("p", { class: "hint" }, "Waiting for the response."));
  live = lines([]);
  live.hidden = true;
  place.replaceChildren(live);
}

// Shows lines of a request that is not answered yet, while the page waits for its own.
export function addLive(texts) {
  if (!live?.isConnected || !texts.length) return;
  live.hidden = false;
  live.append(...texts.map(line));
  live.scrollTop = live.scrollHeight;
}

export function showRefusal(error) {
  shown += 1;
  const title = error.title ?? "The server of this page cannot be reached";
  outcome.replaceChildren(element("div", { class: "problem" }, element("strong", {}, title), element("pre", {}, ...visible(error.message))));
  place.replaceChildren();
}

// Shows a request; next to the answer to an earlier one if there is a number of that.
export async function show(number, old = null) {
  const turn = ++shown;
  const exchange = await get(`/api/exchanges/${number}`);
  const comparison = old ? await get(`/api/exchanges/${number}/since/${old}`) : null;
  if (turn !== shown) return;
  outcome.replaceChildren(summary(exchange));
  const parts = [];
  if (exchange.verdict) parts.push(verdict(exchange.verdict));
  parts.push(times(exchange));
  if (comparison) parts.push(...difference(comparison, old));
  parts.push(...body("Body", exchange.answer.body));
  if (exchange.lines.length) parts.push(element("h3", {}, "Logs of this request"), lines(exchange.lines));
  if (exchange.reply) parts.push(element("h3", {}, "Reply event"), fields(Object.entries(exchange.reply)));
  parts.push(element("h3", {}, "Response headers"), fields(exchange.answer.headers));
  parts.push(request(exchange));
  place.replaceChildren(...parts);
}

function summary(exchange) {
  const { status, method, path, type } = exchange;
  const text = status ? `${status} ${exchange.reason}`.trim() : "No response: the client disconnected";
  const cut = status && !exchange.isComplete ? [element("span", { class: "bad" }, "incomplete")] : [];
  return element("div", { class: "summary" },
    element("span", { class: `status ${statusClass(status)}` }, text), ...cut,
    element("code", {}, ...visible(type ?? `${method} ${path}`)),
    element("span", { class: "hint" }, `${size(exchange.size)}, request ${exchange.number}, ${clock(exchange.started)}${exchange.version ? `, version ${exchange.version}` : ""}`));
}

function verdict(found) {
  const warning = found.warning ? [element("p", { class: "warning" }, ...visible(found.warning))] : [];
  return element("div", { class: "verdict" },
    element("h3", {}, "What a broker would do"),
    element("strong", {}, found.name), element("p", {}, ...visible(found.meaning)), ...warning);
}

function times(exchange) {
  const bar = element("div", { class: "bar", "aria-hidden": "true" });
  const list = element("dl", { class: "times" });
  for (const [name, ms] of Object.entries(exchange.timings)) {
    const part = element("i", { class: name });
    // Parts that together are less than 1 would not fill the bar.
    part.style.flexGrow = ms * 1000;
    bar.append(part);
    list.append(element("div", {}, element("dt", { class: `for-${name}` }, name[0].toUpperCase() + name.slice(1)), element("dd", {}, duration(ms))));
  }
  list.append(element("div", {}, element("dt", {}, "Total"), element("dd", {}, duration(exchange.ms))));
  return element("div", {}, bar, list);
}

function difference(found, old) {
  const versions = found.old === found.new ? `both of version ${found.new}` : `version ${found.old} and version ${found.new}`;
  const title = element("h3", {}, `Compared with request ${old}: ${versions}`);
  if (!found.lines.length) return [title, element("p", { class: "hint" }, "The responses are the same.")];
  const names = { "-": "old", "+": "new", " ": "both" };
  const lines = found.lines.map(({ sign, text }) => element("div", { class: names[sign] }, `${sign} `, ...visible(text)));
  return [title, element("div", { class: "diff", role: "group", "aria-label": "Old and new response", tabIndex: 0 }, ...lines)];
}

function body(title, found) {
  const heading = element("h3", {}, title);
  if (!found.size) return [element("div", { class: "views" }, heading), element("p", { class: "hint" }, "The body is empty.")];
  if (found.hex !== undefined) {
    const note = `Binary, ${found.size} bytes${found.isWhole ? "" : ", of which these are the first"}.`;
    return [element("div", { class: "views" }, heading), element("p", { class: "hint" }, note), block([hexDump(found.hex)], "body hex")];
  }
  const note = found.isWhole ? [] : [element("p", { class: "hint" }, `Only the beginning of ${found.size} bytes (${size(found.size)}).`)];
  const pretty = found.isJson && found.isWhole ? prettyJson(found.text) : null;
  const shownBody = block(pretty ?? plainText(found.text));
  const buttons = pretty ? views(shownBody, found.text) : [];
  return [element("div", { class: "views" }, heading, ...buttons), ...note, shownBody];
}

function views(shownBody, text) {
  const makers = { Pretty: () => prettyJson(text), Raw: () => plainText(text) };
  const buttons = Object.keys(makers).map((name) => element("button", { type: "button", "aria-pressed": String(name === "Pretty") }, name));
  for (const button of buttons) {
    button.addEventListener("click", () => {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      shownBody.replaceChildren(...makers[button.textContent]());
    });
  }
  return buttons;
}

function block(nodes, name = "body") {
  return element("pre", { class: name, tabIndex: 0, role: "group", "aria-label": "Content" }, ...nodes);
}

function hexDump(hex) {
  const bytes = hex.match(/../g) ?? [];
  const lines = [];
  for (let begin = 0; begin < bytes.length; begin += 16) {
    const part = bytes.slice(begin, begin + 16);
    const text = part.map((code) => { const value = parseInt(code, 16); return value > 31 && value < 127 ? String.fromCharCode(value) : "."; });
    lines.push(`${begin.toString(16).padStart(4, "0")}  ${part.join(" ").padEnd(47)}  ${text.join("")}`);
  }
  return lines.join("\n");
}

function fields(entries) {
  const list = element("dl", { class: "fields-list" });
  for (const [name, value] of entries) list.append(element("dt", {}, ...visible(name)), element("dd", {}, ...visible(String(value))));
  return list;
}

function lines(texts) {
  return element("div", { class: "own-lines", tabIndex: 0, role: "group", "aria-label": "Logs of this request" }, ...texts.map(line));
}

function line(text) {
  return element("div", { class: "log mono" }, element("span", { class: "text" }, ...visible(text)));
}

function request(exchange) {
  return element("details", {}, element("summary", {}, "Request"),
    element("p", { class: "mono" }, ...visible(`${exchange.method} ${exchange.path}`)),
    fields(exchange.request.headers), ...body("Request body", exchange.request.body));
}
