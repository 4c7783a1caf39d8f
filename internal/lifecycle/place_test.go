// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
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

// TestWrittenBefore: an arrival whose write took effect is not written again, as where the response was lost.
func TestWrittenBefore(t *testing.T) {
	for name, tc := range map[string]struct {
		chain   []Segment
		event   Event
		segment int32
	}{
		"the first delivery": {[]Segment{segment(1, event(starting, 0))}, event(starting, 0), 1},
		"the last delivery":  {[]Segment{segment(1, event(starting, 0), event(starting, 3), event(failed, 4))}, event(starting, 3), 1},
		"an earlier segment": {[]Segment{whole(1), segment(2, event(starting, 31))}, event(stopping, 29), 1},
		"a file":             {[]Segment{whole(1)}, stoppedWith("/a.mp4", 30), 1},
	} {
		t.Run(name, func(t *testing.T) {
			want := Decision{Segment: tc.segment, Result: Duplicate, Rule: "written before"}
			if diff := cmp.Diff(want, Place(tc.chain, retried(tc.event), testWindows)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if got := Place(tc.chain, tc.event, testWindows); len(got.Writes) == 0 {
				t.Errorf("an event of another sidecar, in the same microsecond, is not written: %+v", got)
			}
		})
	}
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

		{"the same time, of another type", open(event(starting, 0), event(failed, 30)), event(stopping, 30), 1, Recorded, "overtaken by the end"},
		{"the same time, of another file", []Segment{whole(1)}, stoppedWith("/b.mp4", 30), 2, Recorded, ruleNew},
		{"the same time, by a client", open(reported(starting, 0), event(failed, 30)), event(starting, 0), 1, Recorded, "overtaken by the end"},

		{"file of the last", []Segment{whole(1)}, stoppedWith("/a.mp4", 9999), 1, Duplicate, "same file"},
		{"file of an earlier one", []Segment{whole(1), segment(2, event(starting, 30.5))}, stoppedWith("/a.mp4", 9999), 1, Duplicate, "same file"},
		{"file of an earlier one, though the last failed just now", []Segment{whole(1), broken(2)}, stoppedWith("/a.mp4", 31), 1, Duplicate, "same file"},

		{"empty segment", open(), event(stopping, 0), 1, Recorded, ruleNew},
		{"open lacks starting", open(event(started, 0)), event(starting, 9999), 1, Recorded, "recording in progress"},
		{"open lacks stopped", open(event(starting, 0)), stoppedWith("/b.mp4", 9999), 1, Recorded, "recording in progress"},
		{"open lacks stopped, without a file", open(event(starting, 0)), event(stopped, 9999), 1, Recorded, "recording in progress"},
		{"open lacks failed", open(event(starting, 0)), event(failed, 9999), 1, Recorded, "recording in progress"},
		{"open has starting", open(event(starting, 0)), event(starting, 9999), 1, Duplicate, "recording in progress"},
		{"open has started", open(event(started, 0)), event(started, 9999), 1, Duplicate, "recording in progress"},
		{"open has stopping", open(event(stopping, 0)), event(stopping, 9999), 1, Duplicate, "recording in progress"},
		{"the last is open, the one before is closed", []Segment{whole(1), segment(2, event(starting, 30.5))}, event(started, 2), 2, Recorded, "recording in progress"},

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
		{"a file after a failure that was processed", []Segment{processed(broken(1))}, stoppedWith("/b.mp4", 31), 2, Recorded, ruleNew},
		{"a file after a superseded failure", []Segment{superseded(broken(1))}, stoppedWith("/b.mp4", 31), 2, Recorded, ruleNew},
		{"an end without a file after a failure, in time", []Segment{broken(1)}, event(stopped, 90), 1, Recorded, "end of a failed recording"},
		{"an end without a file after a superseded failure", []Segment{superseded(broken(1))}, event(stopped, 90), 1, Recorded, "end of a failed recording"},
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

		{"a replay from hours before", []Segment{whole(1)}, event(starting, -9999), 2, Recorded, ruleNew},
		{"a clock that went back an hour: the next recording", []Segment{whole(1)}, event(starting, -3600), 2, Recorded, ruleNew},
		{"a clock that went back an hour: it fails", []Segment{whole(1)}, event(failed, -3600), 2, Recorded, ruleNew},
		{"a clock that went back an hour: it stops without a file", []Segment{silent(1)}, event(stopped, -3600), 2, Recorded, ruleNew},
		{"a clock that went back within the window", []Segment{whole(1)}, event(failed, -60), 1, Recorded, "failure of an ended recording"},
		{"a clock that went back beyond the window", []Segment{whole(1)}, event(failed, -60.001), 2, Recorded, ruleNew},
		{"redelivered by a clock that went back", []Segment{whole(1)}, event(stopping, 19), 1, Duplicate, "redelivered after the end"},
		{"the next one, by a clock that went back", []Segment{whole(1)}, event(stopping, 18.999), 2, Recorded, ruleNew},

		{"the same file under another path", []Segment{segment(1, stoppedWith(webhookPath, 30))}, stoppedWith(restPath, 9999), 1, Duplicate, "same file"},
		{"the same file without the leading slash", []Segment{whole(1)}, stoppedWith("a.mp4", 9999), 1, Duplicate, "same file"},

		{"the id of an open one", open(withID("x", event(starting, 0))), withID("x", event(started, 9999)), 1, Recorded, "same id"},
		{"the id of a closed one, long after", open(withID("x", event(starting, 0)), stoppedWith("/a.mp4", 30)), withID("x", event(stopping, 9999)), 1, Recorded, "same id"},
		{"the id of an earlier one", []Segment{identified(1, "x"), identified(2, "y")}, withID("x", event(stopping, 20)), 1, Recorded, "same id"},
		{"a file with the id of an earlier one", []Segment{identified(1, "x"), identified(2, "y")}, withID("x", stoppedWith("/x.mp4", 20)), 1, Recorded, "same id"},
		{"a file with the id of one that failed long ago", open(withID("x", event(failed, 0))), withID("x", stoppedWith("/x.mp4", 9999)), 1, Recorded, "same id"},
		{"a file with the id of one whose failure was processed", []Segment{processed(segment(1, withID("x", event(failed, 0))))}, withID("x", stoppedWith("/x.mp4", 1)), 2, Recorded, ruleNew},
		{"a file with the id of one that ended without", open(withID("x", event(stopped, 0))), withID("x", stoppedWith("/x.mp4", 1)), 1, Recorded, "same id"},
		{"another file with the id of one that has a file", open(withID("x", stoppedWith("/a.mp4", 0))), withID("x", stoppedWith("/b.mp4", 1)), 2, Recorded, ruleNew},
		{"the id of one, the file of another", []Segment{identified(1, "x"), whole(2)}, withID("x", stoppedWith("/a.mp4", 31)), 2, Duplicate, "same file"},
		{"another id, where ids identify", []Segment{identified(1, "x")}, withID("y", event(starting, 10)), 2, Recorded, "another id"},
		{"another id, where ids do not identify yet", open(withID("x", event(starting, 0))), withID("y", event(started, 1)), 1, Recorded, "recording in progress"},
		{"another id, where each event has its own", open(withID("x", event(starting, 0)), withID("y", event(started, 1))), withID("z", event(stopping, 2)), 1, Recorded, "recording in progress"},
		{"another id, redelivered after the end", open(withID("x", event(starting, 0)), withID("x", stoppedWith("/a.mp4", 30))), withID("y", event(starting, 1)), 2, Recorded, "another id"},
		{"no id, where ids identify", []Segment{identified(1, "x"), identified(2, "y")}, event(stopping, 20), 2, Recorded, "recording in progress"},
		{"a file without an id, on an open one that was superseded", []Segment{superseded(segment(1, event(started, 0)))}, stoppedWith("/b.mp4", 1), 2, Recorded, ruleNew},
		{"an end without a file, on an open one that was superseded", []Segment{superseded(segment(1, event(started, 0)))}, event(stopped, 1), 1, Recorded, "recording in progress"},

		{"a listed file that nobody has", nil, backfilled("/a.mp4", 0), 1, Recorded, ruleNew},
		{"a listed file of an open one", open(event(started, 0)), backfilled("/a.mp4", 0), 1, Recorded, "recording in progress"},
		{"a listed file that its recording has, with another address", []Segment{whole(1)}, backfilled("/a.mp4", 0), 1, Duplicate, "same file"},

		{"somebody's object has the name", []Segment{foreign(1)}, event(starting, 0), 2, Recorded, ruleNew},
		{"somebody's object has the file", []Segment{foreign(1, stoppedWith("/a.mp4", 30))}, stoppedWith("/a.mp4", 31), 2, Recorded, ruleNew},
		{"somebody's object has the next name", []Segment{whole(1), foreign(2)}, event(stopping, 31), 1, Duplicate, "redelivered after the end"},
		{"somebody's object has the next name, and a recording begins", []Segment{whole(1), foreign(2)}, event(starting, 31), 3, Recorded, ruleNew},
		{"a recording behind somebody's object", []Segment{foreign(1), segment(2, event(starting, 0))}, event(started, 1), 2, Recorded, "recording in progress"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := Place(tc.chain, tc.event, testWindows)
			if got.Segment != tc.segment || got.Result != tc.result || got.Rule != tc.rule {
				t.Errorf("Place() = segment %d, %s, by %q; want segment %d, %s, by %q",
					got.Segment, got.Result, got.Rule, tc.segment, tc.result, tc.rule)
			}
			if exists := int(tc.segment) <= len(tc.chain); isNew(got) == exists {
				t.Errorf("creates the segment: %t, though it exists: %t", isNew(got), exists)
			}
			var before Segment
			if !isNew(got) {
				before = tc.chain[got.Segment-1]
			}
			want := Apply(before.Status, tc.event)
			if tc.event.Source == v1alpha1.EventSourceBackfill && before.hasFileOf(tc.event) {
				want.Events = before.Status.Events // it is no delivery
			}
			if diff := cmp.Diff(want, statusOf(got)); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}
		})
	}
}

