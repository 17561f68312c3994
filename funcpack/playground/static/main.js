// The page of `funcpack run`: what the server tells goes to the regions, and what the user does to the server.

import { listen, post } from "/static/api.js";
import * as form from "/static/form.js";
import * as history from "/static/history.js";
import * as imports from "/static/imports.js";
import * as logs from "/static/logs.js";
import * as response from "/static/response.js";
import { element, visible } from "/static/text.js";

const find = (id) => document.getElementById(id);
let sending = null;
let described = null;

history.start({ open: openExchange, again: (number) => send({ kind: "again", number }, number) });
logs.start(openExchange);
imports.start();
// A page that is live has its forms filled.
form.start((values) => send(values)).finally(() => listen(receive, showConnection));

async function send(values, old = null) {
  const mine = new AbortController();
  sending = mine;
  form.setBusy(true, () => mine.abort());
  response.showWaiting();
  try {
    const { number } = await post("/api/send", values, mine.signal);
    // A request that was sent later is the one to be shown.
    if (sending === mine) await openExchange(number, old);
  } catch (error) {
    if (sending !== mine) return;
    if (!mine.signal.aborted) response.showRefusal(error);
    else response.showRefusal({ title: "Canceled", message: "You canceled the request before the response arrived." });
  } finally {
    if (sending === mine) { sending = null; form.setBusy(false); }
  }
}

async function openExchange(number, old = null) {
  try {
    await response.show(number, old);
    history.mark(number);
  } catch (error) {
    response.showRefusal(error);
  }
}

function receive(entries) {
  if (entries[0].kind === "start") {
    history.clear();
    logs.clear();
    return;
  }
  history.add(entries.filter(({ kind }) => kind === "exchange"));
  const lines = entries.filter(({ kind }) => kind === "line");
  logs.add(lines);
  response.addLive(lines.filter(({ exchange }) => exchange && !history.has(exchange)).map(({ text }) => text));
  const states = entries.filter(({ kind }) => kind === "state");
  if (states.length) showState(states.at(-1));
  const note = entries.filter(({ kind }) => kind === "note" || kind === "state").at(-1);
  if (note) showNotice(note);
}

function showConnection(isOpen) {
  find("connection").classList.toggle("live", isOpen);
  find("connection").textContent = isOpen ? "Live" : "Not connected. Is funcpack run still running?";
}

function showNotice({ kind, text, reload }) {
  const notice = find("notice");
  const version = reload && `Version ${reload.version}. Reloaded in ${reload.seconds.toFixed(2)} s, because ${reload.files.join(", ")} changed.`;
  const shown = kind === "note" ? text : version;
  notice.hidden = !shown;
  notice.replaceChildren(...visible(shown || ""));
}

function showState(state) {
  find("url").textContent = state.url;
  find("problem").hidden = !state.problem;
  if (state.problem) {
    const { title, message } = state.problem;
    find("problem").replaceChildren(element("strong", {}, ...visible(title)), element("pre", {}, ...visible(message)));
  }
  if (state.function) showFunction(state.function, state.reload?.version ?? 1);
}

async function showFunction(found, version) {
  const { handler, kind, parameters } = found;
  find("handler").replaceChildren(...visible(handler));
  document.title = `${handler} - funcpack run`;
  find("kind").textContent = found.protocol ?? (kind === "cloudevent" ? "CloudEvent" : "HTTP");
  find("kind").hidden = false;
  find("version").textContent = `version ${version}`;
  find("function").hidden = !parameters.length;
  form.useDraft(handler);
  form.prefill(kind, []);
  if (described === version) return;
  showParameters(parameters.map(({ name, value }) => ({ name, type: "", meaning: value })));
  described = version;
  try {
    const answer = await post("/api/function", {});
    if (described !== version) return;
    showParameters(answer.parameters);
    form.prefill(kind, answer.parameters);
  } catch { /* The import fails a second time, for example because of a port that it listens on: then there are no types. */ }
}

function showParameters(parameters) {
  find("parameters").replaceChildren(...parameters.flatMap(({ name, type, meaning }) => [
    element("dt", {}, ...visible(type ? `${name}: ${type}` : name)),
    element("dd", {}, ...visible(meaning)),
  ]));
}
