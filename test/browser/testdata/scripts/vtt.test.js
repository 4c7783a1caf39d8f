// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

import { fold, indexAt, matches, parse, timeAt } from "/assets/vtt.js";
import { equal, test } from "./test.js";

const texts = (file) => parse(file).map((cue) => cue.text);

test("captions are read with their words' times", () => {
  const [cue, next] = parse("WEBVTT - x\nKind: captions\n\nNOTE a note\n\n1\n00:01.500 --> 00:00:04.000 align:start\nGood <00:00:02.000>&lt;morning&gt;\n<00:03.000><c.yellow>all</c>.\n\n01:00:00.000 --> 01:00:01.000\nBye\n");
  equal(cue, { start: 1.5, end: 4, raw: "Good <00:00:02.000>&lt;morning&gt;\n<00:03.000><c.yellow>all</c>.", text: "Good <morning> all.", words: [{ at: 1.5, text: "Good" }, { at: 2, text: "<morning>" }, { at: 3, text: "all." }] });
  equal([next.start, next.text, next.words], [3600, "Bye", null]);
});

test("captions are in the order of their times, with their speakers", () => {
  equal(texts("\ufeffWEBVTT\r\n\r\n00:05.000 --> 00:06.000\r\n<v Aisha>two\r\n\r\n00:01.000 --> 00:02.000\r\n<v.loud Bjørn &amp; co>one</v>\r\n"), ["Bjørn & co: one", "Aisha: two"]);
});

test("what is malformed is left out", () => {
  equal(texts("WEBVTT\n\n00:02.000 --> 00:01.000\nback\n\n00:01 --> 00:02\nno fraction\n\nx --> y\nno times\n\n00:01.000 --> 00:02.000\n\n\n00:01.000 --> 00:02.000\n<i></i>\n\n00:03.000 --> 00:04.000\nok <00:09.000>still <broken"), ["ok still broken"]);
  for (const file of ["", "<html>", "WEBVTTX\n", "1\n00:00:01,000 --> 00:00:02,000\nSubRip"]) {
    let message = "";
    try { parse(file); } catch (error) { message = error.message; }
    equal(message, "it is no WebVTT file", file);
  }
});

test("markup in what was said stays text", () => {
  equal(texts("WEBVTT\n\n00:01.000 --> 00:02.000\n&lt;img src=x onerror=alert(1)&gt; <script>alert(2)</script> <img src=x onerror=alert(3)>"), ["<img src=x onerror=alert(1)> alert(2)"]);
});

test("the caption of a time is the last that began", () => {
  const cues = [{ start: 1 }, { start: 2 }, { start: 2 }, { start: 5 }];
  equal([0, 1, 1.5, 2, 4, 5, 99].map((time) => indexAt(cues, time, (cue) => cue.start)), [-1, 0, 0, 2, 2, 3, 3]);
  equal(indexAt([], 1, (cue) => cue.start), -1);
});

test("a search looks past accents and capitals", () => {
  equal(matches("Über den Übermut", fold("uber")), [[0, 4], [9, 13]]);
  equal(matches("ﬁnd İstanbul e\u0301a", fold("éa")), [[13, 16]]);
  equal([matches("abc", ""), matches("", "a"), matches("aaa", "aa")], [[], [], [[0, 2]]]);
});

test("a place in a caption has the time of its word", () => {
  const cue = { start: 1, words: [{ at: 1, text: "one" }, { at: 2, text: "two" }, { at: 3, text: "three" }] };
  equal([0, 3, 4, 6, 8, 12, 99].map((place) => timeAt(cue, place)), [1, 1, 2, 2, 3, 3, 1]);
  equal(timeAt({ start: 7, words: null }, 5), 7);
});
