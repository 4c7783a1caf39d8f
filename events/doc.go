// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package events tells apps and back ends, live, how far recordings are.
package events
