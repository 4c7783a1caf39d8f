// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// The stream of events, kept open: it connects anew after every break, goes on after the last event that it has seen, and gives up only
// where the server refuses (401, 403). It reads by fetch rather than by EventSource, which tells neither why the server refuses nor that
// a connection has gone silent.
import { explain } from "./api.js";
import { Parser } from "./sse.js";

// In milliseconds. A connection that held for longer than steady was no failure.
const firstPause = 500, longestPause = 15_000, steady = 10_000;

// Stream tells of events by onEvent(type, data), and by onState of {kind}: connecting; live; waiting, with retryAt; refused, with status
// and error. heardAt is when the server was last heard. silence is how long it may be silent, in milliseconds.
export class Stream {
  #options;
  #ended = new AbortController();
  #lastID = "";
  #failures = 0;
  #retry = firstPause;
  #wake = null;
  heardAt = NaN;

  constructor(options) {
    this.#options = { fetch: (...args) => fetch(...args), now: () => Date.now(), setTimeout: (...a) => setTimeout(...a), random: Math.random, ...options };
  }

  // run ends when close was called or the server refused.
  async run() {
    while (!this.#ended.signal.aborted) {
      this.#tell({ kind: "connecting" });
      const refused = await this.#connect();
      if (this.#ended.signal.aborted) return;
      if (refused) return this.#tell({ kind: "refused", ...refused });
      await this.#pause();
    }
  }

  close() {
    this.#ended.abort();
    this.#wake?.();
  }

  // retryNow ends a pause.
  retryNow() { this.#wake?.(); }

  #tell(state) { if (!this.#ended.signal.aborted) this.#options.onState(state); }

  // connect reads the stream until it breaks, and returns the refusal if there was one.
  async #connect() {
    const attempt = new AbortController();
    const signal = AbortSignal.any([attempt.signal, this.#ended.signal]);
    const watchdog = this.#watch(attempt);
    const began = this.#options.now();
    try {
      const headers = { Accept: "text/event-stream" };
      if (this.#lastID) headers["Last-Event-ID"] = this.#lastID;
      const response = await this.#options.fetch(this.#options.url, { headers, signal, credentials: "same-origin", cache: "no-store" });
      if (response.status === 401 || response.status === 403) return { status: response.status, error: await explain(response) };
      if (!response.ok || !response.headers.get("Content-Type")?.startsWith("text/event-stream")) throw new Error(`answered ${response.status}`);
      this.#heard(watchdog);
      this.#tell({ kind: "live" });
      await this.#read(response.body.getReader(), watchdog);
    } catch {
      // Whatever broke it, the answer is to connect anew.
    } finally {
      this.#failures = this.heardAt - began > steady ? 1 : this.#failures + 1;
      watchdog.stop();
      attempt.abort();
    }
    return null;
  }

  async #read(reader, watchdog) {
    const parser = new Parser();
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.#heard(watchdog);
      for (const event of parser.push(decoder.decode(value, { stream: true }))) {
        this.#options.onEvent(event.type, parse(event.data));
      }
      this.#lastID = parser.id || this.#lastID;
      this.#retry = parser.retry ?? this.#retry;
    }
  }

  #heard(watchdog) {
    this.heardAt = this.#options.now();
    watchdog.restart();
  }

  // watch ends an attempt that hears nothing for too long.
  #watch(attempt) {
    let timer;
    const restart = () => {
      clearTimeout(timer);
      timer = this.#options.setTimeout(() => attempt.abort(), this.#options.silence);
    };
    restart();
    return { restart, stop: () => clearTimeout(timer) };
  }

  // pause waits before the next attempt: longer after each failure, and for a random part of it, so that not all pages come at once.
  #pause() {
    const longest = Math.min(this.#retry * 2 ** (this.#failures - 1), longestPause);
    const pause = longest * (0.5 + this.#options.random() / 2);
    this.#tell({ kind: "waiting", retryAt: this.#options.now() + pause });
    return new Promise((resolve) => {
      const timer = this.#options.setTimeout(resolve, pause);
      this.#wake = () => { clearTimeout(timer); resolve(); };
    });
  }
}

// parse reads an event's data. What is no JSON object is an empty one, which changes nothing.
function parse(data) {
  try {
    const value = JSON.parse(data);
    return value !== null && typeof value === "object" ? value : {};
  } catch {
    return {};
  }
}
