// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// The list: filters, and a table with a group of rows for each state. On a narrow screen the style sheet makes cards of the rows; the roles
// are written out, since some browsers forget those of a table that is laid out otherwise.
import { attribute, badge, el, fill, icon, text } from "./dom.js";
import { ago, coarse, duration, exact, plural, spoken } from "./format.js";
import { emptyList } from "./gates.js";
import { groups, lasted, status } from "./status.js";

// How many rows a group shows at first, and with each press of its button more.
const firstRows = 25, moreRows = 100;

// ListView shows the list. Its callbacks: onFilter(changes), hrefOf(row), onOlder().
export class ListView {
  #callbacks;
  #filter = {};
  #rows = new Map(); // the elements of the rows that are shown, by key
  #bodies = new Map(); // a tbody for each group
  #shown = new Map(); // how many rows each group shows
  #chips = new Map();
  #parts;

  constructor(callbacks) {
    this.#callbacks = callbacks;
    this.#parts = {
      banner: el("div", { class: "banner", hidden: true }, el("p", { id: "banner-text" }), el("button", { class: "quiet", type: "button", on: { click: () => callbacks.onRetry() } }, "Try now")),
      count: el("p", { class: "count", id: "count" }),
      table: this.#table(),
      empty: el("div", { id: "empty" }),
      older: el("button", { class: "older", id: "older", type: "button", hidden: true, on: { click: () => callbacks.onOlder() } }, "Load more recordings"),
    };
    this.element = el("section", { class: "list", "aria-labelledby": "list-title" },
      el("h2", { class: "unseen", id: "list-title" }, "List of recordings"),
      this.#toolbar(), this.#parts.banner, this.#parts.count, this.#parts.table, this.#parts.empty, this.#parts.older);
  }

