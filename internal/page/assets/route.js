// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// The address bar: #/?namespace=&meeting=&state=&q= is the list, #/NAMESPACE/NAME?... a recording beside it. Pure.

const keys = { namespace: "namespace", meeting: "meeting", state: "state", text: "q" };
const states = ["attention", "recording", "processing", "ready"];

// parseRoute reads an address's fragment. What it does not know it leaves out, so that every address shows something.
export function parseRoute(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const parameters = new URLSearchParams(query);
  const filter = Object.fromEntries(Object.entries(keys).map(([field, key]) => [field, parameters.get(key) ?? ""]));
  if (!states.includes(filter.state)) filter.state = "";
  const parts = path.split("/").map(decode);
  const recording = parts.length === 2 && parts.every(Boolean) ? { namespace: parts[0], name: parts[1] } : null;
  return { filter, recording };
}

// formatRoute writes the fragment that parseRoute reads.
export function formatRoute({ filter, recording }) {
  const parameters = new URLSearchParams();
  for (const [field, key] of Object.entries(keys)) if (filter[field]) parameters.set(key, filter[field]);
  const query = parameters.toString();
  const path = recording ? `${encodeURIComponent(recording.namespace)}/${encodeURIComponent(recording.name)}` : "";
  return `#/${path}${query ? `?${query}` : ""}`;
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
