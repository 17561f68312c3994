// The region "History": a row for each request, the newest first.

import { get } from "/static/api.js";
import { clock, duration, element, statusClass, visible } from "/static/text.js";

const MOST = 500;

const rows = document.getElementById("rows");
const empty = document.getElementById("no-history");
const copied = document.getElementById("copied");
const known = new Set();
let actions = {};

export function start(given) {
  actions = given;
}

export function clear() {
  rows.replaceChildren();
  known.clear();
  showWhetherEmpty();
}

export function add(exchanges) {
  for (const exchange of exchanges) {
    known.add(exchange.number);
    rows.prepend(row(exchange));
  }
  while (rows.childElementCount > MOST) rows.lastChild.remove();
  showWhetherEmpty();
}

export function mark(number) {
  for (const one of rows.querySelectorAll("[aria-current]")) one.removeAttribute("aria-current");
  rows.querySelector(`[data-number="${number}"]`)?.setAttribute("aria-current", "true");
}

export function has(number) {
  return known.has(number);
}

function showWhetherEmpty() {
  rows.hidden = !rows.childElementCount;
  empty.hidden = !rows.hidden;
}

function row(exchange) {
  const { number, status } = exchange;
  const what = exchange.type ?? `${exchange.method} ${exchange.path}`;
  const id = `what-${number}`;
  const open = element("button", { type: "button", class: "open", id, title: `Show request ${number}`, onclick: () => actions.open(number) });
  open.append(...visible(what));
  const again = element("button", { type: "button", class: "again", "aria-describedby": id, onclick: () => actions.again(number) }, "Send again");
  const curl = element("button", { type: "button", class: "curl", "aria-describedby": id, onclick: () => copy(number) }, "Copy as curl");
  return element("div", { role: "row", "data-number": number },
    cell("time", clock(exchange.started)),
    cell(`code ${statusClass(status)}`, status || "left"),
    cell("what", open),
    cell("took", duration(exchange.ms)),
    cell("buttons", again, curl));
}

function cell(name, ...children) {
  return element("div", { role: "cell", class: name }, ...children.map((child) => (typeof child === "number" ? String(child) : child)));
}

async function copy(number) {
  try {
    const { curl } = await get(`/api/exchanges/${number}`);
    await write(curl, number);
  } catch (error) {
    copied.replaceChildren(`The command is not available: ${error.message}`);
  }
}

async function write(command, number) {
  try {
    await navigator.clipboard.writeText(command);
    copied.replaceChildren(`Copied request ${number} as a command.`);
  } catch {
    copied.replaceChildren("The browser does not allow copying. The command is: ", element("code", {}, ...visible(command)));
  }
}