  #toolbar() {
    const search = (name, label, id) => el("div", { class: `field field-${name}` }, el("label", { for: id }, label),
      el("input", { id, type: "search", autocomplete: "off", spellcheck: "false", autocapitalize: "none", on: { input: (e) => this.#callbacks.onFilter({ [name]: e.target.value.trim() }) } }));
    this.inputs = el("div", { class: "fields" }, search("text", "Search", "search"), search("meeting", "Meeting", "meeting"), el("div", { class: "field field-namespace", id: "namespace-field", hidden: true }));
    const chip = (key, title) => {
      const n = el("span", { class: "n" }, "0");
      const button = el("button", { class: "chip", type: "button", "aria-pressed": "false", "data-group": key || "all", on: { click: () => this.#callbacks.onFilter({ state: key }) } },
        key && icon(key), el("span", {}, title), n);
      this.#chips.set(key, { button, n });
      return button;
    };
    const chips = el("div", { class: "chips", role: "group", "aria-label": "State" }, chip("", "All"), groups.map(({ key, short }) => chip(key, short)));
    return el("search", { class: "toolbar", "aria-label": "Filter the recordings" }, this.inputs, chips);
  }

  #table() {
    const columns = [["state", "State"], ["meeting", "Meeting"], ["began", "Began"], ["length", "Length"], ["processing", "Steps"]];
    const head = el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, columns.map(([key, title]) => el("th", { role: "columnheader", scope: "col", class: `c-${key}` }, title))));
    const table = el("table", { role: "table", "aria-labelledby": "list-title" }, head);
    for (const { key, title } of groups) {
      const n = el("span", { class: "n" });
      const heading = el("th", { role: "rowheader", scope: "rowgroup", colspan: columns.length, "data-group": key }, icon(key), el("span", {}, title), n);
      const label = el("span", {});
      const button = el("button", { type: "button", on: { click: () => this.#more(key) } }, label);
      const more = el("tr", { role: "row", class: "more" }, el("td", { role: "cell", colspan: columns.length }, button));
      const body = el("tbody", { role: "rowgroup", hidden: true }, el("tr", { role: "row", class: "heading" }, heading));
      this.#bodies.set(key, { body, n, more, label });
      table.append(body);
    }
    return table;
  }

  // namespaces offers the namespaces that the server serves; where it serves all, any can be typed.
  namespaces(served, chosen) {
    const field = this.inputs.querySelector("#namespace-field");
    field.hidden = served.length === 1;
    const choose = (e) => this.#callbacks.onFilter({ namespace: e.target.value.trim() });
    const control = served.length > 1
      ? el("select", { id: "namespace", on: { change: choose } }, el("option", { value: "" }, "All"), served.map((name) => el("option", { value: name, selected: name === chosen }, name)))
      : el("input", { id: "namespace", placeholder: "all", autocomplete: "off", spellcheck: "false", autocapitalize: "none", value: chosen, on: { change: choose } });
    fill(field, el("label", { for: "namespace" }, "Namespace"), control);
  }

  #more(key) {
    this.#shown.set(key, (this.#shown.get(key) ?? firstRows) + moreRows);
    const before = [...this.#bodies.get(key).body.querySelectorAll("tr.row")].at(-1);
    this.update(this.#last);
    before?.nextElementSibling?.querySelector("a")?.focus();
  }

  #last = null;

  // update shows {counts, groups} of status.js's grouped. open is the key of the recording that is shown beside the list.
  update(state) {
    this.#last = state;
    const { counts, groups: shownGroups, filter, open, total, older, now } = state;
    this.#filter = filter;
    this.#syncFilters(filter, counts);
    const focused = document.activeElement?.closest?.("tr.row") ? document.activeElement : null;
    const keep = new Set();
    for (const { key } of groups) this.#group(key, shownGroups.find((g) => g.key === key)?.rows ?? [], { keep, open, now });
    for (const [key, row] of this.#rows) if (!keep.has(key)) { row.element.remove(); this.#rows.delete(key); }
    // A row that moved to another group takes the focus with it.
    if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
    const matching = shownGroups.reduce((sum, g) => sum + g.rows.length, 0);
    text(this.#parts.count, matching === total ? plural(total, "recording") : `${matching.toLocaleString()} of ${plural(total, "recording")}`);
    this.#parts.table.hidden = matching === 0;
    this.#parts.older.hidden = !older;
    this.#empty(matching, total);
  }

  #empty(matching, total) {
    const kind = matching > 0 ? "" : total > 0 ? "filtered" : "none";
    if (this.#parts.empty.dataset.kind === kind) return;
    this.#parts.empty.dataset.kind = kind;
    fill(this.#parts.empty, kind && emptyList({ filtered: kind === "filtered", clear: () => this.#callbacks.onFilter({ text: "", meeting: "", state: "" }) }));
  }

  #syncFilters(filter, counts) {
    for (const [name, id] of [["text", "search"], ["meeting", "meeting"]]) {
      const input = this.inputs.querySelector(`#${id}`);
      if (document.activeElement !== input && input.value !== filter[name]) input.value = filter[name];
    }
    for (const [key, { button, n }] of this.#chips) {
      attribute(button, "aria-pressed", String(filter.state === key));
      text(n, (counts[key || "all"] ?? 0).toLocaleString());
    }
  }

  #group(key, rows, { keep, open, now }) {
    const { body, n, more, label } = this.#bodies.get(key);
    body.hidden = rows.length === 0;
    text(n, rows.length.toLocaleString());
    const limit = this.#shown.get(key) ?? firstRows;
    let place = body.firstElementChild;
    for (const row of rows.slice(0, limit)) {
      keep.add(row.key);
      const shown = this.#row(row, open === row.key, now);
      if (place.nextElementSibling !== shown) place.after(shown);
      place = shown;
    }
    if (rows.length > limit) {
      text(label, `Show ${Math.min(moreRows, rows.length - limit).toLocaleString()} more of ${(rows.length - limit).toLocaleString()}`);
      if (place.nextElementSibling !== more) place.after(more);
    } else more.remove();
  }

  #row(row, open, now) {
    let shown = this.#rows.get(row.key);
    if (!shown) {
      shown = newRow(this.#callbacks.hrefOf(row));
      this.#rows.set(row.key, shown);
    }
    attribute(shown.link, "href", this.#callbacks.hrefOf(row));
    attribute(shown.link, "aria-current", open ? "true" : null);
    attribute(shown.element, "data-key", row.key);
    fillRow(shown, row, now);
    return shown.element;
  }

  // tick writes what depends on the present anew.
  tick(now) {
    for (const { row, length } of this.#rows.values()) if (row && !row.endTime) showLength(length, row, now);
  }

  // connection tells that the list is not up to date, and why.
  connection(words) {
    this.#parts.banner.hidden = !words;
    text(this.#parts.banner.firstElementChild, words);
  }

  // focusRow returns whether the row is shown, so that it has the focus now.
  focusRow(key) {
    this.#rows.get(key)?.link.focus();
    return this.#rows.has(key);
  }
}

function newRow(href) {
  const shown = {
    link: el("a", { href, class: "open" }), sub: el("span", { class: "sub" }), reason: el("p", { class: "reason", hidden: true }), state: el("td", { role: "cell", class: "c-state" }),
    began: el("time", { "data-ago": true }), length: el("span", {}), steps: el("td", { role: "cell", class: "c-processing" }), label: "", row: null,
  };
  shown.element = el("tr", { role: "row", class: "row" }, shown.state,
    el("th", { role: "rowheader", scope: "row", class: "c-meeting" }, shown.link, shown.sub, shown.reason),
    el("td", { role: "cell", class: "c-began" }, shown.began), el("td", { role: "cell", class: "c-length" }, shown.length), shown.steps);
  return shown;
}

function fillRow(shown, row, now) {
  const { group, label } = status(row);
  if (shown.label !== `${group} ${label}`) {
    fill(shown.state, badge(group, label));
    attribute(shown.element, "data-group", group);
    shown.label = `${group} ${label}`;
  }
  text(shown.link, row.meetingID || row.name);
  text(shown.sub, [row.segment > 1 && `recording ${row.segment}`, row.sessionID && `session ${row.sessionID}`, row.namespace].filter(Boolean).join(" · "));
  const why = group === "attention" ? row.message || (row.state === "Failed" ? "The provider could not record." : row.reason) : "";
  shown.reason.hidden = !why;
  text(shown.reason, why);
  attribute(shown.began, "datetime", row.beganAt);
  attribute(shown.began, "title", exact(row.beganAt));
  text(shown.began, ago(row.beganAt, now));
  shown.row = row;
  showLength(shown.length, row, now);
  showSteps(shown.steps, row.steps);
}

function showLength(element, row, now) {
  const ms = lasted(row, now);
  text(element, duration(ms));
  attribute(element, "title", spoken(ms) || null);
}

function showSteps(cell, steps) {
  const words = steps ? `${steps.done}/${steps.all}` : "";
  if (cell.dataset.steps === words) return;
  cell.dataset.steps = words;
  const meter = () => el("span", { class: "steps", role: "img", "aria-label": `${steps.done} of ${plural(steps.all, "step")} ended` },
    Array.from({ length: Math.min(steps.all, 8) }, (_, i) => el("i", { class: i < Math.round(steps.done / steps.all * Math.min(steps.all, 8)) ? "on" : false })), el("b", {}, words));
  fill(cell, steps && meter());
}

// staleWords tells how old what is shown is.
export const staleWords = (heardAt, retryAt, now) =>
  `Not connected.${Number.isNaN(heardAt) ? "" : ` What you see is from ${coarse(Math.max(now - heardAt, 0))} ago.`}${retryAt > now ? ` Trying again in ${Math.ceil((retryAt - now) / 1000)} s.` : " Trying to connect…"}`;