const (
	webhookPath = "/encoded/videos/62d148951a1eb20029fc9b05.mp4"
	restPath    = "uploads/videos/62d148951a1eb20029fc9b05.mp4"
)

// identified is an open recording whose events carry an id.
func identified(index int32, id string) Segment {
	return segment(index, withID(id, event(starting, 0)), withID(id, event(started, 1)))
}

// TestPlaceSupersedes is about what must be written first, for a file to end on
// one segment only.
func TestPlaceSupersedes(t *testing.T) {
	file := func(seconds float64) Event { return stoppedWith("/b.mp4", seconds) }
	for _, tc := range []struct {
		name      string
		chain     []Segment
		event     Event
		supersede []int32
	}{
		{"the next recording after a failure", []Segment{broken(1)}, event(starting, 9999), []int32{1}},
		{"the next recording after one with a file", []Segment{whole(1)}, event(starting, 9999), nil},
		{"the next recording after one without a file", []Segment{silent(1)}, event(starting, 9999), []int32{1}},
		{"the next recording while one goes on", []Segment{identified(1, "x")}, withID("y", event(starting, 2)), []int32{1}},
		{"the next recording behind somebody's object", []Segment{broken(1), foreign(2)}, event(starting, 9999), []int32{1}},
		{"the first webhook of what a client began", []Segment{broken(1), segment(2, reported(started, 9999))}, event(starting, 9999), []int32{1}},
		{"a file for an open segment behind a failed one", []Segment{broken(1), segment(2, event(starting, 30.5))}, file(31), []int32{1}},
		{"a file for a new segment", []Segment{broken(1)}, file(9999), []int32{1}},
		{"a file for a failed segment behind another", []Segment{broken(1), broken(2)}, file(31), []int32{1}},
		{"a file for the failed segment", []Segment{broken(1)}, file(31), nil},
		{"a file behind several failures", []Segment{broken(1), whole(2), broken(3), segment(4, event(starting, 30.5))}, file(31), []int32{1, 3}},
		{"a file by its id, while a later one goes on", []Segment{superseded(identified(1, "x")), identified(2, "y")}, withID("x", file(31)), nil},
		{"failures that are superseded", []Segment{superseded(broken(1)), segment(2, event(starting, 30.5))}, file(31), nil},
		{"failures that are somebody's", []Segment{foreign(1, event(failed, 0)), segment(2, event(starting, 30.5))}, file(31), nil},
		{"a failure that got its end without a file", []Segment{segment(1, event(failed, 0), event(stopped, 1)), segment(2, event(starting, 30.5))}, file(31), []int32{1}},
		{"a file that is there", []Segment{broken(1), whole(2)}, stoppedWith("/a.mp4", 31), nil},
		{"an end without a file", []Segment{broken(1), segment(2, event(starting, 30.5))}, event(stopped, 31), nil},
		{"an end without a file for the failed segment", []Segment{broken(1)}, event(stopped, 31), nil},
		{"the ordinary end", []Segment{whole(1), segment(2, event(starting, 30.5))}, file(31), nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := Place(tc.chain, tc.event, testWindows)
			if diff := cmp.Diff(tc.supersede, supersedes(got)); diff != "" {
				t.Errorf("supersedes (-want +got):\n%s", diff)
			}
			for i, index := range tc.supersede {
				if got.Writes[i].Segment != index || !got.Writes[i].Status.Superseded {
					t.Errorf("write %d is not to supersede %d first: %+v", i, index, got.Writes)
				}
			}
		})
	}
}

