// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// whole is a recording that begins at 0 and ends at 30 seconds.
func whole(index int32) Segment {
	return segment(index, event(starting, 0), event(started, 1), event(stopping, 29), stoppedWith("/a.mp4", 30))
}

// broken is a recording that begins at 0 and fails at 30 seconds.
func broken(index int32) Segment {
	return segment(index, event(starting, 0), event(started, 1), event(failed, 30))
}

// silent is a recording that ends at 30 seconds without a file.
func silent(index int32) Segment {
	return segment(index, event(starting, 0), event(stopped, 30))
}

// TestPlace has DESIGN's table row by row, with both sides of every border.
func TestPlace(t *testing.T) {
	open := func(events ...Event) []Segment { return []Segment{segment(1, events...)} }
	for _, tc := range []struct {
		name    string
		chain   []Segment
		event   Event
		segment int32
		result  Result
		rule    string
	}{
		{"no segment", nil, event(starting, 0), 1, Recorded, ruleNew},
		{"no segment, an end", nil, stoppedWith("/a.mp4", 0), 1, Recorded, ruleNew},

		{"file of the last", []Segment{whole(1)}, stoppedWith("/a.mp4", 9999), 1, Duplicate, "same file"},
		{"file of an earlier one", []Segment{whole(1), segment(2, event(starting, 30.5))}, stoppedWith("/a.mp4", 9999), 1, Duplicate, "same file"},
		{"file of an earlier one, though the last failed just now", []Segment{whole(1), broken(2)}, stoppedWith("/a.mp4", 31), 1, Duplicate, "same file"},

		{"empty segment", open(), event(stopping, 0), 1, Recorded, ruleBegun},
		{"open lacks starting", open(event(started, 0)), event(starting, 9999), 1, Recorded, "recording under way"},
		{"open lacks stopped", open(event(starting, 0)), stoppedWith("/b.mp4", 9999), 1, Recorded, "recording under way"},
		{"open lacks stopped, without a file", open(event(starting, 0)), event(stopped, 9999), 1, Recorded, "recording under way"},
		{"open lacks failed", open(event(starting, 0)), event(failed, 9999), 1, Recorded, "recording under way"},
		{"open has starting", open(event(starting, 0)), event(starting, 9999), 1, Duplicate, "recording under way"},
		{"open has started", open(event(started, 0)), event(started, 9999), 1, Duplicate, "recording under way"},
		{"open has stopping", open(event(stopping, 0)), event(stopping, 9999), 1, Duplicate, "recording under way"},
		{"the last is open, the one before is closed", []Segment{whole(1), segment(2, event(starting, 30.5))}, event(started, 2), 2, Recorded, "recording under way"},

		{"closed lacks stopping, in time", open(stoppedWith("/a.mp4", 30)), event(stopping, 90), 1, Recorded, "overtaken by the end"},
		{"closed lacks stopping, late", open(stoppedWith("/a.mp4", 30)), event(stopping, 90.001), 2, Recorded, ruleNew},
		{"failed lacks started, in time", open(event(failed, 30)), event(started, 90), 1, Recorded, "overtaken by the end"},
		{"failed lacks started, late", open(event(failed, 30)), event(started, 90.001), 2, Recorded, ruleNew},
		{"closed lacks starting, which arrived before the end", open(stoppedWith("/a.mp4", 30)), event(starting, 1), 1, Recorded, "overtaken by the end"},
		{"the end counts from its first delivery", open(stoppedWith("/a.mp4", 30), stoppedWith("/a.mp4", 80)), event(stopping, 91), 2, Recorded, ruleNew},

		{"closed has stopping, in time", []Segment{whole(1)}, event(stopping, 39), 1, Duplicate, "redelivered after the end"},
		{"closed has stopping, late", []Segment{whole(1)}, event(stopping, 39.001), 2, Recorded, ruleNew},
		{"closed has starting from long ago: it began again", []Segment{whole(1)}, event(starting, 31), 2, Recorded, ruleNew},
		{"the window counts from the last delivery", open(event(starting, 0), event(starting, 9), event(failed, 10)), event(starting, 19), 1, Duplicate, "redelivered after the end"},

		{"failed again, long after", []Segment{broken(1)}, event(failed, 9999), 1, Duplicate, "failure of an ended recording"},
		{"failed again, at once", []Segment{broken(1)}, event(failed, 31), 1, Duplicate, "redelivered after the end"},
		{"failed after it stopped, in time", []Segment{whole(1)}, event(failed, 90), 1, Recorded, "failure of an ended recording"},
		{"failed after it stopped, late", []Segment{whole(1)}, event(failed, 90.001), 2, Recorded, ruleNew},
		{
			"failed noted, and redelivered after the reorder window", open(stoppedWith("/a.mp4", 30), event(failed, 89)), event(failed, 99),
			1, Duplicate, "redelivered after the end",
		},

		{"a file after a failure, in time", []Segment{broken(1)}, stoppedWith("/b.mp4", 90), 1, Recorded, "end of a failed recording"},
		{"a file after a failure, late", []Segment{broken(1)}, stoppedWith("/b.mp4", 90.001), 2, Recorded, ruleNew},
		{"a file after a settled failure", []Segment{settled(broken(1))}, stoppedWith("/b.mp4", 31), 2, Recorded, ruleNew},
		{"an end without a file after a failure, in time", []Segment{broken(1)}, event(stopped, 90), 1, Recorded, "end of a failed recording"},
		{"an end without a file after a settled failure", []Segment{settled(broken(1))}, event(stopped, 90), 1, Recorded, "end of a failed recording"},
		{"an end without a file after a failure, late", []Segment{broken(1)}, event(stopped, 90.001), 2, Recorded, ruleNew},

		{"an end without a file again, in time", []Segment{silent(1)}, event(stopped, 90), 1, Duplicate, "end without a file, again"},
		{"an end without a file again, late", []Segment{silent(1)}, event(stopped, 90.001), 2, Recorded, ruleNew},
		{"an end without a file, after one with", []Segment{whole(1)}, event(stopped, 90), 1, Duplicate, "end without a file, again"},
		{
			"an end without a file, redelivered after the reorder window", open(event(stopped, 30), event(stopped, 89)), event(stopped, 99),
			1, Duplicate, "redelivered after the end",
		},

		{"another file", []Segment{whole(1)}, stoppedWith("/b.mp4", 31), 2, Recorded, ruleNew},
		{"a file after an end without one", []Segment{silent(1)}, stoppedWith("/b.mp4", 31), 2, Recorded, ruleNew},
		{"the next recording", []Segment{whole(1), whole(2)}, event(starting, 9999), 3, Recorded, ruleNew},

		{"somebody's object has the name", []Segment{foreign(1)}, event(starting, 0), 2, Recorded, ruleNew},
		{"somebody's object has the file", []Segment{foreign(1, stoppedWith("/a.mp4", 30))}, stoppedWith("/a.mp4", 31), 2, Recorded, ruleNew},
		{"somebody's object has the next name", []Segment{whole(1), foreign(2)}, event(stopping, 31), 1, Duplicate, "redelivered after the end"},
		{"somebody's object has the next name, and a recording begins", []Segment{whole(1), foreign(2)}, event(starting, 31), 3, Recorded, ruleNew},
		{"a recording behind somebody's object", []Segment{foreign(1), segment(2, event(starting, 0))}, event(started, 1), 2, Recorded, "recording under way"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := Place(tc.chain, tc.event, testWindows)
			if got.Segment != tc.segment || got.Result != tc.result || got.Rule != tc.rule {
				t.Errorf("Place() = segment %d, %s, by %q; want segment %d, %s, by %q",
					got.Segment, got.Result, got.Rule, tc.segment, tc.result, tc.rule)
			}
			if got.New != (tc.rule == ruleNew) {
				t.Errorf("New = %t with the rule %q", got.New, got.Rule)
			}
			var before Segment
			if !got.New {
				before = tc.chain[got.Segment-1]
			}
			if diff := cmp.Diff(Apply(before.Status, tc.event), got.Status); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPlaceSettles is about what must be written first, for a file to end on
// one segment only.
func TestPlaceSettles(t *testing.T) {
	file := func(seconds float64) Event { return stoppedWith("/b.mp4", seconds) }
	for _, tc := range []struct {
		name    string
		chain   []Segment
		event   Event
		settle  []int32
		revives bool
	}{
		{"a file for an open segment behind a failed one", []Segment{broken(1), segment(2, event(starting, 30.5))}, file(31), []int32{1}, false},
		{"a file for a new segment", []Segment{broken(1)}, file(9999), []int32{1}, false},
		{"a file for a failed segment behind another", []Segment{broken(1), broken(2)}, file(31), []int32{1}, true},
		{"a file for the failed segment", []Segment{broken(1)}, file(31), nil, true},
		{"a file behind several failures", []Segment{broken(1), whole(2), broken(3), segment(4, event(starting, 30.5))}, file(31), []int32{1, 3}, false},
		{"failures that are settled", []Segment{settled(broken(1)), segment(2, event(starting, 30.5))}, file(31), nil, false},
		{"failures that are somebody's", []Segment{foreign(1, event(failed, 0)), segment(2, event(starting, 30.5))}, file(31), nil, false},
		{"a failure that got its end without a file", []Segment{segment(1, event(failed, 0), event(stopped, 1)), segment(2, event(starting, 30.5))}, file(31), nil, false},
		{"a file that is known", []Segment{broken(1), whole(2)}, stoppedWith("/a.mp4", 31), nil, false},
		{"an end without a file", []Segment{broken(1), segment(2, event(starting, 30.5))}, event(stopped, 31), nil, false},
		{"an end without a file for the failed segment", []Segment{broken(1)}, event(stopped, 31), nil, false},
		{"the ordinary end", []Segment{whole(1), segment(2, event(starting, 30.5))}, file(31), nil, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := Place(tc.chain, tc.event, testWindows)
			if diff := cmp.Diff(tc.settle, got.Settle); diff != "" {
				t.Errorf("settle (-want +got):\n%s", diff)
			}
			if got.Revives != tc.revives {
				t.Errorf("revives = %t, want %t", got.Revives, tc.revives)
			}
		})
	}
}

func TestNeedsNext(t *testing.T) {
	for _, tc := range []struct {
		name    string
		segment Segment
		events  []Event
		want    bool
	}{
		{"open", segment(1, event(started, 0)), []Event{event(started, 1)}, false},
		{"empty", segment(1), []Event{stoppedWith("/a.mp4", 1)}, false},
		{"stopped", whole(1), []Event{event(started, 1)}, true},
		{"failed", broken(1), []Event{event(started, 1)}, true},
		{"has the file", whole(1), []Event{stoppedWith("/a.mp4", 1)}, false},
		{"has the file of one event of two", whole(1), []Event{stoppedWith("/a.mp4", 1), event(started, 1)}, true},
		{"has another file", whole(1), []Event{stoppedWith("/b.mp4", 1)}, true},
		{"somebody's", foreign(1), []Event{event(started, 1)}, true},
		{"somebody's with the file", foreign(1, stoppedWith("/a.mp4", 0)), []Event{stoppedWith("/a.mp4", 1)}, true},
		{"closed, no event", whole(1), nil, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := NeedsNext(tc.segment, tc.events...); got != tc.want {
				t.Errorf("NeedsNext() = %t, want %t", got, tc.want)
			}
		})
	}
}
