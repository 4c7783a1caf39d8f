// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// everyLast yields every last segment that differs for the rules: each set of
// types, each with the other types long ago or a moment before the end, with
// each kind of file, superseded or not.
func everyLast(yield func(name string, last Segment)) {
	for set := range 1 << len(allTypes) {
		for _, path := range []string{"", "/a.mp4"} {
			for _, isSuperseded := range []bool{false, true} {
				var events []Event
				for i, eventType := range allTypes {
					if set&(1<<i) == 0 {
						continue
					}
					ev := event(eventType, []float64{-100, 25, -90, 30, 29}[i])
					if eventType == stopped {
						ev.FilePath = path
					}
					events = append(events, ev)
				}
				for _, id := range []string{"", "x"} {
					for i := range events {
						events[i].ID = id
					}
					last := segment(1, events...)
					last.Status.Superseded = isSuperseded
					yield(fmt.Sprintf("set %05b, file %q, id %q, superseded %t", set, path, id, isSuperseded), last)
					last.Processed = true
					yield(fmt.Sprintf("set %05b, file %q, id %q, superseded %t, processed", set, path, id, isSuperseded), last)
				}
			}
		}
	}
}

// everyEvent yields each type, with each kind of file, at moments on both sides
// of both windows, new and retried.
func everyEvent(yield func(ev Event)) {
	for _, second := range []float64{-9999, -200, -160.1, -160, 29.5, 30, 34, 35, 35.1, 39, 39.1, 40, 40.1, 89, 89.1, 90, 90.1, 9999} {
		for _, id := range []string{"", "x", "y"} {
			for _, eventType := range allTypes {
				yield(withID(id, event(eventType, second)))
				yield(retried(withID(id, event(eventType, second))))
			}
			for _, path := range []string{"/a.mp4", "/b.mp4"} {
				yield(withID(id, stoppedWith(path, second)))
				yield(retried(withID(id, stoppedWith(path, second))))
			}
		}
	}
}

// TestRulesAsAChain goes through every last segment and every event, and holds
// the chain of rules against what must be true of whatever it decides.
func TestRulesAsAChain(t *testing.T) {
	applied := map[string]int{}
	overlaps := map[string]bool{}
	everyLast(func(name string, last Segment) {
		everyEvent(func(ev Event) {
			chain := []Segment{last}
			got := Place(chain, ev, testWindows)
			applied[got.Rule]++
			for _, first := range rules[1:] { // the first looks for the very same arrival, wherever the others would have it now
				for _, second := range rules[1:] {
					if ev.ID == "" && first.name < second.name && first.place(chain, ev, testWindows) != noMatch && second.place(chain, ev, testWindows) != noMatch {
						overlaps[first.name+" | "+second.name] = true
					}
				}
			}
			for _, problem := range problemsOf(last, ev, got) {
				t.Errorf("%s, %s %q at %v: %s (by %q)", name, ev.Type, ev.FilePath, ev.ReceivedAt.Sub(epoch), problem, got.Rule)
			}
		})
	})
	for _, rule := range rules {
		if applied[rule.name] == 0 {
			t.Errorf("the rule %q never applied", rule.name)
		}
	}
	// Without ids, where two rules apply they agree, because both mean the last
	// segment. A rule that is added must be compared with the others.
	want := []string{
		"end without a file, again | redelivered after the end",
		"failure of an ended recording | redelivered after the end",
		"recording in progress | redelivered after the end",
	}
	got := make([]string, 0, len(overlaps))
	for pair := range overlaps {
		got = append(got, pair)
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rules that apply at once (-want +got):\n%s", diff)
	}
}

