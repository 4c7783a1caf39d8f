// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// While the API server cannot be asked about rights a stream goes on, but not for ever: then it ends, and its client may come again.
func TestUncheckedRights(t *testing.T) {
	const latest = recheckEvery * 5 / 4 // until the next look at a right
	for review, fails := range map[string]func(*rights) *atomic.Bool{
		"tokenreviews":         func(r *rights) *atomic.Bool { return &r.tokensFail },
		"subjectaccessreviews": func(r *rights) *atomic.Bool { return &r.accessFails },
	} {
		t.Run(review, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				down := fails(&w.rights)
				stream := w.open(t)
				told := make(chan string, 1)
				go func() {
					text, _ := io.ReadAll(stream)
					told <- string(text)
				}()
				for range 2 { // each outage is too short, and what lies between them counts
					down.Store(true)
					pass(maxUnchecked*recheckEvery - latest)
					down.Store(false)
					pass(latest)
				}
				w.expect(t, "after short outages", 1, 0)
				down.Store(true)
				pass(maxUnchecked*recheckEvery - latest - time.Nanosecond)
				w.expect(t, "in a long one", 1, 0)
				pass(2 * latest)
				if n := testutil.ToFloat64(w.counts.ended.WithLabelValues(endUnchecked)); n != 1 {
					t.Fatalf("%v streams ended for it", n)
				}
				if text := <-told; !strings.Contains(text[strings.LastIndex(text, "heartbeat"):], "retry: ") {
					t.Errorf("the end does not say when to come again: %q", text[max(0, len(text)-100):])
				}
			})
		})
	}
}
