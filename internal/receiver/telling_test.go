// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"errors"
	"math"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

// Whoever looks for a recording's name finds what became of its webhooks, also of those that were not written.
func TestLogNamesWhatItIsAbout(t *testing.T) {
	known := []string{`"namespace"="meetings"`, `"name"="` + testName + `"`}
	session := []string{`"session"="` + testName + `"`}
	for name, test := range map[string]struct {
		recorder Recorder
		request  request
		want     []string
	}{
		"recorded":  {recordedAlways, request{body: goodBody}, known},
		"duplicate": {recordedAs(lifecycle.Duplicate, "meetings/"+testName), request{body: goodBody}, known},
		"spooled":   {recordedAs(Spooled, ""), request{body: goodBody}, session},
		"away":      {recordedNever(ErrTimeout), request{body: goodBody}, session},
		"a bug":     {recordedNever(newPanicError("inside")), request{body: goodBody}, session},
		"forged":    {recordedAlways, request{body: goodBody, unsigned: true}, nil},
	} {
		f := newFixture(t, test.recorder)
		f.ServeHTTP(httptest.NewRecorder(), test.request.build(t))
		for _, want := range test.want {
			if !strings.Contains(f.log.String(), want) {
				t.Errorf("%s: %s is not in the log:\n%s", name, want, f.log)
			}
		}
		if test.want == nil && strings.Contains(f.log.String(), testName) {
			t.Errorf("%s: what a stranger says is in the log:\n%s", name, f.log)
		}
	}
	if got := valuesOf("damaged"); got[1] != "damaged" {
		t.Errorf("a damaged key of the spool is told as %v", got)
	}
}

func recordedAs(result lifecycle.Result, recording string) Recorder {
	return recorderFunc(func(context.Context, Event) (Outcome, error) {
		return Outcome{Result: result, Recording: recording}, nil
	})
}

// The spool's gauges tell how long the first event has waited; and what it took in the end, counted from its arrival, is in the same
// histogram as what the others took.
func TestSpoolStateAndDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		away := true
		store.hook = func(string, string) error {
			if away {
				return errAway
			}
			return nil
		}
		kept := openSpool(t, t.TempDir())
		s, registry := newTestSpooling(kept, (&Writer{Store: store, Windows: testWindows}).Write)
		RegisterSpoolState(registry, kept, testSpoolBytes, time.Now)
		if got := gauge(t, registry, "meetingrecording_spool_oldest_event_age_seconds"); got != 0 {
			t.Errorf("an empty spool's oldest event is %g s old", got)
		}
		arrived := time.Now()
		ev := lifecycle.Event{Type: v1alpha1.EventStarting, Source: v1alpha1.EventSourceWebhook, ReceivedAt: arrived}
		if _, err := s.Record(t.Context(), Event{session, ev}); err != nil {
			t.Fatal(err)
		}
		spooled := time.Now()
		linger(t.Context(), time.Minute)
		if got := gauge(t, registry, "meetingrecording_spool_oldest_event_age_seconds"); got < 60 || got > time.Since(spooled).Seconds()+1 {
			t.Errorf("the oldest event is %g s old", got)
		}
		if got := gauge(t, registry, "meetingrecording_spool_max_bytes"); got != testSpoolBytes {
			t.Errorf("the bound is %g", got)
		}
		away = false
		stop := running(s)
		s.Flush(t.Context())
		delay := delayOf(t, registry, viaSpool)
		if took := time.Since(arrived).Seconds(); delay.GetSampleCount() != 1 || delay.GetSampleSum() < 60 || delay.GetSampleSum() > took {
			t.Errorf("%d events took %g s, want one of %g s", delay.GetSampleCount(), delay.GetSampleSum(), took)
		}
		stop()
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
}

// Both ways count in one histogram, in whichever order they are set up.
func TestStatusDelayIsShared(t *testing.T) {
	registry := prometheus.NewRegistry()
	spooled := NewSpoolMetrics(registry, func() spool.Stats { return spool.Stats{} })
	direct := NewMetrics(registry)
	spooled.delay.Observe(1)
	direct.webhook("recording-started", outcomeRecorded, time.Second)
	direct.webhook("recording-started", outcomeDuplicate, time.Second)
	direct.webhook("recording-started", outcomeSpooled, time.Second) // it is not in the status yet
	if got := delayOf(t, registry, viaDirect).GetSampleCount(); got != 2 {
		t.Errorf("%d went the direct way", got)
	}
	if got := delayOf(t, registry, viaSpool).GetSampleCount(); got != 1 {
		t.Errorf("%d went through the spool", got)
	}
}

func TestOldestAge(t *testing.T) {
	for name, test := range map[string]struct {
		spool peekable
		want  float64
	}{
		"none":          {peekable{}, 0},
		"gone meantime": {peekable{sessions: []string{"a"}}, 0},
		"one":           {peekable{sessions: []string{"a", "b"}, records: []spool.Record{{StoredAt: epoch.Add(-time.Minute)}}}, 60},
		"a clock back":  {peekable{sessions: []string{"a"}, records: []spool.Record{{StoredAt: epoch.Add(time.Minute)}}}, 0},
		"unreadable":    {peekable{sessions: []string{"a"}, err: errors.New("damaged")}, math.NaN()},
	} {
		if got := oldestAge(test.spool, epoch); got != test.want && !(math.IsNaN(got) && math.IsNaN(test.want)) {
			t.Errorf("%s: %g, want %g", name, got, test.want)
		}
	}
}

// peekable is a Spool that can only be looked into.
type peekable struct {
	Spool
	sessions []string
	records  []spool.Record
	err      error
}

func (p peekable) Sessions() []string                       { return p.sessions }
func (p peekable) Peek(string, int) ([]spool.Record, error) { return p.records, p.err }

// Names, units and help are by Prometheus' conventions.
func TestMetricsLint(t *testing.T) {
	registry := prometheus.NewRegistry()
	NewMetrics(registry)
	NewSpoolMetrics(registry, func() spool.Stats { return spool.Stats{} })
	RegisterSpoolState(registry, peekable{}, 1, time.Now)
	NewConnections(1, registry)
	problems, err := testutil.GatherAndLint(registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
}

func family(t *testing.T, registry *prometheus.Registry, name string) *dto.MetricFamily {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f
		}
	}
	t.Fatalf("there is no %s", name)
	return nil
}

func gauge(t *testing.T, registry *prometheus.Registry, name string) float64 {
	t.Helper()
	return family(t, registry, name).GetMetric()[0].GetGauge().GetValue()
}

func delayOf(t *testing.T, registry *prometheus.Registry, via string) *dto.Histogram {
	t.Helper()
	for _, metric := range family(t, registry, "meetingrecording_status_delay_seconds").GetMetric() {
		if metric.GetLabel()[0].GetValue() == via {
			return metric.GetHistogram()
		}
	}
	t.Fatalf("nothing goes %s", via)
	return nil
}
