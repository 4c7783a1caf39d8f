// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backfill

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk/rest"
	"github.com/meetingops/meeting-recording-operator/test/harness/provider"
)

func found(pairs map[Outcome]int) map[Outcome]int { return pairs }

// TestRound is about what one round makes of what the provider lists.
func TestRound(t *testing.T) {
	for _, tc := range []struct {
		name  string
		setUp func(t *testing.T, w *world)
		want  map[Outcome]int
		files int
	}{
		{"an empty account", func(*testing.T, *world) {}, map[Outcome]int{}, 0},
		{"no webhook arrived", func(_ *testing.T, w *world) { w.session(1, 1, 2*time.Hour) }, found(map[Outcome]int{Recorded: 1}), 1},
		{"every webhook arrived", func(t *testing.T, w *world) {
			for _, r := range w.session(1, 3, 2*time.Hour) {
				w.cluster.webhook(t, r)
			}
		}, found(map[Outcome]int{Present: 3}), 3},
		{"one of three is missing", func(t *testing.T, w *world) {
			all := w.session(1, 3, 2*time.Hour)
			w.cluster.webhook(t, all[0])
			w.cluster.webhook(t, all[2])
		}, found(map[Outcome]int{Present: 2, Recorded: 1}), 3},
		{"a read that is out of date", func(t *testing.T, w *world) {
			for _, r := range w.session(1, 2, 2*time.Hour)[1:] {
				w.cluster.webhook(t, r)
			}
			w.cluster.lags = true
		}, found(map[Outcome]int{Recorded: 1, Present: 1}), 2},
		{"within the grace period", func(_ *testing.T, w *world) { w.session(1, 1, 18*time.Minute) }, found(map[Outcome]int{Waiting: 1}), 0},
		{"just after it", func(_ *testing.T, w *world) { w.session(1, 1, 20*time.Minute) }, found(map[Outcome]int{Recorded: 1}), 1},
		{"before the lookback", func(_ *testing.T, w *world) { w.session(1, 1, 49*time.Hour) }, map[Outcome]int{}, 0},
		{"before the lookback, and listed all the same", func(_ *testing.T, w *world) {
			w.session(1, 1, 50*time.Hour)
			w.listsAll = true
		}, map[Outcome]int{}, 0},
		{"no file yet", func(t *testing.T, w *world) {
			r := w.session(1, 1, 2*time.Hour)[0]
			change(t, w, r, func(r *provider.Recording) { r.NoFile = true })
		}, found(map[Outcome]int{NoFile: 1}), 0},
		{"a file in an own bucket", func(t *testing.T, w *world) {
			r := w.session(1, 1, 2*time.Hour)[0]
			change(t, w, r, func(r *provider.Recording) { r.NoURL = true })
		}, found(map[Outcome]int{Recorded: 1}), 1},
		{"two entries for one file", func(t *testing.T, w *world) {
			all := w.session(1, 2, 2*time.Hour)
			change(t, w, all[1], func(r *provider.Recording) { r.FileID = all[0].FileID })
		}, found(map[Outcome]int{Recorded: 1, ListedTwice: 1}), 1},
		{"another session's entry", func(t *testing.T, w *world) {
			r := w.session(1, 1, 2*time.Hour)[0]
			change(t, w, r, func(r *provider.Recording) { r.SessionID = "somebody-elses" })
		}, found(map[Outcome]int{OtherSession: 1}), 0},
		{"no room", func(t *testing.T, w *world) {
			r := w.session(1, 1, 2*time.Hour)[0]
			change(t, w, r, func(r *provider.Recording) { r.RoomID = "" })
		}, found(map[Outcome]int{Unreadable: 1}), 0},
		{"an address that is none", func(t *testing.T, w *world) {
			r := w.session(1, 1, 2*time.Hour)[0]
			change(t, w, r, func(r *provider.Recording) { r.URL = "ftp://h/a" })
		}, found(map[Outcome]int{Unreadable: 1}), 0},
		{"from the future", func(t *testing.T, w *world) {
			r := w.session(1, 1, 2*time.Hour)[0]
			change(t, w, r, func(r *provider.Recording) { r.Updated = time.Now().AddDate(70, 0, 0) })
		}, found(map[Outcome]int{Future: 1}), 0},
		{"from before its session", func(t *testing.T, w *world) {
			r := w.session(1, 1, 2*time.Hour)[0]
			change(t, w, r, func(r *provider.Recording) { r.Updated = time.Now().AddDate(-20, 0, 0) })
		}, found(map[Outcome]int{Recorded: 1}), 1},
		{"a failed recording before it", func(t *testing.T, w *world) {
			r := w.session(1, 1, 2*time.Hour)[0]
			failed := lifecycle.Event{Type: "Failed", Source: "Webhook", ReceivedAt: r.Created.Add(-10 * time.Minute)}
			if _, _, err := w.cluster.Record(t.Context(), r.RoomID, r.SessionID, failed); err != nil {
				t.Fatal(err)
			}
			w.cluster.webhook(t, r)
		}, found(map[Outcome]int{Present: 1}), 1},
		{"a clock that is minutes ahead", func(t *testing.T, w *world) {
			r := w.session(1, 1, 2*time.Hour)[0]
			change(t, w, r, func(r *provider.Recording) { r.Updated = time.Now().Add(5 * time.Minute) })
		}, found(map[Outcome]int{Waiting: 1}), 0},
		{"webhooks carry the customer's own room id", func(t *testing.T, w *world) {
			s := provider.Session{ID: provider.ID('5', 7), RoomID: provider.Room(7), CustomRoomID: "standup", Start: time.Now().Add(-time.Hour), End: time.Now().Add(-30 * time.Minute)}
			w.account.AddSession(s)
			for i := range 2 {
				r := provider.Recording{ID: provider.ID('a', i), SessionID: s.ID, RoomID: s.RoomID, FileID: provider.ID('f', i), Created: s.End}
				w.account.AddRecording(r)
				if i == 0 {
					r.RoomID = "standup"
					w.cluster.webhook(t, r)
				}
			}
		}, found(map[Outcome]int{Present: 1, Recorded: 1}), 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				tc.setUp(t, w)
				b := w.start(t)
				summary, err := b.Round(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tc.want, summary.Found); diff != "" {
					t.Errorf("found (-want +got):\n%s", diff)
				}
				on := w.cluster.files()
				if len(on) != tc.files {
					t.Errorf("%d files, want %d", len(on), tc.files)
				}
				for file, n := range on {
					if n != 1 {
						t.Errorf("file %s is on %d objects", file, n)
					}
				}
				if len(w.cluster.chains) > 1 {
					t.Errorf("the session has two chains: %v", w.cluster.chains)
				}
				for outcome, n := range tc.want {
					if got := testutil.ToFloat64(b.metrics.recordings.WithLabelValues(string(outcome))); got != float64(n) {
						t.Errorf("counted %v %s, want %d", got, outcome, n)
					}
				}
			})
		})
	}
}

