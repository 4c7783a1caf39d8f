// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// The transcript beside the player: captions in the player, and the same text as a list that can be searched, shows what is said now,
// and goes there on a click.
import { attribute, el, fill, text } from "./dom.js";
import { duration, plural } from "./format.js";
import { fold, indexAt, matches, parse, timeAt } from "./vtt.js";

const maxBytes = 16 << 20;
const groupSize = 100; // lines of a list that are laid out together
const mostFound = 100; // lines that a search shows
const restAfter = 4000; // ms after scrolling by hand before the list follows again

// Transcript shows the captions at an address, which the page may load. root is what the player is in, now or later.
export class Transcript {
  #root;
  #url;
  #cues = [];
  #folded = null;
  #buttons = []; // by cue
  #at = -1; // the cue that is said now
  #query = "";
  #scrolled = 0;
  #frame = 0;
  #ended = new AbortController();
  #list = el("div", { class: "lines" });
  #results = el("ol", { class: "lines", hidden: true });
  #search = el("input", { type: "search", id: "transcript-search", autocomplete: "off", placeholder: "Search what was said", "aria-label": "Search the transcript", on: { input: () => this.#find(), keydown: (e) => this.#searchKey(e) } });
  #found = el("p", { class: "sub", role: "status" });

  constructor(url, root) {
    this.#url = url;
    this.#root = root;
    this.element = el("section", { class: "part transcript", "aria-labelledby": "transcript-title", "data-source": url },
      el("h3", { id: "transcript-title" }, "Transcript"), el("p", { class: "sub" }, "Loading…"));
    for (const list of [this.#list, this.#results]) {
      list.addEventListener("click", (e) => this.#clicked(e));
      list.addEventListener("keydown", (e) => this.#key(e));
    }
    this.#list.addEventListener("pointerover", (e) => this.#split(indexOf(e)));
    for (const type of ["wheel", "touchmove"]) this.#list.addEventListener(type, () => { this.#scrolled = Date.now(); }, { passive: true });
    for (const type of ["timeupdate", "seeking", "play", "loadedmetadata"]) root.addEventListener(type, (e) => this.#heard(e), { capture: true, signal: this.#ended.signal });
    this.#load();
  }

  get url() { return this.#url; }

  close() {
    this.#ended.abort();
    cancelAnimationFrame(this.#frame);
  }

  // attach gives each player of the root the captions, once.
  attach() {
    if (this.#cues.length === 0) return;
    for (const media of this.#root.querySelectorAll("video, audio")) {
      if ([...media.textTracks].some((track) => track.label === "Transcript")) continue;
      const track = media.addTextTrack("captions", "Transcript");
      for (const { start, end, raw } of this.#cues) track.addCue(new VTTCue(start, end, raw));
      track.mode = "showing";
    }
  }

  async #load() {
    try {
      this.#cues = parse(await read(this.#url, this.#ended.signal));
    } catch (error) {
      if (this.#ended.signal.aborted) return;
      const words = error instanceof TypeError
        ? `The transcript could not be loaded. Its host must let this page read it: Access-Control-Allow-Origin: ${location.origin}`
        : `The transcript could not be loaded: ${error.message}.`;
      fill(this.element, this.element.firstChild, el("p", { class: "problem", role: "alert" }, words));
      return;
    }
    if (this.#ended.signal.aborted) return;
    this.#draw();
    this.attach();
  }

  #draw() {
    if (this.#cues.length === 0) return fill(this.element, this.element.firstChild, el("p", { class: "sub" }, "Nothing was said."));
    this.#buttons = this.#cues.map((cue, i) => line(cue, i, cue.text));
    for (let i = 0; i < this.#buttons.length; i += groupSize) this.#list.append(el("ol", {}, this.#buttons.slice(i, i + groupSize).map((button) => el("li", {}, button))));
    rove(this.#list, this.#buttons[0]);
    fill(this.element, this.element.firstChild, el("div", { class: "transcript-search" }, this.#search, this.#found), this.#list, this.#results);
  }

  // What is said now.

  #media() { return this.#root.querySelector("video, audio"); }

  #heard({ type, target }) {
    this.attach();
    this.#show(target.currentTime);
    if (type === "play") this.#follow(target);
  }

  // follow shows each word as it is said, while it plays.
  #follow(media) {
    cancelAnimationFrame(this.#frame);
    const step = () => {
      if (media.paused || !media.isConnected || this.#ended.signal.aborted) return;
      this.#show(media.currentTime);
      this.#frame = requestAnimationFrame(step);
    };
    step();
  }

  #show(time) {
    let at = indexAt(this.#cues, time, (cue) => cue.start);
    if (at >= 0 && time >= this.#cues[at].end) at = -1; // a pause
    if (at !== this.#at) {
      this.#mark(this.#at, false);
      this.#at = at;
      this.#mark(at, true);
    }
    if (at < 0 || !this.#cues[at].words) return;
    const word = indexAt(this.#cues[at].words, time, (w) => w.at);
    this.#spans(at).forEach((span, i) => span.classList.toggle("now", i === word));
  }

  #mark(i, now) {
    if (i < 0) return;
    attribute(this.#buttons[i], "aria-current", now ? "true" : null);
    if (!now) return fill(this.#said(i), this.#cues[i].text);
    this.#split(i);
    if (Date.now() - this.#scrolled > restAfter && !this.#list.contains(document.activeElement)) this.#reveal(i);
  }

  // reveal scrolls the list, and nothing around it.
  #reveal(i) {
    const box = this.#buttons[i].getBoundingClientRect(), list = this.#list.getBoundingClientRect();
    if (box.top < list.top || box.bottom > list.bottom) this.#list.scrollTop += box.top - list.top - list.height / 3;
  }

  // A line's words are elements of their own only while it is said or pointed at: three hours have thirty thousand.

  #said(i) { return this.#buttons[i].lastChild; }

  #spans(i) { return [...this.#said(i).querySelectorAll("[data-at]")]; }

  #split(i) {
    const cue = this.#cues[i];
    if (!cue?.words || this.#spans(i).length > 0) return;
    fill(this.#said(i), cue.words.map((word, n) => [n > 0 && " ", el("span", { "data-at": word.at }, word.text)]));
  }

  #clicked(event) {
    const i = indexOf(event);
    if (i < 0) return;
    const button = event.target.closest("[data-line]");
    rove(event.currentTarget, button);
    const told = event.target.closest("[data-at]") ?? button.querySelector("mark[data-at]");
    this.#seek(told ? Number(told.dataset.at) : this.#cues[i].start);
  }

  #seek(time) {
    const media = this.#media();
    if (!media) return text(this.#found, "This recording has no player here.");
    this.attach();
    media.currentTime = time;
    if (media.readyState === 0) { // it takes a time only once it knows how long it is
      media.addEventListener("loadedmetadata", () => { media.currentTime = time; }, { once: true, signal: this.#ended.signal });
      media.load();
    }
  }

  // A list is one stop of the Tab key; arrows go from line to line.
  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
    const button = event.target.closest("[data-line]");
    if (!button || step === undefined) return;
    event.preventDefault();
    const all = event.currentTarget === this.#list ? this.#buttons : [...this.#results.querySelectorAll("button")];
    const next = all[Math.min(Math.max(all.indexOf(button) + step, 0), all.length - 1)];
    rove(event.currentTarget, next);
    next.focus();
  }

  // The search.

  #searchKey(event) {
    if (event.key === "Escape" && this.#search.value) {
      event.preventDefault(); // else it closes the recording
      this.#search.value = "";
      this.#find();
    }
    if (event.key === "Enter" || event.key === "ArrowDown") {
      event.preventDefault();
      (this.#query ? this.#results : this.#list).querySelector('[tabindex="0"]')?.focus();
    }
  }

  #find() {
    this.#query = fold(this.#search.value.trim().replace(/\s+/g, " "));
    this.#folded ??= this.#cues.map((cue) => fold(cue.text));
    const hits = this.#query ? this.#folded.flatMap((said, i) => (said.includes(this.#query) ? [i] : [])) : [];
    this.#list.hidden = this.#query !== "";
    this.#results.hidden = hits.length === 0;
    this.#results.replaceChildren(...hits.slice(0, mostFound).map((i) => el("li", {}, line(this.#cues[i], i, this.#highlighted(this.#cues[i])))));
    rove(this.#results, this.#results.querySelector("button"));
    text(this.#found, this.#query === "" ? "" : hits.length === 0 ? "No match." : hits.length > mostFound ? `The first ${mostFound} of ${plural(hits.length, "line")}` : plural(hits.length, "line"));
    if (this.#query === "" && this.#at >= 0) this.#reveal(this.#at);
  }

  #highlighted(cue) {
    const parts = [];
    let from = 0;
    for (const [begin, end] of matches(cue.text, this.#query)) {
      parts.push(cue.text.slice(from, begin), el("mark", { "data-at": timeAt(cue, begin) }, cue.text.slice(begin, end)));
      from = end;
    }
    return [...parts, cue.text.slice(from)];
  }
}

// line makes what a person presses to go to a caption.
const line = (cue, i, ...words) => el("button", { type: "button", class: "line", tabindex: "-1", "data-line": i }, el("span", { class: "time" }, duration(cue.start * 1000)), el("span", { class: "said" }, words));

const indexOf = (event) => Number(event.target.closest?.("[data-line]")?.dataset.line ?? -1);

// rove makes one line of a list the one that Tab goes to.
function rove(list, button) {
  for (const other of list.querySelectorAll('[tabindex="0"]')) other.tabIndex = -1;
  if (button) button.tabIndex = 0;
}

// read fetches a text of a bounded size, without telling its host who reads it.
async function read(url, signal) {
  const response = await fetch(url, { credentials: "omit", referrerPolicy: "no-referrer", signal });
  if (!response.ok) throw new Error(`its host answered ${response.status}`);
  const decoder = new TextDecoder();
  let bytes = 0, content = "";
  for (const reader = response.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) return content + decoder.decode();
    bytes += value.length;
    if (bytes > maxBytes) {
      await reader.cancel();
      throw new Error(`it has more than ${maxBytes >> 20} MiB`);
    }
    content += decoder.decode(value, { stream: true });
  }
}
