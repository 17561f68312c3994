// The region "Logs": the last lines of the function, each with a link to the request that wrote it.

import { element, visible } from "/static/text.js";

const MOST = 5000;
const CHUNK = 200;

const box = document.getElementById("lines");
const filter = document.getElementById("filter");
let open = () => {};
let count = 0;

export function start(openExchange) {
  open = openExchange;
  filter.addEventListener("input", applyFilter);
  document.getElementById("clear").addEventListener("click", clear);
}

export function clear() {
  box.replaceChildren();
  count = 0;
}

export function add(lines) {
  if (!lines.length) return;
  const isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  for (const line of lines) {
    if (!box.lastChild || box.lastChild.childElementCount >= CHUNK) box.append(element("div", { class: "chunk" }));
    box.lastChild.append(row(line));
  }
  count += lines.length;
  while (count > MOST && box.childElementCount > 1) {
    count -= box.firstChild.childElementCount;
    box.firstChild.remove();
  }
  if (isAtEnd) box.scrollTop = box.scrollHeight;
}

function row(line) {
  const number = line.exchange;
  const link = number
    ? element("button", { type: "button", "aria-label": `Show request ${number}`, onclick: () => open(number) }, `#${number}`)
    : element("span", { class: "none" });
  const shown = element("div", { class: "log" }, link, element("span", { class: "text" }, ...visible(line.text)));
  shown.hidden = !matches(line.text);
  return shown;
}

function matches(text) {
  return text.toLowerCase().includes(filter.value.toLowerCase());
}

function applyFilter() {
  for (const line of box.querySelectorAll(".log")) line.hidden = !matches(line.textContent);
}
