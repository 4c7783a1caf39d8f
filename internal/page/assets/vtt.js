// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Reading and searching captions (WebVTT). Pure: what was said stays text, and never becomes markup.

const longest = 100_000; // captions, which is more than a day has

// parse returns the captions of a WebVTT file as [{start, end, raw, text, words}], in the order of their start times. raw is the text as
// a VTTCue takes it; words are [{at, text}] where the file tells when each word was said, and else null. It throws for anything else.
export function parse(file) {
  const text = file.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n");
  if (!/^WEBVTT(?:[ \t\n]|$)/.test(text)) throw new Error("it is no WebVTT file");
  const cues = [];
  for (const block of text.split(/\n{2,}/).slice(0, longest)) {
    const lines = block.split("\n");
    const timing = lines.findIndex((line) => line.includes("-->"));
    if (timing < 0 || timing > 1) continue; // a note, a style, the header
    const [, start, end] = /^\s*([\d:.]+)\s+-->\s+([\d:.]+)/.exec(lines[timing]) ?? [];
    const cue = { start: seconds(start), end: seconds(end), raw: lines.slice(timing + 1).join("\n") };
    if (!(cue.end > cue.start)) continue; // NaN too
    Object.assign(cue, said(cue));
    if (cue.text) cues.push(cue);
  }
  return cues.sort((a, b) => a.start - b.start);
}

// seconds reads 01:02:03.004 or 02:03.004; NaN for anything else.
function seconds(clock = "") {
  const [, hours = "0", minutes, rest] = /^(?:(\d+):)?(\d\d):(\d\d\.\d{3})$/.exec(clock) ?? [];
  return minutes === undefined ? NaN : Number(hours) * 3600 + Number(minutes) * 60 + Number(rest);
}

const entities = { amp: "&", lt: "<", gt: ">", nbsp: " ", lrm: "", rlm: "" };
const decode = (text) => text.replace(/&(amp|lt|gt|nbsp|lrm|rlm);/g, (_, name) => entities[name]);

// said takes a caption's text apart: tags with a time begin a word, <v Name> names who speaks, all others are left out.
function said({ start, end, raw }) {
  const words = [];
  let at = start, text = "", timed = false;
  const close = () => {
    const word = text.replace(/\s+/g, " ").trim();
    if (word) words.push({ at, text: word });
    text = "";
  };
  for (const [, tag, plain] of raw.matchAll(/<([^>]*)>|([^<]+)/g)) {
    if (plain !== undefined) {
      text += decode(plain);
      continue;
    }
    const time = seconds(tag);
    if (time >= at && time <= end) {
      close();
      at = time;
      timed = true;
    }
    const speaker = /^v(?:\.\S*)?\s+(.+)/.exec(tag);
    if (speaker) text += `${decode(speaker[1])}: `;
  }
  close();
  return { text: words.map((word) => word.text).join(" "), words: timed ? words : null };
}

// indexAt returns the index of the last of a list whose time is not after the given one, -1 where there is none.
export function indexAt(list, time, timeOf) {
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timeOf(list[middle]) <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

// fold makes texts comparable: no accents, no capitals.
export const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

// matches returns where a folded query is in a text, as [[begin, end]].
export function matches(text, query) {
  if (!query) return [];
  let folded = "";
  const origin = []; // of each character of folded
  for (let i = 0; i < text.length; i++) {
    const part = fold(text[i]);
    for (let n = 0; n < part.length; n++) origin.push(i);
    folded += part;
  }
  const found = [];
  for (let i = folded.indexOf(query); i >= 0; i = folded.indexOf(query, i + query.length)) found.push([origin[i], origin[i + query.length - 1] + 1]);
  return found;
}

// timeOf returns when the word at a place of a caption's text is said.
export function timeAt(cue, place) {
  if (!cue.words) return cue.start;
  let end = 0;
  for (const word of cue.words) {
    end += word.text.length + 1;
    if (place < end) return word.at;
  }
  return cue.start;
}
