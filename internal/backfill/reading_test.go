// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backfill

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/meetingops/meeting-recording-operator/test/harness/provider"
)

// TestEndsWhereNothingCanSucceed: a round does not ask in vain a thousand times.
func TestEndsWhereNothingCanSucceed(t *testing.T) {
	for _, tc := range []struct {
		name  string
		setUp func(*world)
		want  string
	}{
		{"a key without permission", func(w *world) { w.account.Forbidden.Store(true) }, "HTTP status 403"},
		{"a wrong secret", func(w *world) { w.account.Secret = "another" }, "HTTP status 401"},
		{"no API server", func(w *world) { w.cluster.before = func() error { return errAway } }, "connection refused"},
		{"a page for people", func(w *world) { w.account.Faults = &provider.Faults{Rate: 1, Kinds: []provider.Fault{provider.HTML}} }, "not JSON but text/html"},
		{"a renamed field", func(w *world) {
			w.account.Faults = &provider.Faults{Rate: 1, Kinds: []provider.Fault{provider.Renamed}}
		}, "no field pageInfo"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				for number := range 300 {
					w.session(number, 1, 2*time.Hour)
				}
				tc.setUp(w)
				b := w.start(t)
				summary, err := b.Round(t.Context())
				if err == nil || !strings.Contains(err.Error(), tc.want) {
					t.Errorf("error %v, want %q", err, tc.want)
				}
				if summary.Checked > maxFailures+2*sessionsInFlight {
					t.Errorf("%d sessions were checked in vain", summary.Checked)
				}
				if got := testutil.ToFloat64(b.metrics.rounds.WithLabelValues("failed")); got != 1 {
					t.Errorf("counted %v failed rounds", got)
				}
				if runner := (&Runner{Backfill: b}); runner.Ready() == nil {
					t.Error("ready before a round")
				}
			})
		})
	}
}

// TestIdleRounds: what is in place is not asked for again and again.
func TestIdleRounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		for number := range 100 {
			for _, r := range w.session(number, 1, time.Duration(number+1)*20*time.Minute) {
				w.cluster.webhook(t, r)
			}
		}
		b := w.start(t)
		if summary, err := b.Round(t.Context()); err != nil || summary.Checked != 100 || w.cluster.gets != 100 {
			t.Fatalf("%+v, %d gets: %v", summary, w.cluster.gets, err)
		}
		<-time.After(5 * time.Minute)
		if summary, err := b.Round(t.Context()); err != nil || summary.Checked > 3 || summary.Sessions != 100 {
			t.Errorf("%+v, %v", summary, err)
		}
		// Over a day, what the provider lists late is found all the same.
		late := provider.Recording{ID: "late", SessionID: provider.ID('5', 3), RoomID: provider.Room(3), FileID: provider.ID('f', 999_999), Created: time.Now()}
		w.account.AddRecording(late)
		for range 12 * 24 {
			<-time.After(5 * time.Minute)
			if _, err := b.Round(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if on := w.cluster.files(); on[late.FileID] != 1 {
			t.Error("the late file was not found")
		}
		if w.cluster.gets > 2500 {
			t.Errorf("%d gets in a day for 100 sessions", w.cluster.gets)
		}
		// What has left the lookback is forgotten.
		<-time.After(60 * time.Hour)
		if _, err := b.Round(t.Context()); err != nil || len(b.schedule) != 0 {
			t.Errorf("%d sessions are remembered: %v", len(b.schedule), err)
		}
	})
}

