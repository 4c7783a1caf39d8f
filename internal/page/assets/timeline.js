// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// One recording's events as a timeline. Pure.

const order = ["Starting", "Started", "Stopping", "Stopped", "Failed"];
const titles = { Starting: "Starting", Started: "Recording started", Stopping: "Stopping", Stopped: "Recording stopped", Failed: "Recording failed" };

// timeline returns what arrived, in the order of arrival, and after it what should have come and did not. Each entry has: type, title, at,
// source, deliveries, lastAt, sinceFirst and sincePrevious in milliseconds (NaN for the first), late (it arrived after an event that it
// comes before), and missing.
export function timeline(events = []) {
  const arrived = [...events].sort((a, b) => Date.parse(a.receiveTime) - Date.parse(b.receiveTime));
  const first = arrived.length > 0 ? Date.parse(arrived[0].receiveTime) : NaN;
  let previous = NaN, furthest = -1;
  const entries = arrived.map((event) => {
    const at = Date.parse(event.receiveTime), place = order.indexOf(event.type);
    const entry = {
      type: event.type, title: titles[event.type] ?? event.type, at: event.receiveTime, source: event.source,
      deliveries: event.deliveries ?? 1, lastAt: event.lastReceiveTime ?? event.receiveTime,
      sinceFirst: Number.isNaN(previous) ? NaN : at - first, sincePrevious: at - previous, late: place < furthest, missing: false,
    };
    previous = at;
    furthest = Math.max(furthest, place);
    return entry;
  });
  return entries.concat(missing(events.map((e) => e.type)));
}

// missing returns the events that come before one that arrived, and did not arrive themselves. A failure needs no stopping before it.
function missing(types) {
  const furthest = Math.max(...types.map((t) => (t === "Failed" ? order.indexOf("Starting") : order.indexOf(t))), -1);
  return order.slice(0, Math.max(furthest, 0)).filter((type) => !types.includes(type))
    .map((type) => ({ type, title: titles[type], missing: true, deliveries: 0, late: false, sinceFirst: NaN, sincePrevious: NaN }));
}
