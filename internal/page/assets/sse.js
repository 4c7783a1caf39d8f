// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Server-Sent Events, read from a response's text as it comes. Pure.
// The format: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

// Parser turns pieces of text into events, {type, data, id}: one for each block that has data. Of the parser itself, id is that of the last
// block that is complete, also of one without data, "" before there was one, and retry the last time to wait, in milliseconds, or
// undefined.
export class Parser {
  #rest = "";
  #type = "";
  #data = [];
  #nextID = ""; // counts once its block is complete: a break before that must not pass the block over
  #id = "";
  #retry;

  // push takes the next piece, which may end anywhere, and returns the events that it completes.
  push(text) {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop();
    return lines.map((line) => this.#line(line)).filter(Boolean);
  }

  get id() { return this.#id; }

  get retry() { return this.#retry; }

  #line(line) {
    if (line === "") return this.#dispatch();
    if (line.startsWith(":")) return null;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#type = value;
    else if (field === "data") this.#data.push(value);
    else if (field === "id" && !value.includes("\0")) this.#nextID = value;
    else if (field === "retry" && /^\d+$/.test(value)) this.#retry = Number(value);
    return null;
  }

  #dispatch() {
    this.#id = this.#nextID;
    const event = { type: this.#type || "message", data: this.#data.join("\n"), id: this.#id };
    const complete = this.#data.length > 0;
    this.#type = "";
    this.#data = [];
    return complete ? event : null;
  }
}
