// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestBreakerLosesPatience: writes that do not come back open the breaker long
// before their time-outs, one event a second is still tried, and the first
// success closes it.
func TestBreakerLosesPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &breaker{now: time.Now}
		expect := func(when string, want bool) {
			t.Helper()
			if got := b.allows(); got != want {
				t.Errorf("%s: allows = %t, want %t", when, got, want)
			}
		}
		expect("nothing under way", true)
		end := b.begin()
		<-time.After(breakerPatience)
		expect("within its patience", true)
		<-time.After(breakerPatience / 2)
		expect("nothing came back", false)
		<-time.After(breakerPause)
		expect("a pause later, as a trial", true)
		expect("right after the trial", false)
		b.succeeded()
		end()
		expect("after a success", true)
	})
}
