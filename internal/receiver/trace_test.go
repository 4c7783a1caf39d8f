// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

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

// TestWebhookTraces: the webhooks of a recording are one trace, which begins with the first, and each write is below its webhook. What
// the request says of a trace counts for nothing, and no span has more of its address than the route.
func TestWebhookTraces(t *testing.T) {
	tracer, spans := startTracer(t)
	store := tracedStore(tracer)
	clock := epoch
	now := func() time.Time { clock = clock.Add(time.Second); return clock }
	f := newFixture(t, NewQueue((&Writer{Store: store, Windows: testWindows, Now: now}).Write, time.Second))
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("0123456789abcdef"), 0o600); err != nil {
		t.Fatal(err)
	}
	token, err := NewEndpointToken(file, time.Now, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	f.Tracer, f.Now, f.Token = tracer, now, token
	for _, q := range []request{
		{body: webhookBody("recording-starting", testMeeting, testSession)},
		{body: goodBody, header: http.Header{"Traceparent": {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}},
		{body: goodBody},
		{body: "forged", unsigned: true},                    // belongs to no recording, and so to no trace
		{body: `{"webhookType":"session-ended","data":{}}`}, // neither
	} {
		q.path = WebhookPath + "/0123456789abcdef?secret=1"
		f.ServeHTTP(httptest.NewRecorder(), q.build(t))
	}
	got := spans()
	const webhook = "POST /webhooks/videosdk/{token}"
	want := []string{
		webhook + " Starting below nothing", "write status.recording  below " + webhook,
		webhook + " Started below " + webhook, "write status.recording  below " + webhook,
		webhook + " Started below " + webhook, "write status.recording  below " + webhook,
	}
	if diff := cmp.Diff(want, shapes(got)); diff != "" {
		t.Fatalf("spans (-want +got):\n%s", diff)
	}
	place := tracecontext.Parse(store.chain()[0].Traceparent)
	for i, span := range got {
		if span.Trace != place.TraceID().String() || (i > 0 && i%2 == 0 && span.Parent != place.SpanID().String()) {
			t.Errorf("span %d is at %s below %s, the recording at %+v", i, span.Trace, span.Parent, place)
		}
		if !span.Start.Before(span.End) {
			t.Errorf("span %d is from %s to %s", i, span.Start, span.End)
		}
	}
	if result := got[4].Attributes["recording.result"]; result != "duplicate" {
		t.Errorf("the third is %q, want a duplicate", result)
	}
}

// TestFirstOfMany: whatever race many sidecars run, and however events are written together, each recording has one first event.
func TestFirstOfMany(t *testing.T) {
	tracer, _ := startTracer(t)
	store := tracedStore(tracer)
	var firsts atomic.Int32
	var racers sync.WaitGroup
	for i := range 16 {
		racers.Go(func() {
			w := &Writer{Store: store, Windows: testWindows, Now: time.Now}
			for _, written := range w.Write(t.Context(), session, []lifecycle.Event{event(starting, float64(i)), event(started, float64(i))}) {
				if written.Err != nil || written.Outcome.Trace == nil {
					t.Errorf("%+v", written)
					continue
				}
				if written.Outcome.Trace.First {
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
		Write: (&Writer{Store: store, Windows: testWindows, Now: time.Now}).Write, Timeout: 50 * time.Millisecond, Spool: kept, MaxBytes: testSpoolBytes,
		Metrics: NewSpoolMetrics(prometheus.NewRegistry(), kept.Stats), Tracer: tracer, Log: logr.Discard(), Now: time.Now,
	})
	for _, ev := range []lifecycle.Event{event(starting, 0), event(started, 1)} {
		if o, err := s.Record(t.Context(), Event{session, ev}); err != nil || o.Result != Spooled || o.Trace != nil {
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

// TestUntraced: nothing is told of a recording that has no place, or none that is sampled, or when nobody is to tell.
func TestUntraced(t *testing.T) {
	for name, test := range map[string]struct {
		traceparent string
		now         func() time.Time
	}{
		"no place":    {"", time.Now},
		"no such":     {"nonsense", time.Now},
		"not sampled": {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", time.Now},
		"nobody":      {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", nil},
	} {
		t.Run(name, func(t *testing.T) {
			store := newMemoryStore()
			store.traceparent = func() string { return test.traceparent }
			w := &Writer{Store: store, Windows: testWindows, Now: test.now}
			if outcome := writeAll(t, w, event(starting, 0))[0]; outcome.Trace != nil {
				t.Errorf("outcome %+v", outcome)
			}
		})
	}
}
