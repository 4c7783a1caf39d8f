// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backfill

import (
	"context"
	"errors"
	"math/rand/v2"
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

// TestI4 has every file that the provider lists end on exactly one object,
// whatever webhooks were lost, while the provider's API and the API server fail,
// entries repeat, are left out and reordered, replicas whose clocks differ run at
// once and are killed between any two calls.
func TestI4(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			w := newWorld()
			for number := range 60 {
				for _, r := range w.session(number, random.IntN(4), time.Duration(random.IntN(40*60))*time.Minute+time.Minute) {
					if random.IntN(10) > 0 {
						w.cluster.webhook(t, r)
					}
				}
			}
			w.account.MaxPerPage = 7
			w.account.Faults = &provider.Faults{Seed: seed, Rate: 0.1, Delay: time.Second, Kinds: []provider.Fault{
				provider.Unavailable, provider.RateLimited, provider.Slow, provider.Hangs, provider.Breaks, provider.HTML, provider.Renamed, provider.Repeats, provider.Skips, provider.Reorders,
			}}
			var mu sync.Mutex
			var kill context.CancelFunc
			w.cluster.before = func() error {
				mu.Lock()
				defer mu.Unlock()
				switch random.IntN(60) {
				case 0:
					return errAway
				case 1:
					kill()
				}
				return nil
			}
			for range 25 {
				var ctx context.Context
				mu.Lock()
				ctx, kill = context.WithCancel(t.Context())
				mu.Unlock()
				var replicas sync.WaitGroup
				for range 2 {
					mu.Lock()
					skew := []time.Duration{-5 * time.Minute, 0, 3 * time.Minute}[random.IntN(3)]
					readAll := []int{0, 10, readAllAfter}[random.IntN(3)]
					mu.Unlock()
					w.options.Now = func() time.Time { return time.Now().Add(skew) }
					b := w.start(t)
					b.readAllAfter = readAll
					replicas.Go(func() {
						for range 3 {
							_, _ = b.Round(ctx)
						}
					})
				}
				replicas.Wait()
				mu.Lock()
				kill()
				mu.Unlock()
				<-time.After(w.options.Interval)
			}
			w.cluster.before, w.account.Faults, w.options.Now = nil, nil, time.Now
			if _, err := w.start(t).Round(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := w.problems(); err != nil {
				t.Errorf("seed %d:\n%v", seed, err)
			}
		})
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
		"one session":  {1, 0, "list sessions: none can be read (roomId is missing): the provider's API is not as it was"},
		"all sessions": {300, 0, "list sessions: none can be read (roomId is missing): the provider's API is not as it was"},
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

// TestRefreshesExpiredAddresses while something may still need them.
func TestRefreshesExpiredAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		all := w.session(1, 3, 10*time.Hour)
		sign := func(file string) string {
			return "https://h.example/" + file + "?X-Amz-Date=" + time.Now().UTC().Format(signedTime) + "&X-Amz-Expires=3600"
		}
		for i := range all {
			all[i].URL = sign(all[i].FileID)
			if i == 2 {
				all[i].URL = "https://h.example/stays.mp4"
			}
			w.cluster.webhook(t, all[i])
		}
		w.cluster.finished[all[1].FileID] = true
		b := w.start(t)
		round := func() Summary {
			t.Helper()
			for _, r := range all[:2] {
				change(t, w, r, func(r *provider.Recording) { r.URL = sign(r.FileID) })
			}
			summary, err := b.Round(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return summary
		}
		if got := round().Found; got[Present] != 3 || w.cluster.records != 3 {
			t.Errorf("before it expires: %v", got)
		}
		<-time.After(time.Hour)
		if got := round().Found; got[Refreshed] != 1 || got[Present] != 2 {
			t.Errorf("after it expired: %v", got)
		}
		status := w.cluster.chains[[2]string{all[0].RoomID, all[0].SessionID}][0].Status
		if status.File.URL != sign(all[0].FileID) || status.Events[0].Deliveries != 1 || status.File.Path != all[0].WebhookPath() {
			t.Errorf("%+v", status)
		}
		if got := round().Found; got[Refreshed] != 0 {
			t.Errorf("again: %v", got)
		}
	})
}

