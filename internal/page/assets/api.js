// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// The server's HTTP interface, with the session cookie. A refusal is an ApiError with the server's own words.

// How long an answer may take, in milliseconds: more than the server takes at most. A connection that is gone would never answer.
const answerTimeout = 60_000;

// ApiError is an answer that is no success. status is 0 where there was no answer at all.
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.name = "ApiError";
    this.status = status;
  }
}

// explain returns what the server says of an answer that is no success: the error of its JSON, or words for the status.
export async function explain(response) {
  try {
    const { error } = await response.json();
    if (typeof error === "string" && error) return error;
  } catch {
    // No JSON, as from a proxy in between.
  }
  return `the server answered ${response.status}`;
}

async function call(method, path, body) {
  const options = { method, headers: { Accept: "application/json" }, credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(answerTimeout) };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new ApiError(0, "the server cannot be reached");
  }
  if (!response.ok) throw new ApiError(response.status, await explain(response));
  if (response.status === 204) return null;
  try {
    return await response.json();
  } catch {
    throw new ApiError(0, "the server's answer broke off, or is no JSON");
  }
}

export const session = () => call("GET", "api/v1/session");
export const signIn = (token) => call("POST", "api/v1/session", { token });

// signOut answers nothing that matters, so a body that is no JSON is no failure.
export async function signOut() {
  try {
    await call("DELETE", "api/v1/session");
  } catch (error) {
    if (error.status !== 0 && error.status !== 401) throw error;
  }
}

// list returns one page of summaries, newest first as far as the server sorts: {items, continue}.
export function list({ namespace, limit, after }) {
  const parameters = new URLSearchParams({ limit: String(limit) });
  if (namespace) parameters.set("namespace", namespace);
  if (after) parameters.set("continue", after);
  return call("GET", `api/v1/recordings?${parameters}`);
}

export const recording = (namespace, name) =>
  call("GET", `api/v1/namespaces/${encodeURIComponent(namespace)}/recordings/${encodeURIComponent(name)}`);

export const eventsURL = (namespace) => (namespace ? `events?${new URLSearchParams({ namespace })}` : "events");
