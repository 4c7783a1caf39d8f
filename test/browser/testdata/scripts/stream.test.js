// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

import { Parser } from "/assets/sse.js";
import { Stream } from "/assets/stream.js";
import { equal, test } from "./test.js";

const text = ": a comment\r\nretry: 1500\r\n\r\nid: 7\nevent: outputReady\ndata: {\"a\":\ndata:  1}\n\nid: 8\n\ndata: last\r\rid\ndata\n\n";
const want = [{ type: "outputReady", data: "{\"a\":\n 1}", id: "7" }, { type: "message", data: "last", id: "8" }, { type: "message", data: "", id: "" }];

test("events are the same wherever the pieces end", () => {
  for (let size = 1; size <= text.length; size++) {
    const parser = new Parser();
    const events = [];
    for (let i = 0; i < text.length; i += size) events.push(...parser.push(text.slice(i, i + size)));
    equal(events, want, `pieces of ${size}`);
    equal([parser.retry, parser.id], [1500, ""]);
  }
});

test("an event that is not complete is none", () => equal(new Parser().push("data: x\n"), []));

test("an id counts once its block is complete", () => {
  const parser = new Parser();
  const ids = ["id: 9\n\n", "id: 10\n", "data: x\n", "\n", ": a comment\n\n"].map((text) => { parser.push(text); return parser.id; });
  equal(ids, ["9", "9", "9", "10", "10"]);
});

// answer is a response whose body is some pieces of text, and then ends, breaks, or stays open.
const answer = (pieces, end = "close", status = 200, type = "text/event-stream") => (url, { signal }) => Promise.resolve(new Response(new ReadableStream({
  start(controller) {
    signal.addEventListener("abort", () => { try { controller.error(signal.reason); } catch { /* it has ended */ } });
  },
  pull(controller) {
    if (pieces.length > 0) return controller.enqueue(new TextEncoder().encode(pieces.shift()));
    if (end === "close") controller.close();
    if (end === "break") controller.error(new TypeError("network error"));
  },
}, { highWaterMark: 0 }), { status, headers: { "Content-Type": type } }));

// follow runs a stream against answers, one for each connection, and closes it after the last state that it is to wait for. Timers of
// pauses run at once.
async function follow(answers, { until, silent = false }) {
  const requests = [], states = [], events = [], pauses = [];
  const stream = new Stream({
    url: "/events", silence: 45_000, now: () => 0, random: () => 1,
    fetch: (url, options) => { requests.push(options.headers["Last-Event-ID"] ?? ""); return answers.shift()(url, options); },
    setTimeout: (run, ms) => { if (ms === 45_000 && !silent) return 0; if (ms !== 45_000) pauses.push(ms); return setTimeout(run, 0); },
    onEvent: (type, data) => events.push([type, data]),
    onState: (state) => { states.push(state.kind); if (until(states, state)) stream.close(); },
  });
  await stream.run();
  return { requests, states, events, pauses };
}

const afterLives = (n) => (states) => states.filter((s) => s === "live").length === n;

test("a stream that ends or breaks goes on after its last event", async () => {
  const { requests, events, pauses } = await follow([answer(["id: 5\nevent: a\ndata: {\"n\":1}\n\n"]), answer(["id: 6\n\n"], "break"), answer([], "open")], { until: afterLives(3) });
  equal(requests, ["", "5", "6"]);
  equal(events, [["a", { n: 1 }]]);
  equal(pauses, [500, 1000]);
});

test("an event that a break cut off is asked for again", async () => {
  const { requests, events } = await follow([
    answer(["id: 9\ndata: {\"n\":9}\n\nid: 10\n"], "break"), answer(["id: 10\ndata: {\"n\":10}\n\n"]), answer([], "open"),
  ], { until: afterLives(3) });
  equal(requests, ["", "9", "10"]);
  equal(events, [["message", { n: 9 }], ["message", { n: 10 }]]);
});

test("each failure makes the pause longer, up to a bound, by what the server asks", async () => {
  const refused = () => Promise.reject(new TypeError("no connection"));
  const { pauses, states } = await follow([answer(["retry: 2000\n\n"]), refused, refused, refused, refused, answer([], "open")], { until: afterLives(2) });
  equal(pauses, [2000, 4000, 8000, 15000, 15000]);
  equal(states.slice(0, 4), ["connecting", "live", "waiting", "connecting"]);
});

test("a refusal ends it, with the server's words", async () => {
  let told;
  const { states } = await follow([answer(["{\"error\":\"you may not\"}"], "close", 403, "application/json")], { until: (_, state) => { told = state; return false; } });
  equal(states, ["connecting", "refused"]);
  equal(told, { kind: "refused", status: 403, error: "you may not" });
});

test("an answer that is no stream is a failure", async () => {
  const { states } = await follow([answer(["<html>"], "close", 200, "text/html"), answer(["busy"], "close", 503, "text/plain"), answer([], "open")], { until: afterLives(1) });
  equal(states, ["connecting", "waiting", "connecting", "waiting", "connecting", "live"]);
});

test("a connection that is silent for too long is left", async () => {
  const { requests } = await follow([answer(["id: 9\n\n"], "open"), answer([], "open")], { until: afterLives(2), silent: true });
  equal(requests, ["", "9"]);
});

test("data that is no JSON object changes nothing", async () => {
  const { events } = await follow([answer(["data: nonsense\n\ndata: 1\n\ndata: null\n\n"]), answer([], "open")], { until: afterLives(2) });
  equal(events, [["message", {}], ["message", {}], ["message", {}]]);
});