// TestTwoAddressesOfOneFile: of two entries the one counts whose address has not expired, and nothing is written again and again.
func TestTwoAddressesOfOneFile(t *testing.T) {
	const expired, older = "https://h.example/f?Expires=900000000", "https://h.example/f?Expires=800000000"
	fresh := "https://h.example/f?Expires=4000000000"
	for _, tc := range []struct {
		name           string
		webhook        string
		listed         [2]string
		want           string
		records, again int
	}{
		{"missing, the expired one first", "", [2]string{expired, fresh}, fresh, 2, 0},
		{"missing, the fresh one first", "", [2]string{fresh, expired}, fresh, 1, 0},
		{"missing, both expired", "", [2]string{expired, older}, expired, 1, 0},
		{"present, the expired one first", older, [2]string{expired, fresh}, fresh, 1, 0},
		{"present, the fresh one first", older, [2]string{fresh, expired}, fresh, 1, 0},
		{"present, the same one first", expired, [2]string{expired, fresh}, fresh, 1, 0},
		{"present, both expired", older, [2]string{expired, older}, older, 0, 0},
		{"present, one that never expires", expired, [2]string{older, "https://h.example/f"}, "https://h.example/f", 1, 0},
		{"present and fresh", fresh, [2]string{expired, "https://h.example/f"}, fresh, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				<-time.After(time.Until(time.Unix(1_000_000_000, 0)))
				w := newWorld()
				all := w.session(1, 2, 2*time.Hour)
				file := all[0].FileID
				for i, r := range all {
					change(t, w, r, func(r *provider.Recording) { r.FileID, r.URL = file, tc.listed[i] })
				}
				if all[0].URL = tc.webhook; tc.webhook != "" {
					w.cluster.webhook(t, all[0])
					w.cluster.records = 0
				}
				b := w.start(t)
				for _, records := range []int{tc.records, tc.again} {
					if _, err := b.Round(t.Context()); err != nil {
						t.Fatal(err)
					}
					chain := w.cluster.chains[[2]string{all[0].RoomID, all[0].SessionID}]
					if len(chain) != 1 || chain[0].Status.File.URL != tc.want || w.cluster.records != records {
						t.Errorf("%d objects, address %s, %d writes; want 1, %s, %d", len(chain), chain[0].Status.File.URL, w.cluster.records, tc.want, records)
					}
					w.cluster.records = 0
					<-time.After(7 * time.Hour)
				}
			})
		})
	}
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

func TestExpiry(t *testing.T) {
	at := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for address, want := range map[string]time.Time{
		"https://h/a?X-Amz-Date=20261129T110000Z&X-Amz-Expires=3600":   at,
		"https://h/a?X-Goog-Date=20261129T110000Z&X-Goog-Expires=3600": at,
		"https://h/a?Expires=1795953600&Signature=x":                   at,
		"https://h/a?sv=1&se=2026-11-29T13:00:00%2B01:00&sig=x":        at,
		"https://h/a?se=2026-11-29T13:00:00Z":                          {},
		"https://h/a?X-Amz-Date=soon&X-Amz-Expires=3600":               {},
		"https://h/a": {}, "": {}, "://": {},
	} {
		if got, ok := expiry(address); !got.Equal(want) || ok == want.IsZero() {
			t.Errorf("expiry(%q) = %v, %t; want %v", address, got, ok, want)
		}
	}
}

func TestDeliveriesOfStrangeLedgers(t *testing.T) {
	got := deliveriesOf(rest.Recording{Deliveries: rest.Deliveries{Total: 1, Succeeded: 5, Failed: []videosdk.EventType{"a", "a"}}})
	if got.failed != 0 || got.succeeded != 1 {
		t.Errorf("%+v", got)
	}
}
