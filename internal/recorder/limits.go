// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import "time"

// Pauses of a writer, before the deadline of its events ends them.
const (
	// firstBackoff follows the first failure to reach the API server, and
	// doubles with every further one up to maxBackoff; half of it is drawn.
	firstBackoff = 50 * time.Millisecond
	maxBackoff   = 800 * time.Millisecond
	// conflictBackoff is the longest pause after a lost race, for each race
	// that was lost so far; all of it is drawn.
	conflictBackoff = 5 * time.Millisecond
	// maxBarred is how often a write is tried again in a namespace that the API
	// server lets us write nothing in.
	maxBarred = 3
	// freeConflicts are the lost races that cost no pause at all.
	freeConflicts = 2
)
