// The forms: two tabs, the sample events, and what is sent.

import { get } from "/static/api.js";
import { element } from "/static/text.js";

const tabs = [...document.querySelectorAll("[role=tab]")];
const panels = tabs.map((tab) => document.getElementById(tab.getAttribute("aria-controls")));
const forms = panels.map((panel) => panel.querySelector("form"));
const samples = document.getElementById("samples");
const sampleTitle = document.getElementById("sample-title");

// Not shown with a sample: each event has its own.
const OWN = ["specversion", "id", "time"];
const FIELDS = ["type", "source", "subject"];

const touched = new Set();
let draftKey = null;

// Resolves when the sample events are in the form.
export function start(send) {
  tabs.forEach((tab, index) => {
    tab.addEventListener("click", () => { select(index); touched.add("tab"); keepDraft(); });
    tab.addEventListener("keydown", moveTab);
  });
  for (const form of forms) {
    form.addEventListener("submit", (event) => { event.preventDefault(); send(values(form)); });
    form.addEventListener("input", ({ target }) => { touched.add(`${form.dataset.kind}.${target.name}`); chooseMethod(); keepDraft(); });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(); }
    });
  }
  return loadSamples();
}

export function setBusy(isBusy, cancel) {
  for (const form of forms) {
    form.querySelector(".send").setAttribute("aria-busy", String(isBusy));
    const button = form.querySelector(".cancel");
    button.hidden = !isBusy;
    button.onclick = cancel;
  }
}

// Fills what the user has not changed: the kind of the function chooses the tab, and its types the data.
export function prefill(kind, parameters) {
  const example = parameters.find((parameter) => parameter.example !== null)?.example;
  if (!touched.has("tab")) select(kind === "cloudevent" ? 1 : 0);
  if (example === undefined) return;
  const text = typeof example === "string" ? example : JSON.stringify(example, null, 2);
  if (kind === "cloudevent") fill(forms[1], { data: text });
  else fill(forms[0], { method: "POST", headers: typeof example === "string" ? "" : "Content-Type: application/json", body: text });
}

// A request with a body is a POST, unless the user has chosen the method.
function chooseMethod() {
  const { method, body } = forms[0].elements;
  if (!touched.has("http.method")) method.value = body.value ? "POST" : "GET";
}

// The fields are kept while the page is loaded again, for each function.
export function useDraft(handler) {
  if (draftKey) return;
  draftKey = `draft ${handler}`;
  const draft = JSON.parse(sessionStorage.getItem(draftKey) ?? "null");
  if (!draft) return;
  for (const name of draft.touched) touched.add(name);
  if (touched.has("tab")) select(draft.tab);
  forms.forEach((form, index) => {
    for (const [name, value] of Object.entries(draft.forms[index])) if (form.elements[name]) form.elements[name].value = value;
  });
}

function keepDraft() {
  if (!draftKey) return;
  const draft = { touched: [...touched], tab: tabs.findIndex(isSelected), forms: forms.map(values) };
  try { sessionStorage.setItem(draftKey, JSON.stringify(draft)); } catch { /* too large: then it is not kept */ }
}

function isSelected(tab) {
  return tab.getAttribute("aria-selected") === "true";
}

function values(form) {
  const found = { kind: form.dataset.kind };
  for (const field of form.elements) if (field.name) found[field.name] = field.value;
  return found;
}

// A field with the focus is being edited, even if nothing has been typed yet.
function fill(form, texts) {
  for (const [name, text] of Object.entries(texts)) {
    const field = form.elements[name];
    if (!touched.has(`${form.dataset.kind}.${name}`) && field !== document.activeElement) field.value = text;
  }
}

function select(index) {
  tabs.forEach((tab, place) => {
    tab.setAttribute("aria-selected", String(place === index));
    tab.tabIndex = place === index ? 0 : -1;
    panels[place].hidden = place !== index;
  });
}

function moveTab(event) {
  const steps = { ArrowLeft: -1, ArrowRight: 1 };
  const place = tabs.indexOf(event.target);
  let next = null;
  if (event.key in steps) next = (place + steps[event.key] + tabs.length) % tabs.length;
  if (event.key === "Home") next = 0;
  if (event.key === "End") next = tabs.length - 1;
  if (next === null) return;
  event.preventDefault();
  tabs[next].click();
  tabs[next].focus();
}

async function loadSamples() {
  const known = await get("/api/samples");
  samples.replaceChildren(...known.map(({ name, title }) => element("option", { value: name, title }, name)));
  samples.addEventListener("change", () => use(known.find(({ name }) => name === samples.value)));
  fill(forms[1], fieldsOf(known.find(({ name }) => name === "cloudevents").event));
}

function use({ title, event }) {
  for (const [name, text] of Object.entries(fieldsOf(event))) {
    forms[1].elements[name].value = text;
    touched.add(`event.${name}`);
  }
  sampleTitle.textContent = title;
  keepDraft();
}

function fieldsOf(event) {
  const { data, ...attributes } = event;
  const more = Object.entries(attributes).filter(([name]) => !OWN.includes(name) && !FIELDS.includes(name));
  return {
    type: attributes.type, source: attributes.source, subject: attributes.subject ?? "",
    data: JSON.stringify(data, null, 2),
    attributes: more.map(([name, value]) => `${name}: ${value}`).join("\n"),
  };
}
