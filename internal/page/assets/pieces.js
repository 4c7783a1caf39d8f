// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Small pieces that several views use.
import { el, icon } from "./dom.js";
import { ago, exact } from "./format.js";

// when shows a time relative to now, with the exact one as its title; tick keeps it true.
export function when(time, now = Date.now()) {
  return el("time", { datetime: time, title: exact(time), "data-ago": true }, ago(time, now));
}

// tick writes every relative time below a node anew.
export function tick(root, now) {
  for (const time of root.querySelectorAll("time[data-ago]")) {
    const text = ago(time.dateTime, now);
    if (time.textContent !== text) time.textContent = text;
  }
}

// command shows a command with a button that copies it.
export function command(text, label) {
  const code = el("code", {}, text);
  const said = el("span", { class: "unseen", role: "status" });
  const button = el("button", { class: "copy", type: "button", "aria-label": `Copy: ${label}`, on: { click: () => copy(text, code, button, said) } }, icon("copy"), el("span", { class: "copy-label" }, "Copy"));
  return el("div", { class: "command" }, el("div", { class: "command-text", tabindex: "0", role: "group", "aria-label": label }, code), button, said);
}

async function copy(text, code, button, said) {
  const label = button.querySelector(".copy-label");
  try {
    await navigator.clipboard.writeText(text);
    label.textContent = "Copied";
    said.textContent = "Copied";
  } catch {
    // There is no clipboard without HTTPS: the text is selected, for Ctrl+C.
    getSelection().selectAllChildren(code);
    label.textContent = "Selected";
    said.textContent = "Selected; press Control C to copy";
  }
  setTimeout(() => { label.textContent = "Copy"; said.textContent = ""; }, 2500);
}

// outside makes a link to another site, which learns nothing of this one. href has been through webURL.
export const outside = (href, ...content) =>
  el("a", { class: "outside", href, rel: "noreferrer noopener external", target: "_blank" }, ...content, icon("out"), el("span", { class: "unseen" }, " (opens a new tab)"));

// Announcer tells listeners of what matters, one thing at a time and not more often than every few seconds, the last one winning.
export class Announcer {
  #element;
  #next = "";
  #timer = null;

  constructor(element) { this.#element = element; }

  say(text) {
    this.#next = text;
    this.#timer ??= setTimeout(() => this.#speak(), 400);
  }

  #speak() {
    this.#element.textContent = this.#next;
    this.#next = "";
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#next) this.say(this.#next);
    }, 4000);
  }
}
