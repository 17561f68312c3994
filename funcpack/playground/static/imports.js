// The region "Imports": what each package that the function imports costs at its start.

import { post } from "/static/api.js";
import { duration, element, visible } from "/static/text.js";

const MOST = 30;

const button = document.getElementById("measure");
const place = document.getElementById("costs");

export function start() {
  button.addEventListener("click", measure);
}

async function measure() {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  place.replaceChildren(element("p", { class: "hint" }, "Measuring."));
  try {
    const { imports } = await post("/api/function", { anew: true });
    place.replaceChildren(...table(imports));
  } catch (error) {
    place.replaceChildren(element("div", { class: "problem" }, element("strong", {}, error.title ?? "Not measured"), element("pre", {}, ...visible(error.message))));
  } finally {
    button.removeAttribute("aria-busy");
  }
}

function table(imports) {
  if (!imports.length) return [element("p", { class: "hint" }, "The import was not measured, because the function is loaded in another way.")];
  const total = imports.reduce((sum, { ms }) => sum + ms, 0);
  const rows = imports.slice(0, MOST).map((one) => row(one, imports[0].ms));
  const rest = imports.length > MOST ? ` The ${imports.length - MOST} fastest are not shown.` : "";
  return [
    element("p", {}, `${duration(total)} in ${imports.length} packages.${rest}`),
    element("table", {},
      element("thead", {}, element("tr", {}, head("name-cell", "Package"), head("number-cell", "Time"), head("number-cell", "Modules"), head("", "Share"))),
      element("tbody", {}, ...rows)),
  ];
}

function head(name, text) {
  return element("th", { scope: "col", class: name }, text);
}

function row({ name, ms, modules }, most) {
  const bar = element("div", { class: "cost" });
  bar.style.width = `${(100 * ms) / most}%`;
  return element("tr", {},
    element("td", { class: "name-cell mono" }, ...visible(name)),
    element("td", { class: "number-cell" }, duration(ms)),
    element("td", { class: "number-cell" }, String(modules)),
    element("td", { "aria-hidden": "true" }, bar));
}