// TestPlaceNeedsFreshRead is about decisions that a stale read could have led
// to without a write that notices.
func TestPlaceNeedsFreshRead(t *testing.T) {
	for _, tc := range []struct {
		name  string
		chain []Segment
		event Event
		want  bool
	}{
		{"the first of a session", nil, event(starting, 0), false},
		{"a recording in progress", []Segment{segment(1, event(starting, 0))}, event(started, 1), false},
		{"the end of a recording in progress", []Segment{segment(1, event(starting, 0))}, stoppedWith("/a.mp4", 1), false},
		{"a recording in progress behind a closed one", []Segment{whole(1), segment(2, event(starting, 31))}, event(started, 32), false},
		{"the same file", []Segment{whole(1)}, stoppedWith("/a.mp4", 31), false},
		{"the same id", []Segment{identified(1, "x")}, withID("x", event(stopping, 31)), false},
		{"no id, where another recording may have begun since", []Segment{identified(1, "x")}, event(stopping, 31), true},
		{"a failure of a closed one", []Segment{whole(1)}, event(failed, 31), true},
		{"a redelivery to a closed one", []Segment{whole(1)}, event(stopping, 31), true},
		{"an end without a file, again", []Segment{silent(1)}, event(stopped, 31), true},
		{"a file for a failed one", []Segment{broken(1)}, stoppedWith("/a.mp4", 31), true},
		{"the next recording", []Segment{whole(1)}, event(starting, 9999), true},
		{"the first webhook of what a client began", []Segment{segment(1, reported(started, 0))}, event(started, 1), false},
		{"the first webhook of what a client began behind another", []Segment{whole(1), segment(2, reported(started, 9999))}, event(started, 9999), true},
		{"a client's event that is there", []Segment{segment(1, event(started, 0))}, reported(started, 1), true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := Place(tc.chain, tc.event, testWindows); got.NeedsFreshRead != tc.want {
				t.Errorf("NeedsFreshRead = %t, want %t (by %q)", got.NeedsFreshRead, tc.want, got.Rule)
			}
		})
	}
}

