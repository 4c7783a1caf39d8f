// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// The page: who is signed in, what is shown, and what keeps it true.
import * as api from "./api.js";
import { DetailView } from "./detail.js";
import { text } from "./dom.js";
import { plural } from "./format.js";
import { forbidden, loading, noAnswer, signedOut } from "./gates.js";
import { ListView, staleWords } from "./list.js";
import { keyOf } from "./model.js";
import { Announcer, tick } from "./pieces.js";
import { formatRoute, parseRoute } from "./route.js";
import { grouped, status } from "./status.js";
import { Store } from "./store.js";

const meta = (name) => document.querySelector(`meta[name="mrec-${name}"]`).content;
const options = {
  logsURL: meta("logs-url"),
  mediaSources: meta("media-sources").split(" ").filter(Boolean),
  silence: Number(meta("heartbeat-seconds")) * 3000,
};
const main = document.getElementById("main");
const who = document.getElementById("who");
const signOutButton = document.getElementById("sign-out");
const linkState = document.getElementById("link-state");
const announcer = new Announcer(document.getElementById("announcer"));

let route = parseRoute(location.hash);
let session = null;
let store = null;
let stream = { kind: "idle" };
let list = null, detail = null;
let drawing = false;

// begin asks who is signed in, and shows their recordings.
async function begin({ ended = false } = {}) {
  leave();
  show("loading", loading());
  try {
    session = await api.session();
  } catch (error) {
    return error.status === 401 ? showSignedOut(ended) : show("problem", noAnswer({ error: error.message, retry: begin }));
  }
  who.hidden = signOutButton.hidden = false;
  text(who, session.user ?? "");
  await open();
}

// open shows the recordings of the route's namespace.
async function open() {
  leave();
  const served = session.namespaces ?? [];
  const namespace = route.filter.namespace || (served.length === 1 ? served[0] : "");
  show("loading", loading());
  const opening = store = new Store({ namespace, silence: options.silence, onChange: draw, onEvent: heard, onStream: (state) => streamChanged(opening, state) });
  try {
    await opening.open();
  } catch (error) {
    if (store !== opening) return;
    refused(error);
    return;
  }
  if (store !== opening) return;
  list = new ListView({ onFilter: filter, hrefOf, onOlder: older, onRetry: () => store.retryNow() });
  list.namespaces(served, route.filter.namespace);
  detail = new DetailView({ ...options, onClose: closeDetail });
  show("list", list.element);
  showRoute({ focus: false });
  drawNow();
}

function leave() {
  store?.close();
  store = null;
  list = detail = null;
  opened = "";
  stream = { kind: "idle" };
  linkState.hidden = true;
}

function refused(error) {
  if (error.status === 401) return showSignedOut(true);
  if (error.status === 403) {
    leave();
    const choose = (namespace) => {
      const next = { filter: { ...route.filter, namespace }, recording: null };
      if (namespace === route.filter.namespace) open();
      else go(next);
    };
    return show("forbidden", forbidden({ user: session.user, namespace: route.filter.namespace, error: error.message, choose, leave: signOut }));
  }
  show("problem", noAnswer({ error: error.message, retry: open }));
}

function showSignedOut(ended) {
  leave();
  who.hidden = signOutButton.hidden = true;
  show("signed-out", signedOut({ ended, submit: async (token) => { await api.signIn(token); await begin(); } }));
}

async function signOut() {
  try {
    await api.signOut();
  } catch (error) {
    return announcer.say(`Signing out failed: ${error.message}`);
  }
  showSignedOut(false);
}

function show(view, content) {
  const moved = main.dataset.view !== view;
  main.dataset.view = view;
  main.replaceChildren(content);
  delete main.dataset.detail;
  if (moved && ["signed-out", "forbidden", "problem"].includes(view)) (main.querySelector("#token") ?? main.querySelector("h2")).focus();
}

// The route.

const hrefOf = (row) => formatRoute({ filter: route.filter, recording: row });

function go(next) {
  if (formatRoute(next) !== location.hash) location.hash = formatRoute(next);
}

function filter(changes) {
  const next = { ...route, filter: { ...route.filter, ...changes } };
  history.replaceState(null, "", formatRoute(next));
  routeChanged();
  const shown = grouped(store?.rows.values() ?? [], route.filter).groups.reduce((sum, g) => sum + g.rows.length, 0);
  announcer.say(`${plural(shown, "recording")} shown`);
}

function routeChanged() {
  const before = route;
  route = parseRoute(location.hash);
  if (!session || main.dataset.view === "signed-out") return;
  if (before.filter.namespace !== route.filter.namespace || !list) return open();
  showRoute({ focus: true });
  draw();
}

// The recording beside the list.

let opened = ""; // its key
let fetching = false, fetchAgain = false;

