// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// The recordings that the page knows: filled from the server's list, kept up to date from its stream of events.
import * as api from "./api.js";
import { apply, empty, fromObject, fromSummary, keyOf } from "./model.js";
import { status } from "./status.js";
import { Stream } from "./stream.js";

const pageSize = 250;
// How many recordings are kept. The oldest that are ready go first.
const most = 5000;
// How many recordings are looked at one by one at the same time, for what their events do not tell.
const lookers = 4;

// Store keeps the recordings of one namespace, or of all that the server serves. Callbacks: onChange(), onEvent(row, type, before), and
// onStream(state) as of stream.js. A refusal by the server goes to onStream too.
export class Store {
  rows = new Map();
  next = "";
  #callbacks;
  #namespace;
  #stream;
  #wanted = new Set();
  #looking = 0;
  #touched = new Set(); // since the last list was asked for
  #closed = false;

  constructor({ namespace, silence, ...callbacks }) {
    this.#namespace = namespace;
    this.#callbacks = callbacks;
    this.#stream = new Stream({ url: api.eventsURL(namespace), silence, onEvent: (type, data) => this.#event(type, data), onState: callbacks.onStream });
  }

  get heardAt() { return this.#stream.heardAt; }

  // open loads the newest recordings and then follows the stream, whose snapshot tells what happened in between. It throws what list does.
  async open() {
    await this.#load("");
    if (!this.#closed) this.#stream.run();
  }

  close() {
    this.#closed = true;
    this.#stream.close();
  }

  retryNow() { this.#stream.retryNow(); }

  // refresh asks for the newest recordings again: a recording that stalls or is deleted raises no event.
  async refresh() {
    try {
      await this.#load("");
    } catch {
      // The stream tells where the server is away, and the next refresh comes soon.
    }
  }

  // older loads the next page of the list.
  older() { return this.#load(this.next); }

  // learn takes over what a whole object says of its recording.
  learn(object) { this.#put(fromObject(object)); }

  // forget drops a recording that was deleted.
  forget(key) {
    if (this.rows.delete(key)) this.#callbacks.onChange();
  }

  async #load(after) {
    this.#touched.clear();
    const page = await api.list({ namespace: this.#namespace, limit: pageSize, after });
    if (this.#closed) return;
    const listed = new Map((page.items ?? []).map((item) => { const row = fromSummary(item); return [row.key, row]; }));
    // What the stream told meanwhile is newer.
    for (const [key, row] of listed) if (!this.#touched.has(key)) this.rows.set(key, row);
    const all = !after && !page.continue;
    if (all) for (const key of this.rows.keys()) if (!listed.has(key) && !this.#touched.has(key)) this.rows.delete(key);
    if (after || all || this.rows.size <= listed.size) this.next = page.continue ?? "";
    this.#callbacks.onChange();
  }

  #event(type, data) {
    if (type === "reset") return this.#reset();
    if (!data.recording || !data.namespace) return;
    const before = this.rows.get(keyOf(data.namespace, data.recording));
    const row = apply(before ?? empty(data.namespace, data.recording), type, data);
    this.#put(row);
    this.#callbacks.onEvent(row, type, before);
    // Why something failed, and when a recording of before the stream began, only the object tells.
    const settled = type === "processingStateChanged" && ["Failed", "Succeeded", "Skipped"].includes(row.processing);
    if (settled || status(row).group === "attention" || (!before && data.snapshot)) this.#look(row);
  }

  #put(row) {
    if (this.#closed) return;
    this.rows.set(row.key, row);
    this.#touched.add(row.key);
    if (this.rows.size > most) this.#trim();
    this.#callbacks.onChange();
  }

  #trim() {
    for (const [key, row] of this.rows) {
      if (this.rows.size <= most) return;
      if (status(row).group === "ready") this.rows.delete(key);
    }
  }

  // reset starts over, since the server no longer knows what happened while the stream was away.
  async #reset() {
    const before = this.rows;
    this.rows = new Map();
    try {
      await this.#load("");
    } catch {
      // The stream goes on, and what it tells comes on top of what is known.
      this.rows = new Map([...before, ...this.rows]);
      this.#callbacks.onChange();
    }
  }

  #look(row) {
    this.#wanted.add(row.key);
    while (this.#looking < lookers && this.#wanted.size > 0) this.#lookAtNext();
  }

  async #lookAtNext() {
    const [key] = this.#wanted;
    this.#wanted.delete(key);
    this.#looking++;
    const { namespace, name } = this.rows.get(key) ?? {};
    try {
      if (name) this.learn(await api.recording(namespace, name));
    } catch (error) {
      if (error.status === 404) this.forget(key);
    } finally {
      this.#looking--;
      if (this.#wanted.size > 0) this.#lookAtNext();
    }
  }
}
