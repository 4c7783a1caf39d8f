// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// The recordings that the page knows: filled from the server's list, kept up to date from its stream of events.
import * as api from "./api.js";
import { apply, empty, fromObject, fromSummary, keyOf, merge } from "./model.js";
import { newestFirst, status } from "./status.js";
import { Stream } from "./stream.js";

// How many recordings a request lists, how many the page loads by itself, and how many more when it is asked to.
const pageSize = 500, loadAtFirst = 5000, loadMore = 2500;
// How many recordings are looked at one by one at the same time, and at most again by a refresh.
const lookers = 4, refreshed = 100;

// Store keeps the recordings of one namespace, or of all that the server serves. Callbacks: onChange(), onEvent(row, type, before), and
// onStream(state) as of stream.js.
export class Store {
  rows = new Map();
  more = false; // whether the server has recordings that are not loaded
  #callbacks;
  #namespace;
  #stream;
  #limit = loadAtFirst;
  #loading = true;
  #touched = new Set(); // recordings that the stream told of while the list was on its way
  #wanted = new Set();
  #looking = 0;
  #broke = false; // whether the stream broke since it last began with a snapshot
  #closed = false;

  constructor({ namespace, silence, ...callbacks }) {
    this.#namespace = namespace;
    this.#callbacks = callbacks;
    const onState = (state) => {
      this.#broke ||= state.kind === "waiting";
      callbacks.onStream(state);
    };
    this.#stream = new Stream({ url: api.eventsURL(namespace), silence, onEvent: (type, data) => this.#event(type, data), onState });
  }

  get heardAt() { return this.#stream.heardAt; }

  // open returns when the first recordings are there, and throws what the server answers instead. The rest follows, while the stream begins
  // with a snapshot, so that nothing is missed in between.
  async open() {
    const next = await this.#page("");
    if (this.#closed) return;
    this.#stream.run();
    this.#loadFrom(next);
  }

  close() {
    this.#closed = true;
    this.#stream.close();
  }

  retryNow() { this.#stream.retryNow(); }

  // older loads more recordings than the page does by itself. It throws what the server answers instead.
  async older() {
    this.#limit += loadMore;
    await this.#load();
  }

  // refresh looks again at the recordings that are under way: one that stalls or is deleted raises no event.
  refresh() {
    const underWay = [...this.rows.values()].filter((row) => ["recording", "processing"].includes(status(row).group));
    for (const row of underWay.sort(newestFirst).slice(0, refreshed)) this.#look(row);
  }

  // learn takes over what a whole object says of its recording.
  learn(object) { this.#put(fromObject(object)); }

  // forget drops a recording that was deleted.
  forget(key) {
    if (this.rows.delete(key)) this.#callbacks.onChange();
  }

  // load walks the list from its beginning: the server lists by name, so what is newest is known when all is there.
  async #load() {
    this.#loading = true;
    this.#touched.clear();
    try {
      await this.#walk(await this.#page(""));
    } finally {
      this.#loading = false;
    }
  }

  // loadFrom goes on with the list. Where it breaks off, what is there stays, and more can be asked for.
  async #loadFrom(next) {
    try {
      await this.#walk(next);
    } catch {
      this.more = true;
      this.#callbacks.onChange();
    } finally {
      this.#loading = false;
    }
  }

  async #walk(next) {
    while (next && !this.#closed && this.rows.size < this.#limit) next = await this.#page(next);
    this.more = next !== "";
    this.#callbacks.onChange();
  }

  async #page(after) {
    const page = await api.list({ namespace: this.#namespace, limit: pageSize, after });
    if (this.#closed) return "";
    for (const item of page.items ?? []) {
      const row = fromSummary(item);
      this.rows.set(row.key, this.#touched.has(row.key) ? merge(row, this.rows.get(row.key) ?? row) : row);
    }
    this.#callbacks.onChange();
    return page.continue ?? "";
  }

  #event(type, data) {
    if (type === "reset") {
      this.#broke = false;
      return this.#reset();
    }
    // A snapshot after a break, without a reset: the stream broke before it had an id to go on from, and the list is older than it is.
    if (type === "ready" && this.#broke) {
      this.#broke = false;
      return this.#reset();
    }
    if (!data.recording) return;
    const { namespace, name } = data.recording;
    const before = this.rows.get(keyOf(namespace, name));
    const row = apply(before ?? empty(namespace, name), type, data);
    this.#touched.add(row.key);
    this.#put(row);
    this.#callbacks.onEvent(row, type, before);
    if (data.snapshot) return before || this.#loading ? undefined : this.#look(row);
    // Why something failed only the object tells.
    const over = type === "processingStateChanged" && ["Failed", "Succeeded", "Skipped"].includes(row.processing);
    if (over || status(row).group === "attention") this.#look(row);
  }

  #put(row) {
    if (this.#closed) return;
    this.rows.set(row.key, row);
    if (this.rows.size > this.#limit + pageSize) this.#trim();
    this.#callbacks.onChange();
  }

  // trim drops the oldest recordings that are ready, of a page that has been open for long.
  #trim() {
    const ready = [...this.rows.values()].filter((row) => status(row).group === "ready").sort(newestFirst);
    for (const row of ready.slice(-pageSize)) this.rows.delete(row.key);
    this.more = true;
  }

  // reset starts over, since the server no longer knows what happened while the stream was away.
  async #reset() {
    const before = this.rows;
    this.rows = new Map();
    try {
      await this.#load();
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