// TestSessionEnded is about the end of a session, which is no recording's event.
func TestSessionEnded(t *testing.T) {
	ended := event(SessionEnded, 50)
	known := segment(1, event(started, 0))
	known.Status.SessionEndTime = atPointer(40)
	for _, tc := range []struct {
		name    string
		chain   []Segment
		segment int32
		result  Result
		writes  []int32
	}{
		{"no recording", nil, 0, Ignored, nil},
		{"all are closed", []Segment{whole(1), broken(2)}, 0, Ignored, nil},
		{"somebody's object", []Segment{foreign(1)}, 0, Ignored, nil},
		{"one is open", []Segment{whole(1), segment(2, event(started, 40))}, 2, Recorded, []int32{2}},
		{"a client began it", []Segment{segment(1, reported(started, 40))}, 1, Recorded, []int32{1}},
		{"recordings overlap", []Segment{superseded(identified(1, "x")), identified(2, "y"), broken(3)}, 1, Recorded, []int32{1, 2}},
		{"it arrived before", []Segment{known}, 1, Duplicate, nil},
		{"it arrived before for one of two", []Segment{known, identified(2, "y")}, 1, Recorded, []int32{2}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := Place(tc.chain, ended, testWindows)
			var writes []int32
			for _, write := range got.Writes {
				writes = append(writes, write.Segment)
				want := *tc.chain[write.Segment-1].Status.DeepCopy()
				want.SessionEndTime = atPointer(50)
				if diff := cmp.Diff(want, write.Status); diff != "" || write.New {
					t.Errorf("status (-want +got):\n%s", diff)
				}
			}
			if diff := cmp.Diff(tc.writes, writes); diff != "" || got.Segment != tc.segment || got.Result != tc.result || got.NeedsFreshRead {
				t.Errorf("%+v\n%s", got, diff)
			}
		})
	}
}

