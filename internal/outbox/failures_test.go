// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

// failingSpool refuses to append.
type failingSpool struct {
	*spool.Store
	err   error
	async bool
	hang  bool
}

func (f *failingSpool) Append(records []spool.Record, done func(error)) error {
	switch {
	case f.hang:
		go func() {
			pass(10 * time.Second)
			_ = f.Store.Append(records, done)
		}()
		for i := range records {
			records[i].ID = uint64(time.Now().UnixMicro())
		}
		return nil
	case f.err == nil:
		return f.Store.Append(records, done)
	case f.async:
		for i := range records {
			records[i].ID = uint64(time.Now().UnixMicro())
		}
		go done(f.err)
		return nil
	}
	return f.err
}

// TestSpoolFails: neither the API server nor the disk takes an event; the error says why and what to do, and is counted. Spooled first,
// the API server still may.
func TestSpoolFails(t *testing.T) {
	for _, tc := range []struct {
		err       error
		name, fix string
	}{
		{spool.ErrFull, "full", "raise --spool-max-bytes"},
		{spool.ErrUnwritable, "unwritable", "--spool-dir is on a healthy disk"},
		{spool.ErrClosed, "unwritable", "restart the sidecar"},
	} {
		for _, async := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				var failing *failingSpool
				w := newWorld(t, func(o *Options) {
					failing = &failingSpool{Store: o.Spool.(*spool.Store), err: tc.err, async: async}
					o.Spool = failing
				})
				w.server.set(always(errRefused))
				_, err := w.Record(t.Context(), newEvent(0, 0))
				if !errors.Is(err, tc.err) || !strings.Contains(err.Error(), tc.fix) {
					t.Errorf("error %v", err)
				}
				if testutil.ToFloat64(w.Metrics.errors.WithLabelValues(tc.name)) == 0 {
					t.Errorf("not counted as %s", tc.name)
				}
				w.server.set(nil)
				pass(openFor + time.Millisecond)
				w.mu.Lock()
				w.SpoolFirst = true
				w.mu.Unlock()
				w.expect(t, newEvent(1, 0), lifecycle.Recorded, 0)
				synctest.Wait()
				w.mu.Lock()
				if len(w.queues) > 0 {
					t.Errorf("%d queues are left", len(w.queues))
				}
				w.mu.Unlock()
				w.end(t)
			})
		}
	}
}

// TestSlowDisk: the sender has a response in time, and what the disk stores in the end is written.
func TestSlowDisk(t *testing.T) {
	for _, first := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, func(o *Options) {
				o.Spool, o.SpoolFirst = &failingSpool{Store: o.Spool.(*spool.Store), hang: true}, first
			})
			w.server.set(always(errRefused))
			begin := time.Now()
			if _, err := w.Record(t.Context(), newEvent(0, 0)); !errors.Is(err, errDiskSlow) || time.Since(begin) > 2500*time.Millisecond {
				t.Errorf("%v after %s", err, time.Since(begin))
			}
			w.server.set(nil)
			pass(time.Minute)
			if got := w.server.of(newEvent(0, 0)); len(got) == 0 {
				t.Error("what is on disk is not written")
			}
			w.end(t)
		})
	}
}

// usedSpool is one that is filled so far.
type usedSpool struct {
	*spool.Store
	stats spool.Stats
}

func (u *usedSpool) Stats() spool.Stats { return u.stats }

// TestShares: clients' events, those of a namespace that refuses writes, and rejected ones leave room for the others.
func TestShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		used := &usedSpool{}
		w := newWorld(t, func(o *Options) { used.Store = o.Spool.(*spool.Store); o.Spool = used })
		w.server.set(func(_ lifecycle.Event, session recorder.Session) error {
			if session.Namespace == "gone" {
				return errNamespace
			}
			return nil
		})
		for n := range openAfter {
			w.expect(t, eventIn("gone", n, 0), Spooled, 2*time.Second)
		}
		synctest.Wait() // nobody asks for the stats while they change
		used.stats = spool.Stats{MaxBytes: testSpoolBytes, Bytes: testSpoolBytes/refusedShare + 1}
		if _, err := w.Record(t.Context(), eventIn("gone", 10, 0)); !errors.Is(err, spool.ErrFull) || !strings.Contains(err.Error(), "namespace gone") {
			t.Errorf("error %v", err)
		}
		w.expect(t, newEvent(0, 0), lifecycle.Recorded, 0)
		w.server.set(always(errRefused))
		synctest.Wait()
		used.stats.Bytes = testSpoolBytes/clientShare + 1
		ofClient := newEvent(0, 0)
		ofClient.Source = v1alpha1.EventSourceClient
		if _, err := w.Record(t.Context(), ofClient); !errors.Is(err, spool.ErrFull) || !strings.Contains(err.Error(), "used their share of the spool") {
			t.Errorf("error %v", err)
		}
		w.expect(t, newEvent(1, 0), Spooled, 2*time.Second)
		synctest.Wait()
		used.stats.DeadBytes = testSpoolBytes/deadShare + 1
		w.server.set(always(errRejected))
		pass(openFor + time.Millisecond)
		if _, err := w.Record(t.Context(), newEvent(3, 0)); recorder.RejectionOf(err) == nil {
			t.Errorf("error %v", err)
		}
		synctest.Wait()
		if !strings.Contains(w.log.String(), "too many dead letters") {
			t.Errorf("log:\n%s", w.log)
		}
		w.end(t)
	})
}

// TestWithoutSpool: an event is written in time or its sender is told that it was not.
func TestWithoutSpool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		o := New(Options{Write: s.write, Timeout: time.Second, Metrics: NewMetrics(prometheus.NewRegistry()), Now: time.Now})
		if _, err := o.Record(t.Context(), newEvent(0, 0)); err != nil {
			t.Error(err)
		}
		s.set(always(errRefused))
		for range 10 {
			begin := time.Now()
			if _, err := o.Record(t.Context(), newEvent(0, 1)); !errors.Is(err, ErrTimeout) || time.Since(begin) != time.Second {
				t.Errorf("%v after %s", err, time.Since(begin))
			}
		}
		s.set(nil)
		if _, err := o.Record(t.Context(), newEvent(0, 2)); err != nil {
			t.Error(err)
		}
		if got := s.of(newEvent(0, 0)); !slices.Equal(got, []int{0, 2}) {
			t.Errorf("written: %v, want what was acknowledged", got)
		}
		o.Flush(t.Context())
		o.Close(t.Context())
	})
}