function showRoute({ focus }) {
  const key = route.recording ? keyOf(route.recording.namespace, route.recording.name) : "";
  if (key === opened) return;
  const before = opened;
  opened = key;
  if (!key) {
    detail.element.remove();
    delete main.dataset.detail;
    drawNow();
    document.title = "Meeting recordings";
    if (!list.focusRow(before)) main.focus();
    return;
  }
  main.append(detail.element);
  main.dataset.detail = "open";
  detail.loading(route.recording.name);
  if (focus) detail.focus();
  fetchDetail();
}

function closeDetail() { if (route.recording) go({ ...route, recording: null }); }

// fetchDetail gets the recording that is open. However many events come meanwhile, one request follows.
async function fetchDetail() {
  if (fetching) { fetchAgain = true; return; }
  fetching = true;
  const key = opened;
  const { namespace, name } = route.recording;
  try {
    const object = await api.recording(namespace, name);
    if (key === opened && detail) {
      detail.show(object);
      document.title = `${object.spec.meetingID} · Meeting recordings`;
      store.learn(object);
    }
  } catch (error) {
    if (key === opened && detail) detailFailed(key, error);
  } finally {
    fetching = false;
    if (fetchAgain || (opened && opened !== key)) { fetchAgain = false; if (opened) fetchDetail(); }
  }
}

function detailFailed(key, error) {
  if (error.status === 401) return showSignedOut(true);
  if (error.status === 404) {
    store.forget(key);
    return detail.problem("This recording is gone", "It was deleted, or the link to it is wrong.");
  }
  // What is shown stays while the server is away: the stream will be back, and asks again.
  if (detail.element.getAttribute("aria-busy") !== null || error.status === 403) {
    detail.problem(error.status === 403 ? "You may not see this recording" : "The recording could not be loaded", `${error.message}.`, fetchDetail);
  }
}

// What keeps the page true.

function heard(row, type, before) {
  if (row.key === opened) fetchDetail();
  const now = status(row);
  if (!before || status(before).label === now.label) return;
  if (now.group === "attention" || row.key === opened) announcer.say(`${row.meetingID}: ${now.label}`);
}

function streamChanged(from, state) {
  if (from !== store) return;
  const before = stream.kind;
  stream = state;
  if (state.kind === "refused") return refused(Object.assign(new Error(state.error), { status: state.status }));
  if (state.kind === "waiting" && before === "live") announcer.say("Connection lost. Trying to connect again.");
  if (state.kind === "live" && lost) {
    announcer.say("Connected again.");
    if (opened) fetchDetail();
  }
  lost = state.kind === "live" ? false : lost || before === "live";
  showStream();
}
let lost = false;

function showStream() {
  const words = { connecting: "Connecting…", live: "Live", waiting: "Not connected" };
  linkState.hidden = !(stream.kind in words);
  linkState.dataset.state = lost && stream.kind === "connecting" ? "waiting" : stream.kind;
  text(linkState, lost && stream.kind === "connecting" ? words.waiting : words[stream.kind] ?? "");
  list?.connection(lost || stream.kind === "waiting" ? staleWords(store.heardAt, stream.retryAt ?? NaN, Date.now()) : "");
}

async function older() {
  try {
    await store.older();
  } catch (error) {
    if (error.status === 401 || error.status === 403) return refused(error);
    announcer.say(`More recordings could not be loaded: ${error.message}`);
  }
}

// draw shows the recordings at the next frame, however many of them changed.
function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => { drawing = false; drawNow(); });
}

function drawNow() {
  if (!list || !store) return;
  const now = Date.now();
  list.update({ ...grouped(store.rows.values(), route.filter), filter: route.filter, open: opened, total: store.rows.size, older: store.more, now });
}

// How often, in seconds, the open recording and the list are asked for again, for what raises no event.
const detailEvery = 5, listEvery = 60;
let seconds = 0;

function refresh() {
  if (stream.kind !== "live") return;
  seconds++;
  const row = opened && store.rows.get(opened);
  if (row && status(row).group === "processing" && seconds % detailEvery === 0) fetchDetail();
  if (seconds % listEvery === 0) store.refresh();
}

setInterval(() => {
  if (document.hidden || !list) return;
  refresh();
  const now = Date.now();
  tick(main, now);
  list.tick(now);
  detail.tick(now);
  showStream();
}, 1000);

signOutButton.addEventListener("click", signOut);
addEventListener("hashchange", routeChanged);
addEventListener("online", () => store?.retryNow());
document.addEventListener("visibilitychange", () => { if (!document.hidden) store?.retryNow(); });
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || !opened) return;
  // In a filter that is not empty, Escape empties it, as browsers do.
  if (event.target instanceof HTMLInputElement && event.target.value) return;
  event.preventDefault();
  closeDetail();
});
document.getElementById("skip").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });

begin();
