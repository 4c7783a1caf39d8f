// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Making elements. Text is always set as text, never as markup.

// el makes an HTML element. Properties: class; on, listeners by event; anything else is an attribute, which true sets empty and false,
// null and undefined leave out. Children are nodes or text; false, null, undefined and "" are left out.
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "on") for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    else attribute(element, name, value);
  }
  element.append(...present(children));
  return element;
}

// fill gives an element other children.
export const fill = (element, ...children) => element.replaceChildren(...present(children));

// text sets an element's text where it differs, so that what reads the page aloud hears of changes only.
export function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

export function attribute(element, name, value) {
  if (value === false || value === null || value === undefined) element.removeAttribute(name);
  else if (value === true) element.setAttribute(name, "");
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

const present = (children) => children.flat(Infinity).filter((c) => c !== false && c !== null && c !== undefined && c !== "");

// icons by name: the paths of a drawing of 16 by 16.
const icons = {
  attention: ["M8 2.2 14.6 13.6H1.4Z", "M8 6.4v3.2", "M8 11.6v.1"],
  recording: ["M8 2.2a5.8 5.8 0 1 0 0 11.6 5.8 5.8 0 0 0 0-11.6", "M8 7.2a.8.8 0 1 0 0 1.6.8.8 0 0 0 0-1.6"],
  processing: ["M13.6 8A5.6 5.6 0 1 1 8 2.4", "M8 4.8V8l2.2 1.4"],
  ready: ["M2.6 8.6 6.2 12l7.2-8"],
  waiting: ["M8 2.4a5.6 5.6 0 1 0 0 11.2A5.6 5.6 0 0 0 8 2.4", "M8 5v3.2l2 1.3"],
  skipped: ["M3 8h10"],
  copy: ["M5.6 5.6h7.6v7.6H5.6Z", "M10.4 5.6V2.8H2.8v7.6h2.8"],
  close: ["M3.6 3.6l8.8 8.8", "M12.4 3.6l-8.8 8.8"],
  back: ["M9.8 3.2 5 8l4.8 4.8"],
  out: ["M6.4 3.2H3.2v9.6h9.6V9.6", "M9.2 2.8h4v4", "M13.2 2.8 7.6 8.4"],
  search: ["M7 2.6a4.4 4.4 0 1 0 0 8.8 4.4 4.4 0 0 0 0-8.8", "M10.2 10.2l3.4 3.4"],
};

const svgSpace = "http://www.w3.org/2000/svg";

// icon draws an icon that says nothing to a screen reader: text beside it does.
export function icon(name) {
  const svg = document.createElementNS(svgSpace, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 16 16", class: `icon icon-${name}`, "aria-hidden": "true", focusable: "false" })) svg.setAttribute(key, value);
  for (const d of icons[name]) {
    const path = document.createElementNS(svgSpace, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

// badge shows a state by colour, by a drawing and in words.
export const badge = (group, label) => el("span", { class: "badge", "data-group": group }, icon(group), label);
