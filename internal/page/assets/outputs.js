// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// What the steps made: a player and a poster where they may be loaded, links and addresses otherwise.
import { el } from "./dom.js";
import { bytes } from "./format.js";
import { kindOf, mediaAllowed, webURL } from "./links.js";
import { command, outside } from "./pieces.js";

const outputsOf = (object) => (object.status?.processing?.steps ?? []).flatMap((step) => (step.outputs ?? []).map((output) => ({ ...output, step })));

// captionsURL returns the address of a recording's captions, or null where there are none that the page may load.
export function captionsURL(object, mediaSources) {
  const captions = outputsOf(object).find((o) => o.name === "captions" && /^text\/vtt\b/i.test(o.mediaType ?? "") && mediaAllowed(o.url, mediaSources));
  return captions ? webURL(captions.url) : null;
}

// outputs shows what the steps of a recording made, or null where they made nothing.
export function outputs(object, mediaSources) {
  const all = outputsOf(object);
  if (all.length === 0) return null;
  const playable = all.filter((o) => mediaAllowed(o.url, mediaSources));
  const poster = playable.find((o) => kindOf(o.mediaType) === "image");
  const videos = playable.filter((o) => kindOf(o.mediaType) === "video" && canPlay("video", o.mediaType));
  const audios = playable.filter((o) => kindOf(o.mediaType) === "audio" && canPlay("audio", o.mediaType));
  // A recording is one film in several forms: the player gets all, and takes the first that it can.
  const media = videos.length > 0 ? player("video", videos, poster) : [poster && picture(poster), audios.length > 0 && player("audio", audios)];
  const section = el("section", { class: "part outputs", "aria-labelledby": "outputs-title" }, el("h3", { id: "outputs-title" }, "Outputs"), media,
    el("ul", { class: "output-list" }, all.map(item)));
  section.dataset.source = JSON.stringify(all.map(({ step, ...output }) => [step.pipeline, step.name, output]));
  return section;
}

const canPlay = (kind, mediaType) => document.createElement(kind).canPlayType(mediaType) !== "";

function player(kind, sources, poster) {
  const label = kind === "video" ? "The recording" : "The recording's sound";
  return el(kind, { controls: true, preload: "none", playsinline: kind === "video", poster: poster && webURL(poster.url), "aria-label": label },
    sources.map((o) => el("source", { src: webURL(o.url), type: o.mediaType })));
}

// picture shows a poster; where it cannot be had, the link to it says enough.
function picture(output) {
  const image = el("img", { src: webURL(output.url), alt: "A picture of the recording", loading: "lazy", decoding: "async", on: { error: () => image.remove() } });
  return image;
}

function item(output) {
  const href = webURL(output.url);
  const told = [output.mediaType, Number.isFinite(output.sizeBytes) && bytes(output.sizeBytes), `by ${output.step.step}`].filter(Boolean).join(" · ");
  const values = output.values && typeof output.values === "object" ? Object.entries(output.values) : [];
  return el("li", {},
    el("div", { class: "output-line" }, href ? outside(href, output.name) : el("strong", {}, output.name), el("span", { class: "sub" }, told)),
    output.url && !href && command(output.url, `the address of ${output.name}`),
    values.length > 0 && el("dl", { class: "values" }, values.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, typeof value === "object" ? JSON.stringify(value) : String(value))))),
    output.sha256 && el("p", { class: "digest" }, "SHA-256 ", el("code", { title: output.sha256 }, `${output.sha256.slice(0, 12)}…`)));
}
