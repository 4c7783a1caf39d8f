// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

import { ago, bytes, delay, duration, exact, plural, spoken } from "/assets/format.js";
import { equal, test } from "./test.js";

const now = Date.parse("2026-11-23T12:00:00Z");
const before = (seconds) => new Date(now - seconds * 1000).toISOString();

test("a time is told relative to now", () => {
  for (const [seconds, want] of [[-30, "just now"], [0, "just now"], [4.9, "just now"], [5, "5 s ago"], [59.9, "59 s ago"], [60, "1 min ago"], [3599, "59 min ago"], [3600, "1 h ago"],
    [47 * 3600, "47 h ago"], [48 * 3600, "2 d ago"], [400 * 86400, "400 d ago"]]) equal(ago(before(seconds), now), want, `${seconds} s`);
  for (const none of ["", undefined, "yesterday"]) equal(ago(none, now), "");
});

test("a duration is written as a clock does", () => {
  for (const [ms, want] of [[0, "0:00"], [999, "0:00"], [7_400, "0:07"], [754_000, "12:34"], [3_723_000, "1:02:03"], [-1, ""], [NaN, ""], [Infinity, ""]]) equal(duration(ms), want, `${ms} ms`);
});

test("a duration is spoken in words", () => {
  for (const [ms, want] of [[500, "under a second"], [1000, "1 second"], [61_000, "1 minute 1 second"], [7_200_000, "2 hours"], [NaN, ""]]) equal(spoken(ms), want, `${ms} ms`);
});

test("a delay has a sign and a fraction", () => {
  for (const [ms, want] of [[0, "+0.0 s"], [1_449, "+1.4 s"], [-300, "−0.3 s"], [59_900, "+59.9 s"], [75_000, "+1:15"], [NaN, ""]]) equal(delay(ms), want, `${ms} ms`);
});

test("a size has the unit that suits it", () => {
  for (const [size, want] of [[0, "0 B"], [999, "999 B"], [1000, "1.0 kB"], [84_213, "84.2 kB"], [734_003_200, "734 MB"], [999_950_000, "1.0 GB"], [5e15, "5.0 PB"], [-1, ""], [NaN, ""]]) equal(bytes(size), want, `${size}`);
});

test("an exact time is that of the reader, and none where there is none", () => {
  equal(exact("2026-11-23T12:00:00Z").includes("2026"), true);
  equal(exact(""), "");
});

test("a count goes with its noun", () => {
  equal([plural(0, "step"), plural(1, "step"), plural(2, "retry", "retries")], ["0 steps", "1 step", "2 retries"]);
});
