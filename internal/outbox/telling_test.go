// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

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
		s, registry := newTestSpooling(kept, (&recorder.Writer{Store: store, Windows: testWindows}).Write)
		RegisterSpoolState(registry, kept, testSpoolBytes, time.Now)
		if got := gauge(t, registry, "meetingrecording_spool_oldest_event_age_seconds"); got != 0 {
			t.Errorf("an empty spool's oldest event is %g s old", got)
		}
		arrived := time.Now()
		ev := lifecycle.Event{Type: v1alpha1.EventStarting, Source: v1alpha1.EventSourceWebhook, ReceivedAt: arrived}
		if _, err := s.Record(t.Context(), newDelivery(session, ev)); err != nil {
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
		delay := delayOf(t, registry, ViaSpool)
		if took := time.Since(arrived).Seconds(); delay.GetSampleCount() != 1 || delay.GetSampleSum() < 60 || delay.GetSampleSum() > took {
			t.Errorf("%d events took %g s, want one of %g s", delay.GetSampleCount(), delay.GetSampleSum(), took)
		}
		stop()
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
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
