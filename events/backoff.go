// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package events

import (
	"math/rand/v2"
	"time"
)

// backoff is how long to wait after failures in a row.
type backoff struct{ first, longest time.Duration }

// pause returns the pause after the n-th failure in a row, from 1: between half of what it grew to and all of it.
func (b backoff) pause(n int) time.Duration {
	whole := b.first
	for i := 1; i < n && whole < b.longest; i++ {
		whole *= 2
	}
	whole = min(whole, b.longest)
	return whole/2 + rand.N(whole/2+1)
}
