// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// What state a recording is in for a person, which group of the list it belongs to, and which recordings a filter keeps. Pure.
// A recording is here a row, as model.js makes it.

// groups of the list, in their order: what needs a person comes first.
export const groups = [
  { key: "attention", title: "Needs attention", short: "Attention" },
  { key: "recording", title: "Recording now", short: "Recording" },
  { key: "processing", title: "Processing", short: "Processing" },
  { key: "ready", title: "Ready", short: "Ready" },
];

const recordingLabels = { Starting: "Starting", Started: "Recording", Stopping: "Finishing" };
const processingLabels = { Waiting: "Stopped", Queued: "Queued", Running: "Processing", Suspended: "Held" };

// status returns the group of a recording and what its badge says.
export function status(row) {
  if (row.state === "Failed") return { group: "attention", label: "Recording failed" };
  if (row.processing === "Failed") return { group: "attention", label: "Processing failed" };
  if (row.stalled) return { group: "attention", label: "Stalled" };
  if (row.state === "Stopped") {
    if (row.processing === "Succeeded") return { group: "ready", label: "Ready" };
    if (row.processing === "Skipped") return { group: "ready", label: "Nothing to do" };
    return { group: "processing", label: processingLabels[row.processing] ?? "Stopped" };
  }
  return { group: "recording", label: recordingLabels[row.state] ?? "Announced" };
}

// matches says whether a recording passes the filters: state (a group's key), meeting (a part of the meeting's id), and text, each word of
// which must be somewhere in what identifies the recording or tells of its state.
export function matches(row, filter) {
  const { group, label } = status(row);
  if (filter.state && group !== filter.state) return false;
  if (filter.meeting && !row.meetingID.toLowerCase().includes(filter.meeting.toLowerCase())) return false;
  if (!filter.text) return true;
  const haystack = [row.name, row.namespace, row.meetingID, row.sessionID, label, row.reason, row.message].join("\n").toLowerCase();
  return filter.text.toLowerCase().split(/\s+/).every((word) => haystack.includes(word));
}

// newestFirst orders recordings by when they began, so that rows stay in their places while their states change.
export function newestFirst(a, b) {
  const byTime = (Date.parse(b.beganAt) || 0) - (Date.parse(a.beganAt) || 0);
  return byTime || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
}

// grouped returns what the list shows: each group with its recordings, and how many of each state there are before the state's own filter,
// which the filter's buttons show.
export function grouped(rows, filter) {
  const counts = { all: 0 };
  const byGroup = new Map(groups.map(({ key }) => [key, []]));
  const others = { ...filter, state: "" };
  for (const row of rows) {
    if (!matches(row, others)) continue;
    const { group } = status(row);
    counts.all++;
    counts[group] = (counts[group] ?? 0) + 1;
    if (!filter.state || filter.state === group) byGroup.get(group).push(row);
  }
  for (const list of byGroup.values()) list.sort(newestFirst);
  return { counts, groups: groups.map((group) => ({ ...group, rows: byGroup.get(group.key) })).filter((g) => g.rows.length > 0) };
}

// lasted returns how long a recording took, or has taken until now, in milliseconds; NaN where that is not known.
export function lasted(row, now) {
  const start = Date.parse(row.startTime ?? "");
  const end = row.endTime ? Date.parse(row.endTime) : ["Starting", "Started", "Stopping"].includes(row.state) && !row.stalled ? now : NaN;
  return end - start;
}