// TestListedAgain is about a file that the provider lists every few minutes.
func TestListedAgain(t *testing.T) {
	first := backfilled("/a.mp4", 0)
	chain := store(nil, Place(nil, first, testWindows))
	if got := Place(chain, first, testWindows); len(got.Writes) != 0 || got.Result != Duplicate || got.NeedsFreshRead {
		t.Errorf("listed again: %+v", got)
	}
	moved := first
	moved.FileURL = "https://cdn.example.com/a.mp4?expires=later"
	got := statusOf(Place(chain, moved, testWindows))
	want := *chain[0].Status.DeepCopy()
	want.File.URL = moved.FileURL
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a new address (-want +got):\n%s", diff)
	}
	withoutURL := first
	withoutURL.FileURL = ""
	if got := Place(chain, withoutURL, testWindows); len(got.Writes) != 0 {
		t.Errorf("listed without an address: %+v", got)
	}
}

func TestFileID(t *testing.T) {
	for path, want := range map[string]string{
		webhookPath:                          "62d148951a1eb20029fc9b05",
		restPath:                             "62d148951a1eb20029fc9b05",
		"62d148951a1eb20029fc9b05":           "62d148951a1eb20029fc9b05",
		"/v/62D148951A1EB20029FC9B05.webm":   "62d148951a1eb20029fc9b05",
		"/v/62d148951a1eb20029fc9b0.mp4":     "v/62d148951a1eb20029fc9b0.mp4",
		"/v/62d148951a1eb20029fc9b05.tar.gz": "v/62d148951a1eb20029fc9b05.tar.gz",
		"/my meetings/a.mp4":                 "my meetings/a.mp4",
		"my meetings/a.mp4":                  "my meetings/a.mp4",
		"a":                                  "a",
		"":                                   "",
	} {
		if got := FileID(path); got != want {
			t.Errorf("FileID(%q) = %q, want %q", path, got, want)
		}
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
		{"open, with ids, the same id", identified(1, "x"), []Event{withID("x", event(stopping, 1))}, false},
		{"open, with ids, a file", identified(1, "x"), []Event{withID("x", stoppedWith("/a.mp4", 1))}, true},
		{"open, with ids, another id", identified(1, "x"), []Event{withID("y", event(started, 1))}, true},
		{"open, with ids, no id", identified(1, "x"), []Event{event(started, 1)}, true},
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