func change(t testing.TB, w *world, r provider.Recording, how func(*provider.Recording)) {
	t.Helper()
	if err := w.account.Change(r.ID, how); err != nil {
		t.Fatal(err)
	}
}

// TestOneBadSessionStopsNoOther: the others are checked, and the round fails.
func TestOneBadSessionStopsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		for number := range 50 {
			w.session(number, 1, 2*time.Hour)
		}
		calls := 0
		var mu sync.Mutex
		w.cluster.before = func() error {
			mu.Lock()
			defer mu.Unlock()
			if calls++; calls == 7 {
				return errAway
			}
			return nil
		}
		b := w.start(t)
		_, err := b.Round(t.Context())
		if !errors.Is(err, errAway) || !strings.Contains(err.Error(), "check session ") {
			t.Errorf("error %v", err)
		}
		if got := len(w.cluster.files()); got < 49 {
			t.Errorf("%d files of 50", got)
		}
		if _, err := b.Round(t.Context()); err != nil {
			t.Errorf("the next round: %v", err)
		}
		if err := w.problems(); err != nil {
			t.Error(err)
		}
	})
}

func TestDryRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		all := w.session(1, 2, 2*time.Hour)
		w.cluster.webhook(t, all[0])
		for range 3 {
			w.account.Delivered(all[1].ID, "recording-stopped", false)
		}
		w.account.Delivered(all[0].ID, "recording-stopped", true)
		var out strings.Builder
		w.options.Plan = Printer(&out)
		summary, err := w.start(t).Round(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := "would record\t" + all[1].RoomID + "\t" + all[1].SessionID + "\t" + all[1].FilePath() + "\t" + all[1].Created.UTC().Format(time.RFC3339) + "\n"
		if out.String() != want {
			t.Errorf("printed %q, want %q", out.String(), want)
		}
		wantSummary := "1 sessions listed, 1 checked, present: 1, would record: 1\n" +
			"The provider reports 1 delivered and 3 failed webhooks. Failed: recording-stopped 3. Check that the webhook URL reaches the sidecar."
		if summary.String() != wantSummary {
			t.Errorf("summary %q", summary)
		}
		if w.cluster.records != 1 {
			t.Error("a dry run recorded something")
		}
	})
}

// TestLedgerCountsOnce: the same deliveries are not counted by every round.
func TestLedgerCountsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		r := w.session(1, 1, 10*time.Minute)[0] // in its grace period, so checked each round
		w.cluster.webhook(t, r)
		w.account.Delivered(r.ID, "recording-stopped", false)
		b := w.start(t)
		for i := range 3 {
			if i == 2 {
				w.account.Delivered(r.ID, "recording-stopped", false)
				<-time.After(2 * time.Hour)
			}
			if _, err := b.Round(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if got := testutil.ToFloat64(b.metrics.webhooks.WithLabelValues("failed")); got != 2 {
			t.Errorf("counted %v failed webhooks of 2", got)
		}
	})
}

func TestRunner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.session(1, 1, 15*time.Minute)
		runner := &Runner{Backfill: w.start(t)}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- runner.Start(ctx) }()
		synctest.Wait()
		if err := runner.Ready(); err != nil {
			t.Errorf("after a round: %v", err)
		}
		<-time.After(30 * time.Minute)
		synctest.Wait() // A round may be due at this very moment.
		if err := w.problems(); err != nil {
			t.Error(err)
		}
		w.account.Forbidden.Store(true)
		<-time.After(10 * time.Minute)
		synctest.Wait()
		if err := runner.Ready(); err == nil || !strings.Contains(err.Error(), "no permission") {
			t.Errorf("ready though every round fails: %v", err)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	if got := askedWait(&rest.Error{RetryAfter: 10 * time.Minute}); got != 10*time.Minute {
		t.Errorf("waits %s", got)
	}
}

func TestDeliveriesOfStrangeLedgers(t *testing.T) {
	got := deliveriesOf(rest.Recording{Deliveries: rest.Deliveries{Total: 1, Succeeded: 5, Failed: []videosdk.EventType{"a", "a"}}})
	if got.failed != 0 || got.succeeded != 1 {
		t.Errorf("%+v", got)
	}
}
