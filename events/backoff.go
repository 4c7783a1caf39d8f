// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package events

import (
	"math/rand/v2"
	"time"
)

// backoff is how long to wait after failures in a row.
type backoff struct{ first, longest time.Duration }

// wait returns how long to wait after the n-th failure in a row, counted from 1. Half of it is jitter.
func (b backoff) wait(n int) time.Duration {
	whole := b.first
	for i := 1; i < n && whole < b.longest; i++ {
		whole *= 2
	}
	whole = min(whole, b.longest)
	return whole/2 + rand.N(whole/2+1)
}
