// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

import { apply, countSteps, empty, fromObject, fromSummary, merge } from "/assets/model.js";
import { grouped, lasted, matches, status } from "/assets/status.js";
import { timeline } from "/assets/timeline.js";
import { equal, test } from "./test.js";

const row = (fields) => ({ ...empty("ns", "a"), meetingID: "jvsg-8rjn-j304", sessionID: "63e1", ...fields });
const none = { state: "", meeting: "", text: "" };

test("every state has a group and words", () => {
  for (const [state, processing, stalled, want] of [
    ["", "Waiting", false, "recording Announced"], ["Starting", "Waiting", false, "recording Starting"], ["Started", "Waiting", false, "recording Recording"],
    ["Stopping", "Waiting", false, "recording Finishing"], ["Stopped", "Waiting", false, "processing Stopped"], ["Stopped", "Queued", false, "processing Queued"],
    ["Stopped", "Running", false, "processing Processing"], ["Stopped", "Suspended", false, "processing Held"], ["Stopped", "Succeeded", false, "ready Ready"],
    ["Stopped", "Skipped", false, "ready Nothing to do"], ["Stopped", "Failed", true, "attention Processing failed"], ["Failed", "Succeeded", false, "attention Recording failed"],
    ["Failed", "Waiting", false, "attention Recording failed"], ["Started", "Waiting", true, "attention Stalled"], ["Stopped", "Running", true, "attention Stalled"], ["Later", "New", false, "recording Announced"],
  ]) {
    const { group, label } = status(row({ state, processing, stalled }));
    equal(`${group} ${label}`, want, `${state} ${processing}`);
  }
});

test("filters keep what fits all of them", () => {
  const failed = row({ state: "Stopped", processing: "Failed", message: "exit code 65: moov atom not found" });
  for (const [filter, want] of [[{}, true], [{ state: "attention" }, true], [{ state: "ready" }, false], [{ meeting: "8RJN" }, true], [{ meeting: "63e1" }, false],
    [{ text: "moov CODE" }, true], [{ text: "moov other" }, false], [{ text: "processing failed" }, true], [{ text: "63e1" }, true], [{ state: "attention", meeting: "8rjn", text: "65" }, true]]) {
    equal(matches(failed, { ...none, ...filter }), want, JSON.stringify(filter));
  }
});

test("the list is grouped, the newest first, and counts what the state's own filter hides", () => {
  const rows = [
    row({ key: "ns/old", state: "Stopped", processing: "Succeeded", beganAt: "2026-11-21T00:00:00Z" }), row({ key: "ns/new", state: "Stopped", processing: "Succeeded", beganAt: "2026-11-22T00:00:00Z" }),
    row({ key: "ns/b", state: "Failed" }), row({ key: "ns/a", state: "Failed" }), row({ key: "ns/other", meetingID: "other", state: "Failed" }),
  ];
  const all = grouped(rows, { ...none, meeting: "jvsg" });
  equal(all.groups.map((g) => [g.key, g.rows.map((r) => r.key)]), [["attention", ["ns/a", "ns/b"]], ["ready", ["ns/new", "ns/old"]]]);
  const ready = grouped(rows, { ...none, meeting: "jvsg", state: "ready" });
  equal(ready.groups.map((g) => g.key), ["ready"]);
  equal(ready.counts, { all: 4, ready: 2, attention: 2 });
});

test("a recording lasts until it ends, and until now while it goes on", () => {
  const now = Date.parse("2026-11-23T12:00:00Z");
  const startTime = "2026-11-23T11:59:00Z";
  equal(lasted(row({ state: "Started", startTime }), now), 60_000);
  equal(lasted(row({ state: "Stopped", startTime, endTime: "2026-11-23T11:59:30Z" }), now), 30_000);
  equal(lasted(row({ state: "Started", startTime, stalled: true }), now), NaN);
  equal(lasted(row({ state: "Stopped", startTime }), now), NaN);
  equal(lasted(row({ state: "Started" }), now), NaN);
});

const change = (status, at, more = {}) => ({ status, at, recording: { name: "a", namespace: "ns", meetingID: "m", sessionID: "s", segment: 2 }, ...more });