// TestEndsWhereNothingCanBeRead: an API of another shape is not an account without recordings, and some bad entries are no other API.
func TestEndsWhereNothingCanBeRead(t *testing.T) {
	for _, tc := range []struct {
		name      string
		bad, good int
		change    func(*provider.Recording)
		want      string
	}{
		{"some recordings", maxFailures - 1, 30, func(r *provider.Recording) { r.RoomID = "" }, ""},
		{"all recordings", 50, 0, func(r *provider.Recording) { r.RoomID = "" }, "no recording of 20 sessions in a row can be read (roomId is missing)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				for number := range tc.bad + tc.good {
					for _, r := range w.session(number, 1, 2*time.Hour) {
						if number < tc.bad {
							change(t, w, r, tc.change)
						}
					}
				}
				b := w.start(t)
				summary, err := b.Round(t.Context())
				if (err == nil) != (tc.want == "") || (err != nil && !strings.Contains(err.Error(), tc.want)) {
					t.Errorf("error %v, want %q", err, tc.want)
				}
				if tc.want == "" && (summary.Found[Recorded] != tc.good || summary.Found[Unreadable] != tc.bad) {
					t.Errorf("found %v", summary.Found)
				}
			})
		})
	}
	for name, tc := range map[string]struct {
		bad, good int
		want      string
	}{
		"one session":  {1, 0, "list sessions: none can be read (roomId is missing): the provider's API may have changed"},
		"all sessions": {300, 0, "list sessions: none can be read (roomId is missing): the provider's API may have changed"},
		"all but one":  {300, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				for number := range tc.good {
					w.session(1000+number, 1, 2*time.Hour) // listed last
				}
				for number := range tc.bad {
					w.account.AddSession(provider.Session{ID: provider.ID('5', number), Start: time.Now().Add(-time.Hour)})
				}
				summary, err := w.start(t).Round(t.Context())
				if (err == nil) != (tc.want == "") || (err != nil && !strings.Contains(err.Error(), tc.want)) {
					t.Errorf("error %v, want %q", err, tc.want)
				}
				if summary.Found[Recorded] != tc.good || summary.Found[Unreadable] != tc.bad {
					t.Errorf("found %v", summary.Found)
				}
			})
		})
	}
}

// TestBadEntriesHideNoOther, however many there are of them.
func TestBadEntriesHideNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		all := w.session(1, 60, 2*time.Hour)
		for _, r := range all[:59] {
			change(t, w, r, func(r *provider.Recording) { r.URL = "ftp://h/a" })
		}
		summary, err := w.start(t).Round(t.Context())
		if err != nil || summary.Found[Unreadable] != 59 || summary.Found[Recorded] != 1 {
			t.Errorf("found %v: %v", summary.Found, err)
		}
	})
}

// TestReadsAllAtOnce: a round with many sessions does not read each object by
// itself, and finds the same.
func TestReadsAllAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		for number := range 300 {
			for i, r := range w.session(number, 3, 2*time.Hour) {
				if number%10 == 0 && i == 1 {
					continue // lost
				}
				if number%10 == 1 && i == 2 {
					change(t, w, r, func(r *provider.Recording) { r.URL = "https://h.example/" + r.FileID + "?Expires=1795000000" })
					r.URL = "https://h.example/" + r.FileID + "?Expires=1"
				}
				w.cluster.webhook(t, r)
			}
		}
		b := w.start(t)
		b.readAllAfter = 20
		summary, err := b.Round(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[Outcome]int{Present: 840, Recorded: 30, Refreshed: 30}, summary.Found); diff != "" {
			t.Errorf("found (-want +got):\n%s", diff)
		}
		if err := w.problems(); err != nil {
			t.Error(err)
		}
		// Only the sessions of what is missing, or has expired, are still read by themselves.
		if most := 1 + sessionsInFlight + 60; w.cluster.lists != 1 || w.cluster.gets > most {
			t.Errorf("%d lists and %d gets, want 1 and at most %d", w.cluster.lists, w.cluster.gets, most)
		}
		w.cluster.before = func() error { return errAway }
		<-time.After(3 * time.Hour)
		if _, err := b.Round(t.Context()); !errors.Is(err, errAway) {
			t.Errorf("with an API server that is away: %v", err)
		}
	})
}

// TestReadsOneByOneWhereAllAreTooMany: an API server that cannot list all objects in time holds up nothing.
func TestReadsOneByOneWhereAllAreTooMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		for number := range 200 {
			w.session(number, 1, 2*time.Hour)
		}
		w.cluster.noLists = true
		b := w.start(t)
		b.readAllAfter = 50
		summary, err := b.Round(t.Context())
		if err != nil || summary.Found[Recorded] != 200 || w.cluster.lists == 0 || w.cluster.lists > 4 {
			t.Errorf("found %v after %d lists: %v", summary.Found, w.cluster.lists, err)
		}
	})
}

// TestOneReadForEachSession, however many recordings it has.
func TestOneReadForEachSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		for number := range 40 {
			for i, r := range w.session(number, 1+number%4, 2*time.Hour) {
				if number < 20 || i%2 == 0 {
					w.cluster.webhook(t, r)
				}
			}
		}
		if _, err := w.start(t).Round(t.Context()); err != nil || w.problems() != nil {
			t.Error(err, w.problems())
		}
		if w.cluster.gets != 40 || w.cluster.lists != 0 {
			t.Errorf("%d reads for 40 sessions, and %d of all", w.cluster.gets, w.cluster.lists)
		}
	})
}
