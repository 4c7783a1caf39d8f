// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
)

// TestSlowWrites: with three seconds for a write each event is written once, its sender has a response in time, and replays do not have
// new events wait for the API server again.
func TestSlowWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.server.delay = func() time.Duration { return 3 * time.Second }
		var senders sync.WaitGroup
		waited := 0
		var mu sync.Mutex
		for session := range 300 {
			senders.Go(func() {
				begin := time.Now()
				w.expect(t, newEvent(session, 0), Spooled, 2500*time.Millisecond)
				if time.Since(begin) > 100*time.Millisecond && session > 100 {
					mu.Lock()
					waited++
					mu.Unlock()
				}
			})
			pass(100 * time.Millisecond)
		}
		senders.Wait()
		if waited > 20 { // the probes of a half-open circuit breaker
			t.Errorf("%d of 200 events waited for an API server that is known to be slow", waited)
		}
		w.flush(t)
		for session := range 300 {
			if got := w.server.of(newEvent(session, 0)); len(got) != 1 {
				t.Errorf("session %d is written %d times", session, len(got))
			}
		}
		w.end(t)
	})
}

// TestHealthyAfterOutage: once the API server is back, events are written directly again within moments.
func TestHealthyAfterOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.expect(t, newEvent(0, 0), lifecycle.Recorded, 0)
		w.server.set(always(errRefused))
		for session := range 50 {
			w.expect(t, newEvent(1+session, 0), Spooled, 2*time.Second)
		}
		tries := w.server.triesSoFar()
		pass(time.Minute)
		if tries = w.server.triesSoFar() - tries; tries > 70 {
			t.Errorf("%d tries in a minute in which the API server is away", tries)
		}
		w.server.set(nil)
		w.flush(t)
		pass(openFor)
		w.expect(t, newEvent(100, 0), lifecycle.Recorded, 0)
		w.expect(t, newEvent(101, 0), lifecycle.Recorded, 0)
		for _, line := range []string{"API server refuses writes, spooling events", "API server accepts writes again", "Spool empty"} {
			if !strings.Contains(w.log.String(), line) {
				t.Errorf("%q is not in the log:\n%s", line, w.log)
			}
		}
		w.end(t)
	})
}

// TestBlip: a failure or two cost the sender no more than a moment.
func TestBlip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		failures := 2
		w.server.set(func(lifecycle.Event, recorder.Session) error {
			if failures--; failures >= 0 {
				return errRefused
			}
			return nil
		})
		w.expect(t, newEvent(0, 0), lifecycle.Recorded, 500*time.Millisecond)
		w.end(t)
	})
}

// TestLongRetryAfter: a proxy that asks for an hour, such as the one that answers while the API server is maintained, gets a minute.
func TestLongRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.server.set(always(&apierrors.StatusError{ErrStatus: metav1.Status{
			Status: metav1.StatusFailure, Code: 503, Reason: metav1.StatusReasonServiceUnavailable, Details: &metav1.StatusDetails{RetryAfterSeconds: 3600},
		}}))
		w.expect(t, newEvent(0, 0), Spooled, 2500*time.Millisecond)
		w.server.set(nil)
		begin := time.Now()
		if w.flush(t); time.Since(begin) > 2*time.Minute {
			t.Errorf("written %s after the API server is back", time.Since(begin))
		}
		w.end(t)
	})
}

// TestSpoolFirst: events are acknowledged without the API server, and written together after a moment.
func TestSpoolFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *Options) { o.SpoolFirst = true })
		begin := time.Now()
		w.expect(t, newEvent(0, 0), Spooled, 0)
		w.expect(t, newEvent(0, 1), Spooled, 0)
		if w.flush(t); time.Since(begin) < gatherDelay || !slices.Equal(w.server.batches, []int{2}) {
			t.Errorf("written in batches of %v after %s", w.server.batches, time.Since(begin))
		}
		if took := time.Since(begin); took > 2*gatherDelay {
			t.Errorf("written only after %s", took)
		}
		w.end(t)
	})
}

// TestMetrics: names, units and help follow Prometheus' conventions, and a full spool is quickly scraped.
func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		RegisterSpool(w.registry, w.store, time.Now)
		w.server.set(always(errRefused))
		w.expect(t, newEvent(0, 0), Spooled, 2*time.Second)
		pass(time.Minute)
		problems, err := testutil.GatherAndLint(w.registry)
		if err != nil || len(problems) > 0 {
			t.Errorf("%v, %v", problems, err)
		}
		families, err := w.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]float64{}
		for _, f := range families {
			got[f.GetName()] = f.GetMetric()[0].GetGauge().GetValue()
		}
		if got["meetingrecording_spool_events"] != 1 || got["meetingrecording_spool_max_bytes"] != testSpoolBytes || got["meetingrecording_spool_bytes"] < 200 {
			t.Errorf("%v", got)
		}
		if age := got["meetingrecording_spool_oldest_event_age_seconds"]; age < 60 || age > 66 {
			t.Errorf("the oldest event is %g s old", age)
		}
		w.server.set(nil)
		w.flush(t)
		w.expect(t, newEvent(1, 0), lifecycle.Recorded, 0)
		if replayed := testutil.ToFloat64(w.Metrics.replayed); replayed != 1 {
			t.Errorf("%g replayed", replayed)
		}
		w.end(t)
	})
}
