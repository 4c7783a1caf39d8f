// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// One recording: what is wrong first, then its outputs, its events as a timeline, and its steps.
import { attribute, badge, el, fill, icon } from "./dom.js";
import { bytes, clock, delay, duration, exact, plural, spoken } from "./format.js";
import { describeCommand, logsCommand, logsURL, webURL } from "./links.js";
import { fromObject } from "./model.js";
import { captionsURL, outputs } from "./outputs.js";
import { command, outside, when } from "./pieces.js";
import { lasted, status } from "./status.js";
import { timeline } from "./timeline.js";
import { Transcript } from "./transcript.js";

// DetailView shows a recording. Options: logsURL, mediaSources, onClose.
export class DetailView {
  #options;
  #title = el("h2", { id: "detail-title", tabindex: "-1" });
  #body = el("div", { class: "detail-body" });
  #shown = "";
  #transcript = null;

  constructor(options) {
    this.#options = options;
    const close = el("button", { class: "close", type: "button", on: { click: options.onClose } },
      icon("back"), icon("close"), el("span", { class: "narrow" }, "All recordings"), el("span", { class: "wide" }, el("span", { class: "unseen" }, "Close the recording")));
    this.element = el("section", { class: "detail", "aria-labelledby": "detail-title", "aria-keyshortcuts": "Escape" }, el("div", { class: "detail-head" }, this.#title, close), this.#body);
  }

  focus() { this.#title.focus(); }

  loading(name) {
    this.close();
    this.#title.textContent = name;
    this.#shown = "";
    attribute(this.element, "aria-busy", "true");
    fill(this.#body, el("p", { class: "unseen" }, "Loading…"), el("div", { class: "bone" }), el("div", { class: "bone tall" }));
  }

  // close ends what goes on for the recording that was shown.
  close() {
    this.#transcript?.close();
    this.#transcript = null;
  }

  problem(title, words, retry) {
    this.close();
    attribute(this.element, "aria-busy", null);
    this.#shown = "";
    fill(this.#body, el("div", { class: "empty" }, el("h3", {}, title), el("p", {}, words), retry && el("button", { class: "quiet", type: "button", on: { click: retry } }, "Try again")));
  }

  // show shows a MeetingRecording. What did not change stays as it is, so that a player plays on and the focus stays.
  show(object) {
    const version = JSON.stringify([object.spec, object.status]);
    if (version === this.#shown) return;
    this.#shown = version;
    attribute(this.element, "aria-busy", null);
    this.#title.textContent = object.spec.meetingID;
    const parts = {
      state: state(object), trouble: trouble(object, this.#options), facts: facts(object), outputs: outputs(object, this.#options.mediaSources),
      transcript: this.#transcribed(object), timeline: events(object), steps: steps(object, this.#options), history: history(object),
    };
    reconcile(this.#body, parts);
    this.#transcript?.attach();
  }

  // transcribed shows what was said, which goes on being shown while other outputs come.
  #transcribed(object) {
    const url = captionsURL(object, this.#options.mediaSources);
    if (url !== (this.#transcript?.url ?? null)) {
      this.close();
      if (url) this.#transcript = new Transcript(url, this.#body);
    }
    return this.#transcript?.element;
  }

  tick(now) {
    for (const element of this.#body.querySelectorAll("[data-since]")) {
      const words = duration(now - Date.parse(element.dataset.since));
      if (element.textContent !== words) element.textContent = words;
    }
  }
}

// reconcile puts the parts into the body, and keeps those that look the same.
function reconcile(body, parts) {
  const old = new Map([...body.children].filter((c) => c.dataset.part).map((c) => [c.dataset.part, c]));
  const next = Object.entries(parts).filter(([, part]) => part).map(([name, part]) => {
    part.dataset.part = name;
    const before = old.get(name);
    if (!before) return part;
    const same = before.dataset.source === undefined ? before.isEqualNode(part) : before.dataset.source === part.dataset.source;
    if (same) return before;
    for (const details of before.querySelectorAll("details[open][id]")) part.querySelector(`#${CSS.escape(details.id)}`)?.setAttribute("open", "");
    return part;
  });
  const focused = body.contains(document.activeElement) ? document.activeElement.closest("[data-focus]") : null;
  const place = focused ? focusable(focused).indexOf(document.activeElement) : -1;
  if (next.length !== body.children.length || next.some((part, i) => body.children[i] !== part)) {
    for (const child of [...body.children]) if (!next.includes(child)) child.remove();
    next.forEach((part, i) => { if (body.children[i] !== part) body.insertBefore(part, body.children[i] ?? null); });
  }
  if (focused && !focused.isConnected) focusable(body.querySelector(`[data-focus="${CSS.escape(focused.dataset.focus)}"]`))[place]?.focus({ preventScroll: true });
}

const focusable = (element) => [...element?.querySelectorAll("a, button, summary, [tabindex]") ?? []];

function state(object) {
  const row = fromObject(object);
  const { group, label } = status(row);
  return el("p", { class: "head-state" }, badge(group, label), el("span", { class: "name" }, row.name));
}

function facts(object) {
  const row = fromObject(object);
  const file = object.status?.recording?.file;
  const running = Number.isNaN(Date.parse(row.endTime)) && Number.isFinite(lasted(row, Date.now()));
  const length = running ? el("span", { "data-since": row.startTime }, duration(lasted(row, Date.now()))) : el("span", { title: spoken(lasted(row, NaN)) || null }, duration(lasted(row, NaN)) || "not known");
  const fact = (term, ...value) => el("div", {}, el("dt", {}, term), el("dd", {}, ...value));
  return el("dl", { class: "facts", "data-source": JSON.stringify([row, file]) },
    fact("Session", el("code", {}, row.sessionID)), fact("Recording", `No. ${row.segment} of the session`), fact("Namespace", row.namespace),
    fact("Began", row.startTime ? [exact(row.startTime), " ", when(row.startTime)] : "not known"), fact("Length", length),
    file && fact("File", webURL(file.url) ? outside(webURL(file.url), file.path) : [el("code", {}, file.path), file.url ? null : " in your own bucket"]),
    file?.encryption && fact("Encrypted", encryption(file.encryption)));
}

// encryption says where the key and the metadata of an encrypted file are.
function encryption({ keyURL, metadataURL }) {
  const parts = [["key", keyURL], ["metadata", metadataURL]].filter(([, url]) => url);
  return parts.length ? parts.flatMap(([name, url], i) => [i ? ", " : null, webURL(url) ? outside(webURL(url), name) : el("code", {}, url)]) : "yes";
}

// trouble says first what is wrong and what to look at.
function trouble(object, options) {
  const row = fromObject(object);
  const { group, label } = status(row);
  if (group !== "attention") return null;
  const failed = (object.status?.processing?.steps ?? []).filter((step) => step.state === "Failed");
  const why = object.status?.recording?.state === "Failed" ? "The provider reported that it could not record (recording-failed)." : row.message;
  return el("section", { class: "trouble", "aria-labelledby": "trouble-title" },
    el("h3", { id: "trouble-title" }, icon("attention"), label, row.reason && el("code", {}, row.reason)),
    failed.length === 0 && el("p", {}, why),
    failed.length > 0 && el("ul", {}, failed.map((step) => el("li", {}, el("strong", {}, `${step.pipeline} / ${step.step}`), step.message && `: ${step.message}`, logLink(object, step, options)))),
    command(describeCommand(row.namespace, row.name), "the command that tells everything about the recording"));
}

function logLink(object, step, options) {
  const href = logsURL(options.logsURL, object.metadata.namespace, step.jobName);
  return href ? [" ", outside(href, "Log", el("span", { class: "unseen" }, ` of ${step.pipeline} / ${step.step}`))] : null;
}

function events(object) {
  const entries = timeline(object.status?.recording?.events);
  const entry = (e) => el("li", { "data-type": e.type, class: e.missing ? "missing" : null },
    el("span", { class: "what" }, e.title), e.missing ? el("span", { class: "sub" }, "did not arrive") : [
      el("span", { class: "at" }, el("time", { datetime: e.at, title: exact(e.at) }, clock(e.at)), Number.isFinite(e.sincePrevious) && el("span", { class: "delay", title: `${delay(e.sinceFirst)} since the first` }, delay(e.sincePrevious))),
      el("span", { class: "sub" }, [e.source, e.deliveries > 1 && `delivered ${e.deliveries} times, last ${clock(e.lastAt)}`, e.late && "arrived late, out of order"].filter(Boolean).join(" · "))]);
  return el("section", { class: "part", "aria-labelledby": "events-title" }, el("h3", { id: "events-title" }, "Events"),
    entries.length > 0 ? el("ol", { class: "timeline" }, entries.map(entry)) : el("p", { class: "sub" }, "None has arrived."));
}

const stepGroups = { Pending: "waiting", Queued: "waiting", Running: "processing", Succeeded: "ready", Failed: "attention", Skipped: "skipped" };

function steps(object, options) {
  const all = object.status?.processing?.steps ?? [];
  if (all.length === 0) return null;
  const pipelines = Map.groupBy(all, (step) => step.pipeline);
  return el("section", { class: "part", "aria-labelledby": "steps-title", "data-source": JSON.stringify(all) }, el("h3", { id: "steps-title" }, "Steps"),
    [...pipelines].map(([pipeline, list]) => el("div", { class: "pipeline" }, el("h4", {}, pipeline), el("ol", { class: "step-list" }, list.map((step) => stepItem(object, step, options))))));
}

function stepItem(object, step, options) {
  const logs = logsCommand(object.metadata.namespace, step.jobName);
  const tries = [step.attempt > 1 && `attempt ${step.attempt}`, step.retries > 0 && plural(step.retries, "retry", "retries")].filter(Boolean).join(", ");
  const id = `${step.pipeline}/${step.step}`;
  return el("li", { "data-focus": id, "data-state": step.state },
    el("div", { class: "step-line" }, el("strong", {}, step.step), badge(stepGroups[step.state] ?? "waiting", step.state), el("span", { class: "took" }, took(step)), tries && el("span", { class: "sub" }, tries)),
    step.message && el("p", { class: "message" }, step.message),
    step.retryTime && el("p", { class: "message" }, `Next try ${clock(step.retryTime)}.`),
    logs && el("details", { id: `log-${id}` }, el("summary", {}, "Log", el("span", { class: "unseen" }, ` of ${id}`)), command(logs, `the command that shows the log of ${step.step}`), logLink(object, step, options)));
}

function took(step) {
  if (!step.startTime) return "";
  if (!step.completionTime) return el("span", { "data-since": step.startTime }, duration(Date.now() - Date.parse(step.startTime)));
  const ms = Date.parse(step.completionTime) - Date.parse(step.startTime);
  return el("span", { title: spoken(ms) }, ms === 0 ? "under 1 s" : duration(ms));
}

function history(object) {
  const attempts = object.status?.processing?.history ?? [];
  if (attempts.length === 0) return null;
  return el("section", { class: "part", "aria-labelledby": "history-title" }, el("h3", { id: "history-title" }, "Earlier attempts"),
    el("details", { id: "history" }, el("summary", {}, plural(attempts.length, "attempt")),
      el("ol", { class: "step-list" }, attempts.toReversed().map((a) => el("li", {},
        el("div", { class: "step-line" }, el("strong", {}, `${a.pipeline} / ${a.step}`), badge(stepGroups[a.state] ?? "waiting", a.state), el("span", { class: "took" }, took(a)), el("span", { class: "sub" }, `attempt ${a.attempt}`)),
        a.message && el("p", { class: "message" }, a.message),
        a.outputs?.length > 0 && el("p", { class: "sub" }, a.outputs.map((o) => `${o.name}${o.sizeBytes ? ` (${bytes(o.sizeBytes)})` : ""}`).join(", ")))))));
}
