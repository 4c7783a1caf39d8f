// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// How times, durations and sizes are written. Pure: the present is an argument, in milliseconds.

const second = 1000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;

// millis reads a time of the server. It is NaN where there is none.
export const millis = (time) => (time ? Date.parse(time) : NaN);

// ago tells how long before now a time was, in one unit: "just now", "42 s ago", "3 d ago". A time ahead of now, as by another clock,
// is just now.
export function ago(time, now) {
  const past = now - millis(time);
  if (Number.isNaN(past)) return "";
  if (past < 5 * second) return "just now";
  return `${coarse(past)} ago`;
}

// coarse writes a duration in its largest unit.
export function coarse(ms) {
  if (ms < minute) return `${Math.floor(ms / second)} s`;
  if (ms < hour) return `${Math.floor(ms / minute)} min`;
  if (ms < 2 * day) return `${Math.floor(ms / hour)} h`;
  return `${Math.floor(ms / day)} d`;
}

// duration writes a duration as a clock does: 0:07, 12:34, 1:02:03.
export function duration(ms) {
  if (!Number.isFinite(ms) || ms < 0) return "";
  const all = Math.floor(ms / second);
  const two = (n) => String(n).padStart(2, "0");
  const h = Math.floor(all / 3600), m = Math.floor(all / 60) % 60, s = all % 60;
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

// spoken writes a duration in words, for those who hear the page.
export function spoken(ms) {
  if (!Number.isFinite(ms) || ms < 0) return "";
  if (ms < second) return "under a second";
  const all = Math.floor(ms / second);
  const parts = [[Math.floor(all / 3600), "hour"], [Math.floor(all / 60) % 60, "minute"], [all % 60, "second"]];
  return parts.filter(([n]) => n > 0).map(([n, unit]) => `${n} ${unit}${n === 1 ? "" : "s"}`).join(" ");
}

// delay writes how much later something came: "+0.8 s", "+12.3 s", "+1:02:03".
export function delay(ms) {
  if (!Number.isFinite(ms)) return "";
  const sign = ms < 0 ? "−" : "+";
  const size = Math.abs(ms);
  return size < minute ? `${sign}${(size / second).toFixed(1)} s` : `${sign}${duration(size)}`;
}

// bytes writes a size in the unit that suits it, by thousands.
export function bytes(size) {
  if (!Number.isFinite(size) || size < 0) return "";
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let unit = 0, value = size;
  while (value >= 999.5 && unit < units.length - 1) { value /= 1000; unit++; }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

// exact writes a time to the second in the reader's own zone and language.
export function exact(time) {
  const at = millis(time);
  return Number.isNaN(at) ? "" : new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" });
}

// clock writes the time of day.
export function clock(time) {
  const at = millis(time);
  return Number.isNaN(at) ? "" : new Date(at).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

// plural writes a count with its noun.
export const plural = (n, one, many = `${one}s`) => `${n.toLocaleString()} ${n === 1 ? one : many}`;
