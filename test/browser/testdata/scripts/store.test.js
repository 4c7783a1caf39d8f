// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

import { Store } from "/assets/store.js";
import { equal, test } from "./test.js";

const item = (name, status, more = {}) => ({ recording: { name, namespace: "ns", meetingID: name, sessionID: "s", segment: 1 }, status, processing: "Waiting", creationTime: "2026-01-01T00:00:00Z", ...more });
const event = (type, data, id = "") => `${id && `id: ${id}\n`}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
const json = (body, status = 200) => new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
const stream = (text) => new Response(new ReadableStream({ start: (c) => c.enqueue(new TextEncoder().encode(text)) }), { headers: { "Content-Type": "text/event-stream" } });

// open runs a store against answers by path, each a list of functions of which the last is used again, until done(store, requests) is true.
// Pauses of the stream end at once.
async function open(answers, done) {
  const requests = [];
  const real = globalThis.fetch;
  globalThis.fetch = async (path) => {
    const url = new URL(path, location.href);
    requests.push(url.pathname + url.search);
    const list = answers[url.pathname];
    return (list.length > 1 ? list.shift() : list[0])();
  };
  let store, changed;
  const ended = new Promise((resolve) => { changed = () => { if (done(store, requests)) resolve(); }; });
  store = new Store({ namespace: "ns", silence: 60_000, onChange: () => changed(), onEvent: () => changed(), onStream: (s) => { if (s.kind === "waiting") setTimeout(() => store.retryNow()); changed(); } });
  try {
    await store.open();
    await ended;
  } finally {
    store.close();
    globalThis.fetch = real;
  }
  return { store, requests };
}

const failing = () => { throw new TypeError("no connection"); };
const states = (store) => [...store.rows.values()].map((r) => `${r.name} ${r.state} ${r.processing}`).sort();

test("the list is loaded page by page", async () => {
  const { store, requests } = await open({
    "/api/v1/recordings": [() => json({ items: [item("a", "RECORDING_STARTED")], continue: "0:x" }), () => json({ items: [item("b", "RECORDING_STOPPED")] })], "/events": [() => stream(event("ready", {}, "1"))],
  }, (s) => s.rows.size === 2 && !s.more);
  equal(states(store), ["a Started Waiting", "b Stopped Waiting"]);
  equal(requests.filter((r) => r.startsWith("/api")), ["/api/v1/recordings?limit=500&namespace=ns", "/api/v1/recordings?limit=500&namespace=ns&continue=0%3Ax"]);
});

test("where the list breaks off, more can be asked for", async () => {
  const { store } = await open({ "/api/v1/recordings": [() => json({ items: [item("a", "RECORDING_STARTED")], continue: "0:x" }), failing], "/events": [() => stream("")] }, (s) => s.more);
  equal(states(store), ["a Started Waiting"]);
});

test("a first list that is refused is an error with the server's words", async () => {
  let told;
  try {
    await open({ "/api/v1/recordings": [() => json({ error: "you may not" }, 403)] }, () => true);
  } catch (error) {
    told = [error.name, error.status, error.message];
  }
  equal(told, ["ApiError", 403, "you may not"]);
});

test("why something failed is looked up, and what is gone is dropped", async () => {
  const object = { metadata: { namespace: "ns", name: "a" }, spec: { meetingID: "a", sessionID: "s" }, status: { recording: { state: "Stopped" }, processing: { state: "Failed" },
    conditions: [{ type: "Ready", status: "False", reason: "ProcessingFailed", message: "exit code 65" }] } };
  const { store } = await open({
    "/api/v1/recordings": [() => json({ items: [item("a", "RECORDING_STOPPED"), item("b", "RECORDING_STARTED")] })],
    "/events": [() => stream(event("ready", {}, "1") + event("processingStateChanged", { recording: { name: "a", namespace: "ns" }, state: "Failed" }, "2") + event("recordingStateChanged", { recording: { name: "b", namespace: "ns" }, status: "RECORDING_FAILED" }, "3"))],
    "/api/v1/namespaces/ns/recordings/a": [() => json(object)], "/api/v1/namespaces/ns/recordings/b": [() => json({ error: "recording not found" }, 404)],
  }, (s) => s.rows.size === 1 && s.rows.get("ns/a").message);
  equal(store.rows.get("ns/a").message, "exit code 65");
});

test("after a reset the list is loaded anew, and what is no longer in it is gone", async () => {
  const { store } = await open({
    "/api/v1/recordings": [() => json({ items: [item("old", "RECORDING_STARTED")] }), () => json({ items: [item("new", "RECORDING_STARTED")] })], "/events": [() => stream(event("reset", { reason: "x" }) + event("ready", {}, "1"))],
  }, (s) => s.rows.has("ns/new"));
  equal(states(store), ["new Started Waiting"]);
});

test("what happened before a first connection that took several tries is in a list that is loaded anew", async () => {
  const { store, requests } = await open({
    "/api/v1/recordings": [() => json({ items: [item("a", "RECORDING_STARTED")] }), () => json({ items: [item("a", "RECORDING_STOPPED", { processing: "Succeeded" })] })],
    "/events": [failing, () => stream(event("ready", {}, "1"))],
  }, (s) => s.rows.get("ns/a")?.processing === "Succeeded");
  equal(states(store), ["a Stopped Succeeded"]);
  equal(requests.filter((r) => r.startsWith("/events")).length, 2);
});

test("a reset whose list cannot be had keeps what is known", async () => {
  let resets = 0;
  const { store } = await open({
    "/api/v1/recordings": [() => json({ items: [item("a", "RECORDING_STARTED")] }), () => { resets++; return failing(); }], "/events": [() => stream(event("reset", {}) + event("ready", {}, "1"))],
  }, (s) => resets === 1 && s.rows.size === 1);
  equal(states(store), ["a Started Waiting"]);
});
