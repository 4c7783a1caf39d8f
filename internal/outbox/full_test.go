// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

// fillSpool fills a spool to its limit with one event per session, and returns how many there are.
func fillSpool(t testing.TB, store *spool.Store) (sessions int) {
	t.Helper()
	for {
		var records []spool.Record
		for range 256 {
			sessions++
			records = append(records, SpooledEvent{Event: newEvent(sessions, 0)}.Record(spool.Waiting))
		}
		switch err := spool.AppendNow(store, records); {
		case errors.Is(err, spool.ErrFull):
			return sessions - 256
		case err != nil:
			t.Fatal(err)
		}
	}
}

func liveHeap() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// fullSpool measures an outbox whose spool is filled: the memory for a session, the start, a response, and what a scrape asks for.
func fullSpool(t testing.TB, maxBytes int64) (perSession float64, start, response, scrape time.Duration, sessions int) {
	directory := t.TempDir()
	store, err := spool.Open(directory, spool.Options{MaxBytes: maxBytes, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	sessions = fillSpool(t, store)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	before := liveHeap()
	begin := time.Now()
	if store, err = spool.Open(directory, spool.Options{MaxBytes: maxBytes, Now: time.Now}); err != nil {
		t.Fatal(err)
	}
	s := newServer()
	s.fail = always(errRefused)
	o := New(Options{Write: s.write, Timeout: 2 * time.Second, Spool: store, Metrics: NewMetrics(prometheus.NewRegistry()), Log: logr.Discard(), Now: time.Now})
	if err := o.Start(); err != nil {
		t.Fatal(err)
	}
	start = time.Since(begin)
	if after := liveHeap(); after > before {
		perSession = float64(after-before) / float64(sessions)
	}
	for n := range 50 {
		begin = time.Now()
		_, _ = o.Record(t.Context(), newEvent(-n, 0)) // it is full
		response = max(response, time.Since(begin))
		begin = time.Now()
		store.Stats()
		scrape = max(scrape, time.Since(begin))
	}
	o.Close(t.Context())
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	return perSession, start, response, scrape, sessions
}

// TestFullSpool: with one event per session a waiting session takes little memory, and whatever asks for the spool has its answer at
// once. The whole size is measured by BenchmarkFullSpool and by `make bench`.
func TestFullSpool(t *testing.T) {
	perSession, _, response, scrape, sessions := fullSpool(t, 8<<20)
	t.Logf("%d sessions: %.0f bytes each, response %s, scrape %s", sessions, perSession, response, scrape)
	if perSession > 150 {
		t.Errorf("%.0f bytes of memory for a waiting session", perSession)
	}
	if response > 2500*time.Millisecond || scrape > 100*time.Millisecond {
		t.Errorf("response %s, scrape %s", response, scrape)
	}
}

// BenchmarkFullSpool is the default --spool-max-bytes.
func BenchmarkFullSpool(b *testing.B) {
	for b.Loop() {
		perSession, start, response, scrape, sessions := fullSpool(b, 256<<20)
		b.ReportMetric(perSession, "B/session")
		b.ReportMetric(float64(sessions), "sessions")
		b.ReportMetric(start.Seconds(), "start-s")
		b.ReportMetric(response.Seconds(), "response-s")
		b.ReportMetric(scrape.Seconds(), "scrape-s")
	}
}
