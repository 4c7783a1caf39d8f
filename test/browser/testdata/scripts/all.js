// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

import "./format.test.js";
import "./links.test.js";
import "./model.test.js";
import "./store.test.js";
import "./stream.test.js";
import "./vtt.test.js";
import { run } from "./test.js";

globalThis.results = await run();
