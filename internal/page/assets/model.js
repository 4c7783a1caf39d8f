// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Recordings as the page keeps them: rows, made of the server's summaries, of whole objects, and of events. Pure.

export const keyOf = (namespace, name) => `${namespace}/${name}`;

const statuses = {
  RECORDING_STARTING: "Starting",
  RECORDING_STARTED: "Started",
  RECORDING_STOPPING: "Stopping",
  RECORDING_STOPPED: "Stopped",
  RECORDING_FAILED: "Failed",
};
const rank = { "": 0, Starting: 1, Started: 2, Stopping: 3, Failed: 4, Stopped: 5 };

// empty is a row of which nothing but its name is known.
export function empty(namespace, name) {
  return {
    key: keyOf(namespace, name), namespace, name, meetingID: "", sessionID: "", segment: 1, state: "", processing: "Waiting",
    beganAt: "", startTime: "", endTime: "", steps: null, stalled: false, reason: "", message: "",
  };
}

const identity = ({ meetingID, sessionID, segment }) => ({ meetingID, sessionID, segment });

// fromSummary makes a row of an item of GET /api/v1/recordings.
export function fromSummary(item) {
  const row = { ...empty(item.recording.namespace, item.recording.name), ...identity(item.recording) };
  row.state = statuses[item.status] ?? "";
  row.processing = item.processing || "Waiting";
  row.startTime = item.startTime ?? "";
  row.beganAt = row.startTime || (item.creationTime ?? "");
  row.endTime = item.endTime ?? "";
  row.steps = item.steps ?? null;
  row.stalled = item.stalled ?? false;
  row.reason = item.reason ?? "";
  row.message = row.stalled || row.processing === "Failed" ? item.message ?? "" : "";
  return row;
}

// merge returns a row of the list with what the stream told while the list was on its way, which is newer.
export function merge(listed, told) {
  return {
    ...listed, state: told.state || listed.state, processing: told.processing === "Waiting" ? listed.processing : told.processing,
    endTime: listed.endTime || told.endTime, steps: told.steps ?? listed.steps,
  };
}

// fromObject makes a row of a MeetingRecording.
export function fromObject(object) {
  const row = empty(object.metadata.namespace, object.metadata.name);
  const { recording = {}, processing = {}, conditions = [] } = object.status ?? {};
  const ready = conditions.find((c) => c.type === "Ready");
  row.meetingID = object.spec.meetingID;
  row.sessionID = object.spec.sessionID;
  row.segment = object.spec.segment ?? 1;
  row.state = recording.state ?? "";
  row.processing = processing.state || "Waiting";
  row.startTime = recording.startTime ?? "";
  row.beganAt = row.startTime || (object.metadata.creationTimestamp ?? "");
  row.endTime = recording.endTime ?? "";
  row.steps = countSteps(processing.steps);
  row.stalled = conditions.some((c) => c.type === "Stalled" && c.status === "True");
  row.reason = ready?.reason ?? "";
  row.message = row.stalled || row.processing === "Failed" ? ready?.message ?? "" : "";
  return row;
}

// countSteps returns how many steps there are and how many of them have ended; null where there is none.
export function countSteps(steps) {
  if (!Array.isArray(steps) || steps.length === 0) return null;
  return { done: steps.filter((s) => ["Succeeded", "Failed", "Skipped"].includes(s.state)).length, all: steps.length };
}

// apply returns the row as it is after an event of the stream. A state never goes back, so an event that comes again after a reconnection
// changes nothing; only a whole object may say otherwise.
export function apply(row, type, event) {
  const next = { ...row, ...identity(event.recording) };
  if (type === "recordingStateChanged") {
    const state = statuses[event.status] ?? "";
    if (rank[state] < rank[row.state]) return next;
    next.state = state;
    next.beganAt = row.beganAt || event.at || "";
    if (state === "Started" || (state === "Starting" && !row.startTime)) next.startTime = event.at ?? row.startTime;
    if (state === "Stopped" || state === "Failed") next.endTime = event.at ?? row.endTime;
  }
  if (type === "processingStateChanged") {
    next.processing = event.state || row.processing;
    next.steps = countSteps(event.steps) ?? row.steps;
    // The stream does not tell why; what is known stays for as long as the state does.
    if (next.processing !== row.processing) next.message = event.message ?? "";
  }
  return next;
}
