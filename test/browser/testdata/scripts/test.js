// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// What the tests of the page's scripts are written with. They run in the browser, where the scripts do.
const tests = [];

export const test = (name, run) => tests.push({ name, run });

// equal throws where two values differ as JSON, with undefined and NaN told apart.
export function equal(got, want, about = "") {
  const show = (value) => JSON.stringify(value, (_, v) => (v === undefined ? "undefined" : typeof v === "number" && !Number.isFinite(v) ? String(v) : v));
  if (show(got) !== show(want)) throw new Error(`${about ? `${about}: ` : ""}got ${show(got)}, want ${show(want)}`);
}

// run runs all tests, and returns [{name, error}], error "" where there is none.
export async function run() {
  const results = [];
  for (const { name, run } of tests) {
    try {
      await run();
      results.push({ name, error: "" });
    } catch (error) {
      results.push({ name, error: `${error.message}\n${error.stack}` });
    }
  }
  return results;
}