test("events carry a recording through its states, and one that comes again changes nothing", () => {
  let now = empty("ns", "a");
  const events = [["RECORDING_STARTING", "2026-01-01T00:00:00Z"], ["RECORDING_STARTED", "2026-01-01T00:00:01Z"], ["RECORDING_STOPPING", "2026-01-01T00:10:00Z"], ["RECORDING_STOPPED", "2026-01-01T00:10:05Z"]];
  for (const [name, at] of events) now = apply(now, "recordingStateChanged", change(name, at));
  equal([now.state, now.beganAt, now.startTime, now.endTime, now.meetingID, now.segment], ["Stopped", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", "2026-01-01T00:10:05Z", "m", 2]);
  for (const [name, at] of events) equal(apply(now, "recordingStateChanged", change(name, at)).state, "Stopped");
  equal(apply(now, "recordingStateChanged", change("RECORDING_FAILED", "2026-01-01T00:10:06Z")).state, "Stopped", "a file wins over a failure");
  equal(apply(now, "recordingStateChanged", change("RECORDING_PAUSED", "")).state, "Stopped", "a status that is not known");
});

test("processing goes where the event says, also back, as in a rerun", () => {
  const failed = row({ state: "Stopped", processing: "Failed", message: "why" });
  const { recording } = change("", "");
  const rerun = apply(failed, "processingStateChanged", { recording, state: "Running", steps: [{ state: "Succeeded" }, { state: "Running" }] });
  equal([rerun.processing, rerun.message, rerun.steps], ["Running", "", { done: 1, all: 2 }]);
  equal(apply(failed, "processingStateChanged", { recording, state: "Failed", snapshot: true }).message, "why", "the same state again");
  equal(apply(failed, "outputReady", { recording, name: "poster" }).processing, "Failed");
  equal(apply(failed, "later", { recording }).state, "Stopped");
});

test("a summary and the object make the same row", () => {
  const object = {
    metadata: { namespace: "ns", name: "a", creationTimestamp: "2026-01-01T00:00:00Z" }, spec: { meetingID: "m", sessionID: "s", segment: 1 },
    status: { recording: { state: "Stopped", startTime: "2026-01-01T00:00:01Z", endTime: "2026-01-01T00:10:00Z" }, processing: { state: "Failed", steps: [{ state: "Failed" }, { state: "Skipped" }] },
      conditions: [{ type: "Ready", status: "False", reason: "ProcessingFailed", message: "why" }, { type: "Stalled", status: "True" }] },
  };
  const summary = { recording: { name: "a", namespace: "ns", meetingID: "m", sessionID: "s", segment: 1 }, status: "RECORDING_STOPPED", processing: "Failed", creationTime: "2026-01-01T00:00:00Z",
    startTime: "2026-01-01T00:00:01Z", endTime: "2026-01-01T00:10:00Z", steps: { done: 2, all: 2 }, stalled: true, reason: "ProcessingFailed", message: "why" };
  equal(fromSummary(summary), fromObject(object));
  equal(fromObject({ metadata: { namespace: "ns", name: "a" }, spec: { meetingID: "m", sessionID: "s" } }).processing, "Waiting", "an object without a status");
});

test("what the stream told is newer than the list", () => {
  const listed = row({ state: "Started", beganAt: "2026-01-01T00:00:00Z", startTime: "2026-01-01T00:00:00Z" });
  const told = row({ state: "Stopped", processing: "Waiting", endTime: "2026-01-01T00:10:00Z" });
  const both = merge(listed, told);
  equal([both.state, both.beganAt, both.endTime], ["Stopped", "2026-01-01T00:00:00Z", "2026-01-01T00:10:00Z"]);
  equal(countSteps([]), null);
});

const event = (type, receiveTime, more = {}) => ({ type, source: "Webhook", receiveTime, deliveries: 1, lastReceiveTime: receiveTime, ...more });

test("a timeline has delays, deliveries and what is missing", () => {
  const entries = timeline([event("Starting", "2026-01-01T00:00:00.000Z"), event("Stopped", "2026-01-01T00:00:10.500Z", { deliveries: 3, lastReceiveTime: "2026-01-01T00:00:20Z" }), event("Started", "2026-01-01T00:00:11.000Z")]);
  equal(entries.map((e) => [e.type, e.sincePrevious, e.sinceFirst, e.late, e.missing, e.deliveries]), [
    ["Starting", NaN, NaN, false, false, 1], ["Stopped", 10_500, 10_500, false, false, 3], ["Started", 500, 11_000, true, false, 1], ["Stopping", NaN, NaN, false, true, 0]]);
  equal(entries[1].lastAt, "2026-01-01T00:00:20Z");
});

test("a timeline of a failure misses no stopping, and one of nothing is empty", () => {
  equal(timeline([event("Failed", "2026-01-01T00:00:00Z")]).map((e) => [e.type, e.missing]), [["Failed", false]]);
  equal(timeline([event("Started", "2026-01-01T00:00:00Z"), event("Failed", "2026-01-01T00:00:01Z")]).map((e) => [e.type, e.missing]), [["Started", false], ["Failed", false], ["Starting", true]]);
  equal(timeline([]), []);
  equal(timeline(undefined), []);
});