// problemsOf says what is wrong with a decision, whatever rule made it.
func problemsOf(last Segment, ev Event, got Decision) []string {
	var problems []string
	expect := func(ok bool, problem string) {
		if !ok {
			problems = append(problems, problem)
		}
	}
	if got.Rule == rules[0].name {
		expect(got.Segment == 1 && got.Result == Duplicate && len(got.Writes) == 0, "an event that was written before is written again")
		return problems
	}
	before := last.Status
	after := statusOf(got)
	if isNew(got) {
		before = v1alpha1.RecordingStatus{}
		expect(!last.Open() || (last.Status.Superseded && ev.FilePath != "") || last.identifies(), "a new segment behind an open one")
		expect(got.Segment == 2, "a segment that does not follow")
		expect(last.canGetFile() == (len(supersedes(got)) == 1), "the wrong segments are superseded")
	} else {
		expect(got.Segment == 1, "a segment that does not exist")
		expect(last.Open() || ev.ReceivedAt.Sub(epoch).Abs().Seconds() < 9999 || last.hasFileOf(ev) || last.hasIDOf(ev) || ev.Type == failed && last.failedOnly(),
			"an event long after or before the end went to the closed segment")
		expect(last.Open() || !last.Processed || before.File != nil || after.File == nil, "a file on a segment that was processed")
	}
	addsFile := before.File == nil && after.File != nil
	expect(got.Result == map[bool]Result{true: Duplicate, false: Recorded}[find(before, ev.Type) != nil && !addsFile], "the wrong result")
	expect(before.File == nil || cmp.Equal(before.File.Path, after.File.Path), "the file was replaced")
	expect(ev.FilePath == "" || (after.File != nil && after.File.Path == ev.FilePath), "the file was dropped")
	expect(rank(after.State) >= rank(before.State), "the state went back")
	return problems
}

// rank orders states by how far the recording is.
func rank(state v1alpha1.RecordingState) int {
	return slices.Index([]v1alpha1.RecordingState{
		"", v1alpha1.RecordingStarting, v1alpha1.RecordingStarted, v1alpha1.RecordingStopping,
		v1alpha1.RecordingFailed, v1alpha1.RecordingStopped,
	}, state)
}

// permutations yields every order of n things.
func permutations(n int, yield func(order []int)) {
	order := make([]int, 0, n)
	var extend func()
	extend = func() {
		if len(order) == n {
			yield(order)
			return
		}
		for i := range n {
			if !slices.Contains(order, i) {
				order = append(order, i)
				extend()
				order = order[:len(order)-1]
			}
		}
	}
	extend()
}

// TestEveryOrderOfOneRecording sends the four events of a recording, each twice,
// in all 8! / 2^4 = 2,520 orders, and the same for one that fails, for one that
// fails and has a file after all, and for one that ends without a file.
func TestEveryOrderOfOneRecording(t *testing.T) {
	for _, tc := range []struct {
		name  string
		types []Event
		want  v1alpha1.RecordingState
		file  string
	}{
		{"stopped", []Event{event(starting, 0), event(started, 0), event(stopping, 0), stoppedWith("/a.mp4", 0)}, v1alpha1.RecordingStopped, "/a.mp4"},
		{"failed", []Event{event(starting, 0), event(started, 0), event(failed, 0)}, v1alpha1.RecordingFailed, ""},
		{"failed, with a file", []Event{event(starting, 0), event(started, 0), event(failed, 0), stoppedWith("/a.mp4", 0)}, v1alpha1.RecordingStopped, "/a.mp4"},
		{"stopped without a file", []Event{event(starting, 0), event(started, 0), event(stopping, 0), event(stopped, 0)}, v1alpha1.RecordingStopped, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			orders := 0
			permutations(2*len(tc.types), func(order []int) {
				// Of two equal deliveries the first comes first.
				for i := range tc.types {
					if slices.Index(order, i) > slices.Index(order, i+len(tc.types)) {
						return
					}
				}
				orders++
				checkOneRecording(t, tc.types, order, tc.want, tc.file)
			})
			t.Logf("%d orders", orders)
		})
	}
}

func checkOneRecording(t *testing.T, types []Event, order []int, state v1alpha1.RecordingState, file string) {
	t.Helper()
	var chain []Segment
	for second, i := range order {
		ev := types[i%len(types)]
		ev.ReceivedAt = event(starting, float64(second)).ReceivedAt
		decision := Place(chain, ev, testWindows)
		if decision.Segment != 1 || len(decision.Writes) != 1 {
			t.Fatalf("order %v: delivery %d: %+v", order, second, decision)
		}
		chain = store(chain, decision)
	}
	got := chain[0].Status
	if got.State != state || (got.File == nil) != (file == "") || (got.File != nil && got.File.Path != file) {
		t.Fatalf("order %v: state %s, file %v", order, got.State, got.File)
	}
	for _, e := range got.Events {
		if e.Deliveries != 2 {
			t.Fatalf("order %v: %d deliveries of %s", order, e.Deliveries, e.Type)
		}
	}
}
