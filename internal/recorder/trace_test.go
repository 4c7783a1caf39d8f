// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/go-logr/logr"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
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

// TestFirstOfMany: whatever race many sidecars run, and however events are written together, each recording has one first event.
func TestFirstOfMany(t *testing.T) {
	tracer, _ := startTracer(t)
	store := tracedStore(tracer)
	var firsts atomic.Int32
	var racers sync.WaitGroup
	for i := range 16 {
		racers.Go(func() {
			w := &Writer{Store: store, Windows: testWindows}
			for _, written := range w.Write(t.Context(), session, []lifecycle.Event{event(starting, float64(i)), event(started, float64(i))}) {
				if written.Err != nil || written.Outcome.Trace == nil {
					t.Errorf("%+v", written)
					continue
				}
				if written.Outcome.Trace.Event.First {
					firsts.Add(1)
				}
			}
		})
	}
	racers.Wait()
	if chain := store.chain(); len(chain) != 1 || firsts.Load() != 1 {
		t.Errorf("%d recordings, %d first events", len(chain), firsts.Load())
	}
}

// TestUntraced: nothing is notified of a recording that has no place, or none that is sampled.
func TestUntraced(t *testing.T) {
	for name, traceparent := range map[string]string{
		"no place":    "",
		"no such":     "nonsense",
		"not sampled": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
	} {
		t.Run(name, func(t *testing.T) {
			store := newMemoryStore()
			store.traceparent = func() string { return traceparent }
			w := &Writer{Store: store, Windows: testWindows}
			if outcome := writeAll(t, w, event(starting, 0))[0]; outcome.Trace != nil {
				t.Errorf("outcome %+v", outcome)
			}
		})
	}
}
