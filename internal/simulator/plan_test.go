// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

func drawOptions(t *rapid.T) Options {
	share := rapid.Float64Range(0, 1)
	return Options{
		Seed: rapid.Uint64().Draw(t, "seed"), Sessions: rapid.IntRange(1, 5).Draw(t, "sessions"),
		Recordings: rapid.IntRange(1, 4).Draw(t, "recordings"), Overlap: rapid.Bool().Draw(t, "overlap"), IDs: rapid.Bool().Draw(t, "ids"),
		Lose: share.Draw(t, "lose"), Duplicate: share.Draw(t, "duplicate"), Delay: share.Draw(t, "delay"), Fail: share.Draw(t, "fail"),
		Step:     Duration(rapid.SampledFrom([]time.Duration{0, time.Minute}).Draw(t, "step")),
		MaxDelay: Duration(rapid.SampledFrom([]time.Duration{0, time.Minute}).Draw(t, "max delay")),
		Spread:   Duration(rapid.SampledFrom([]time.Duration{0, time.Minute}).Draw(t, "spread")),
	}
}

// TestPlan: the same options give the same plan, in order of time; each recording has its four events once, besides second
// deliveries, which have the same body; and the sidecar's parser reads each.
func TestPlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := drawOptions(t)
		if err := o.Validate(); err != nil {
			t.Fatal(err)
		}
		plan := Plan(o)
		if diff := cmp.Diff(plan, Plan(o)); diff != "" {
			t.Fatalf("the same options give another plan: %s", diff)
		}
		type event struct {
			session, kind string
			recording     int
		}
		first, total := map[event][]byte{}, 0
		for i, d := range plan {
			if i > 0 && d.At < plan[i-1].At {
				t.Fatalf("delivery %d is sent before the one ahead of it", i)
			}
			parsed, err := videosdk.Parse(d.Body)
			if err != nil || string(parsed.Type) != d.Type || parsed.SessionID != d.Session || parsed.MeetingID != d.Meeting {
				t.Fatalf("delivery %s: parsed as %+v, %v", d.Body, parsed, err)
			}
			key := event{d.Session, d.Type, d.Recording}
			if body, seen := first[key]; seen != d.Again || (seen && !bytes.Equal(body, d.Body)) {
				t.Fatalf("%+v: seen before: %v, again: %v", key, seen, d.Again)
			}
			if !d.Again {
				first[key] = d.Body
				total++
			}
		}
		if want := 4 * o.Sessions * o.Recordings; total != want {
			t.Fatalf("%d events, want %d", total, want)
		}
	})
}

func TestShares(t *testing.T) {
	plan := Plan(Options{Seed: 1, Sessions: 2000, Recordings: 1, Lose: 0.1, Fail: 0.25, Duplicate: 0.5})
	var lost, failed, again int
	for _, d := range plan {
		if d.Lost {
			lost++
		}
		if d.Type == "recording-failed" && !d.Again {
			failed++
		}
		if d.Again {
			again++
		}
	}
	for name, got := range map[string][3]int{"lost": {lost, 700, 900}, "failed": {failed, 430, 570}, "again": {again, 3300, 3900}} {
		if got[0] < got[1] || got[0] > got[2] {
			t.Errorf("%s: %d, want %d to %d", name, got[0], got[1], got[2])
		}
	}
}

func TestValidate(t *testing.T) {
	if err := Defaults().Validate(); err != nil {
		t.Error(err)
	}
	for name, test := range map[string]struct {
		change func(*Options)
		want   string
	}{
		"share too large":     {func(o *Options) { o.Lose = 1.1 }, "lose must be a share from 0 to 1"},
		"share not a number":  {func(o *Options) { o.Delay = nan() }, "delay must be a share"},
		"too many sessions":   {func(o *Options) { o.Sessions = maxSessions + 1 }, "sessions must be"},
		"too many in all":     {func(o *Options) { o.Sessions, o.Recordings = 50_000, 3 }, "sessions times recordings must be at most"},
		"negative recordings": {func(o *Options) { o.Recordings = -1 }, "recordings must be"},
		"one session twice":   {func(o *Options) { o.Session, o.Sessions = "a", 2 }, "session names one session"},
		"no session":          {func(o *Options) { o.Sessions = 0 }, "sessions must be"},
		"negative spread":     {func(o *Options) { o.Spread = -1 }, "must not be negative"},
	} {
		t.Run(name, func(t *testing.T) {
			options := Defaults()
			test.change(&options)
			if err := options.Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func nan() float64 {
	zero := 0.0
	return zero / zero
}
