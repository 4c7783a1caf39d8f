// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import "time"

// A crowd is crowdSize events within crowdSpan, and lasts for crowdSpan more.
const (
	crowdSize = 20
	crowdSpan = 100 * time.Millisecond
)

// crowd counts events in spans of time.
type crowd struct {
	began time.Time
	count int
	until time.Time
}

// come counts one more.
func (c *crowd) come(now time.Time) {
	if now.Sub(c.began) >= crowdSpan {
		c.began, c.count = now, 0
	}
	if c.count++; c.count >= crowdSize {
		c.until = now.Add(crowdSpan)
	}
}
