// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build race

package expression

// slowdown is how much longer an evaluation may take under the race detector.
const slowdown = 20
