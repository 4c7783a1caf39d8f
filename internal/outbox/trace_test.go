// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/tracecontext"
	"github.com/meetingops/meeting-recording-operator/internal/tracing"
	"github.com/meetingops/meeting-recording-operator/internal/tracing/tracingtest"
)

// startTracer returns a Tracer, and what the collector has got of it once it is stopped.
func startTracer(t *testing.T) (*tracing.Tracer, func() []tracingtest.Span) {
	t.Helper()
	collector := tracingtest.NewCollector(t)
	tracer, err := tracing.Start(t.Context(), "sidecar", tracing.Options{Endpoint: collector.URL}, logr.Discard())
	if err != nil {
		t.Fatal(err)
	}
	return tracer, func() []tracingtest.Span {
		if err := tracer.Stop(); err != nil {
			t.Error(err)
		}
		return collector.Spans()
	}
}

func tracedStore(tracer *tracing.Tracer) *memoryStore {
	store := newMemoryStore()
	store.traceparent = func() string { return tracecontext.Format(tracer.Begin()) }
	return store
}

// shape is what a test wants of a span: its name, its parent's, and what event it is about.
func shapes(spans []tracingtest.Span) []string {
	names := map[string]string{"": "nothing"}
	for _, span := range spans {
		names[span.ID] = span.Name
	}
	var all []string
	for _, span := range spans {
		all = append(all, span.Name+" "+span.Attributes["recording.event"]+" below "+names[span.Parent])
	}
	return all
}

// TestSpooledTraces: an event that was spooled belongs to the trace as well, from its arrival on.
func TestSpooledTraces(t *testing.T) {
	tracer, spans := startTracer(t)
	store := tracedStore(tracer)
	var away atomic.Bool
	away.Store(true)
	store.hook = func(string, string) error {
		if away.Load() {
			return errAway
		}
		return nil
	}
	kept := openSpool(t, t.TempDir())
	s := NewSpooling(SpoolingOptions{
		Write: (&recorder.Writer{Store: store, Windows: testWindows, Now: time.Now}).Write, Timeout: 50 * time.Millisecond, Spool: kept, MaxBytes: testSpoolBytes,
		Metrics: NewSpoolMetrics(prometheus.NewRegistry(), kept.Stats), Tracer: tracer, Log: logr.Discard(), Now: time.Now,
	})
	for _, ev := range []lifecycle.Event{event(starting, 0), event(started, 1)} {
		if o, err := s.Record(t.Context(), newDelivery(session, ev)); err != nil || o.Result != Spooled || o.Trace != nil {
			t.Fatalf("%+v, %v", o, err)
		}
	}
	away.Store(false)
	stop := running(s)
	s.Flush(t.Context())
	stop()
	got := spans()
	want := []string{
		"spool Starting below nothing", "spool Started below spool", "write status.recording  below spool", "write status.recording  below spool",
	}
	if diff := cmp.Diff(want, shapes(got)); diff != "" {
		t.Fatalf("spans (-want +got):\n%s", diff)
	}
	if !got[0].Start.Equal(epoch) || !got[1].Start.Equal(epoch.Add(time.Second)) {
		t.Errorf("the events came at %s and %s", got[0].Start, got[1].Start)
	}
}
