// Elements from texts, which are never taken for HTML, and the forms in which texts, sizes and times are shown.

// Control characters, those that change the direction of a text or are invisible, and halves of surrogate pairs. A tab and
// the end of a line are what they seem to be, and the joiners U+200C and U+200D are parts of words in several scripts.
const UNSAFE = /[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\p{Cs}\u{e0000}-\u{e0fff}]/u;
const UNSAFE_OR_NOT = new RegExp(`(${UNSAFE.source})`, "gu");

// JSON, as it was written: only white space outside of strings is replaced.
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

// Characters of JSON that gets colours: an element for each value of more would take seconds.
const COLOURED = 100_000;
const CHUNK_LINES = 400;
const CHUNK_CHARACTERS = 16384;

export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made && !name.startsWith("aria")) made[name] = value;
    else if (value !== null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

// Returns nodes in which each unsafe character is its escape, marked as such.
export function visible(text) {
  if (!UNSAFE.test(text)) return [text];
  return text.split(UNSAFE_OR_NOT).filter(Boolean).map((part) => (UNSAFE.test(part) ? control(part) : part));
}

function control(character) {
  const code = character.codePointAt(0).toString(16);
  const escape = code.length <= 2 ? `\\x${code.padStart(2, "0")}` : code.length <= 4 ? `\\u${code.padStart(4, "0")}` : `\\u{${code}}`;
  return element("span", { class: "control", title: "An invisible character" }, escape);
}

// Returns JSON with its members on lines of their own, as nodes; null if it is not JSON.
export function prettyJson(text) {
  try { JSON.parse(text); } catch { return null; }
  const isShort = text.length <= COLOURED;
  const lines = [];
  let line = [], depth = 0;
  const tokens = text.match(TOKEN) ?? [];
  const end = () => { lines.push(line); line = depth ? ["  ".repeat(depth)] : []; };
  tokens.forEach((token, index) => {
    const next = tokens[index + 1];
    if (token === "{" || token === "[") {
      line.push(token);
      if (next !== "}" && next !== "]") { depth += 1; end(); }
    } else if (token === "}" || token === "]") {
      if (tokens[index - 1] !== "{" && tokens[index - 1] !== "[") { depth -= 1; end(); }
      line.push(token);
    } else if (token === ",") { line.push(token); end(); }
    else if (token === ":") line.push(": ");
    else line.push(isShort ? element("span", { class: kindOf(token, next) }, ...visible(token)) : token);
  });
  lines.push(line);
  if (!isShort) return plainText(lines.map((parts) => parts.join("")).join("\n"));
  return chunks(lines.map((parts) => [...parts, "\n"]));
}

function kindOf(token, next) {
  if (token[0] === '"') return next === ":" ? "key" : "string";
  return "number";
}

// Returns the nodes of a long text in parts that the browser lays out only if they are seen.
export function plainText(text) {
  const parts = [];
  for (let begin = 0; begin < text.length;) {
    let end = begin + CHUNK_CHARACTERS;
    if (end < text.length) {
      const newline = text.lastIndexOf("\n", end);
      if (newline > begin) end = newline + 1;
      else if (/[\ud800-\udbff]/.test(text[end - 1])) end -= 1;
    }
    parts.push(visible(text.slice(begin, end)));
    begin = end;
  }
  return parts.length > 1 ? parts.map((nodes) => element("div", { class: "chunk" }, ...nodes)) : parts.flat();
}

function chunks(lines) {
  if (lines.length <= CHUNK_LINES) return lines.flat();
  const made = [];
  for (let begin = 0; begin < lines.length; begin += CHUNK_LINES) {
    made.push(element("div", { class: "chunk" }, ...lines.slice(begin, begin + CHUNK_LINES).flat()));
  }
  return made;
}

export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

export function duration(ms) {
  if (ms >= 10000) return `${(ms / 1000).toFixed(1)} s`;
  return ms >= 100 ? `${Math.round(ms)} ms` : `${ms.toFixed(1)} ms`;
}

export function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString("en-GB");
}

export function statusClass(status) {
  if (!status || status >= 500) return "bad";
  return status >= 400 ? "warn" : "good";
}
