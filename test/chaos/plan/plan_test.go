// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func drawSize(t *rapid.T) Size {
	return Size{
		Seed:       rapid.Uint64().Draw(t, "seed"),
		Recordings: rapid.IntRange(1, 300).Draw(t, "recordings"),
		Faults:     rapid.IntRange(0, 60).Draw(t, "faults"),
		Duration:   time.Duration(rapid.IntRange(5, 600).Draw(t, "seconds")) * time.Second,
	}
}

// TestSameSeedSamePlan is what repeating a run rests on.
func TestSameSeedSamePlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := drawSize(t)
		sessions, deliveries := Sessions(size)
		again, deliveriesAgain := Sessions(size)
		if diff := cmp.Diff(sessions, again) + cmp.Diff(deliveries, deliveriesAgain) + cmp.Diff(Faults(size), Faults(size)); diff != "" {
			t.Fatalf("the same size gives two plans:\n%s", diff)
		}
	})
}

func TestSeedsDiffer(t *testing.T) {
	size := Size{Seed: 1, Recordings: 10, Faults: 10, Duration: time.Minute}
	other := size
	other.Seed = 2
	_, deliveries := Sessions(size)
	_, others := Sessions(other)
	if cmp.Equal(deliveries, others) || cmp.Equal(Faults(size), Faults(other)) {
		t.Error("two seeds give one plan")
	}
}

func TestPlannedSessions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := drawSize(t)
		sessions, deliveries := Sessions(size)
		recordings, ids, files := 0, map[string]bool{}, map[string]bool{}
		for _, s := range sessions {
			recordings += len(s.Recordings)
			if ids[s.SessionID] || len(s.Recordings) < 1 || len(s.Recordings) > maxRecordings {
				t.Fatalf("session %+v: its id is not its own, or it has not one to four recordings", s)
			}
			ids[s.SessionID] = true
			for _, r := range s.Recordings {
				if r.FilePath != "" && files[r.FilePath] {
					t.Fatalf("file %s is of two recordings", r.FilePath)
				}
				files[r.FilePath] = true
			}
		}
		if recordings != size.Recordings {
			t.Fatalf("%d recordings, want %d", recordings, size.Recordings)
		}
		for _, d := range deliveries {
			r := sessions[d.Session].Recordings[d.Recording]
			if d.Type != Unrelated && !slices.Contains(r.Events, d.Type) || (d.Type == Stopped) != (d.FilePath != "") ||
				(d.Type == Stopped && d.FilePath != r.FilePath) {
				t.Fatalf("delivery %+v of %+v", d, r)
			}
		}
		if !slices.IsSortedFunc(deliveries, func(a, b Delivery) int { return int(a.At - b.At) }) {
			t.Fatal("the deliveries are not by time")
		}
	})
}

// TestVariety: a run of some size has whatever a provider may do.
func TestVariety(t *testing.T) {
	sessions, deliveries := Sessions(Size{Seed: 1, Recordings: 1000, Duration: time.Minute})
	lengths, seen := map[int]bool{}, map[string]bool{}
	for _, s := range sessions {
		lengths[len(s.Recordings)] = true
	}
	for _, d := range deliveries {
		seen[d.Type] = true
		seen["late"] = seen["late"] || d.Late
		seen["twice"] = seen["twice"] || d.Copy == 1
		seen["thrice"] = seen["thrice"] || d.Copy == 2
		seen["retries"] = seen["retries"] || d.Retries
		seen["gives up"] = seen["gives up"] || !d.Retries
	}
	if len(lengths) != maxRecordings || len(seen) != 11 {
		t.Errorf("sessions of lengths %v; deliveries %v", lengths, seen)
	}
}

func TestFaults(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := drawSize(t)
		faults := Faults(size)
		if len(faults) > size.Faults {
			t.Fatalf("%d faults, want at most %d", len(faults), size.Faults)
		}
		for i, f := range faults {
			if f.At < 0 || f.At+f.For > size.Duration {
				t.Fatalf("%+v is not within %s", f, size.Duration)
			}
			for _, other := range faults[:i] {
				if f.At < other.At+other.For && f.Target != "" && f.Target == other.Target && f.Kind == other.Kind {
					t.Fatalf("at once:\n%+v\n%+v", other, f)
				}
			}
		}
	})
}

// TestEveryFault: a run of ten minutes has as many faults as it was told to, and each that there is.
func TestEveryFault(t *testing.T) {
	for seed := range uint64(20) {
		faults := Faults(Size{Seed: seed, Faults: 120, Duration: 10 * time.Minute})
		if len(faults) != 120 {
			t.Errorf("seed %d: %d faults, want 120", seed, len(faults))
		}
		names, longestAway := map[string]bool{}, time.Duration(0)
		for _, f := range faults {
			names[f.Name()] = true
			if f.Kind == Away {
				longestAway = max(longestAway, f.For)
			}
			if f.Kind == StopLeader && f.For <= leaseDuration {
				t.Errorf("seed %d: the Lease does not run out: %+v", seed, f)
			}
		}
		for _, c := range deck() {
			f := Fault{Kind: c.kind, Toxic: c.toxic}
			if len(c.targets) == 1 {
				f.Target = c.targets[0]
			}
			if len(c.targets) <= 1 && !names[f.Name()] {
				t.Errorf("seed %d: no %s", seed, f.Name())
			}
		}
		if longestAway != away {
			t.Errorf("seed %d: the API server was away for at most %s", seed, longestAway)
		}
	}
}

func TestSteady(t *testing.T) {
	sessions, deliveries := Steady(1, 100, 20*time.Second)
	perSecond := map[int]int{}
	for _, d := range deliveries {
		perSecond[int(d.At/time.Second)]++
		if !d.Retries || d.Recording != 0 || (d.Type == Stopped) != (d.FilePath != "") {
			t.Fatalf("delivery %+v", d)
		}
	}
	if len(deliveries) != 4*len(sessions) || perSecond[5] != 100 || perSecond[15] != 100 || len(perSecond) != 20 {
		t.Errorf("%d deliveries of %d sessions, by second %v", len(deliveries), len(sessions), perSecond)
	}
}
