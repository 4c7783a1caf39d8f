// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Server-Sent Events, read from a response's text as it comes. Pure.
// The format: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

// Parser turns pieces of text into events, {type, data, id, retry}: one for each block that has data. id is the last one that was told;
// retry, in milliseconds, is the last one too, and undefined before there was one.
export class Parser {
  #rest = "";
  #type = "";
  #data = [];
  #id = "";
  #retry;

  // push takes the next piece, which may end anywhere, and returns the events that it completes.
  push(text) {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop();
    return lines.map((line) => this.#line(line)).filter(Boolean);
  }

  get retry() { return this.#retry; }

  #line(line) {
    if (line === "") return this.#dispatch();
    if (line.startsWith(":")) return null;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#type = value;
    else if (field === "data") this.#data.push(value);
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    else if (field === "retry" && /^\d+$/.test(value)) this.#retry = Number(value);
    return null;
  }

  #dispatch() {
    const event = { type: this.#type || "message", data: this.#data.join("\n"), id: this.#id };
    const complete = this.#data.length > 0;
    this.#type = "";
    this.#data = [];
    return complete ? event : null;
  }
}
