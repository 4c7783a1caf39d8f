// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// script reads what happens to a session from bytes; when they are used up it
// reads zeros.
type script []byte

func (s *script) next() int {
	if len(*s) == 0 {
		return 0
	}
	b := (*s)[0]
	*s = (*s)[1:]
	return int(b)
}

// scriptPaths are few, so that files come again.
var scriptIDs = []string{"", "", "x", "y"}

var scriptPaths = []string{"", "/a.mp4", "/b.mp4", "/encoded/videos/ß c.mp4"}

// event reads an event, at a time before or after the last.
func (s *script) event(last time.Time) Event {
	ev := Event{Type: allTypes[s.next()%len(allTypes)], Source: v1alpha1.EventSourceWebhook}
	step := s.next()<<8 | s.next()
	ev.ReceivedAt = last.Add(time.Duration(int16(step)) * 100 * time.Millisecond)
	what := s.next()
	ev.Retried = what&0x20 != 0
	ev.ID = scriptIDs[(what>>2)%len(scriptIDs)]
	if what&0x40 != 0 && ev.Type == stopped {
		ev.Source = v1alpha1.EventSourceBackfill
	}
	if ev.Type == stopped {
		ev.FilePath = scriptPaths[what%len(scriptPaths)]
		if ev.FilePath != "" && what&0x80 == 0 {
			ev.FileURL = "https://cdn.example.com" + ev.FilePath
		}
	}
	return ev
}

// FuzzPlace plays a session by one writer, who sees all there is, or sometimes
// only the first part of it. No event is lost (I2), and every file is on one
// segment (I1), in every case; what is decided by an outdated view is not
// written, but must make sense too.
func FuzzPlace(f *testing.F) {
	f.Add([]byte{})
	for _, seed := range [][]byte{
		{60, 10, 0, 0, 0, 0, 1, 0, 10, 0, 0, 2, 0, 10, 0, 0, 3, 0, 10, 1, 0},                   // one recording
		{60, 10, 0, 3, 0, 0, 1, 0, 3, 0, 1, 2, 0, 3, 255, 255, 1, 0, 0, 0, 0, 0, 0},            // two files, and one again
		{60, 10, 0, 4, 0, 0, 0, 0, 3, 0, 50, 1, 0, 4, 0, 50, 0, 0, 3, 0, 50, 2, 0},             // failures, and files after them
		{60, 10, 0, 0, 0, 0, 0, 64, 0, 0, 1, 0, 0, 3, 0, 1, 1, 65, 4, 127, 255, 0, 3, 0, 0, 1}, // somebody's objects
		{60, 10, 0, 4, 0, 0, 0, 0, 0, 64, 0, 0, 0, 3, 0, 1, 1},                                 // a file behind a failure
		{0, 0, 0, 3, 128, 0, 1, 128, 4, 127, 255, 0, 129, 3, 0, 0, 2, 130},
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := script(data)
		w := Windows{Reorder: time.Duration(s.next()) * time.Second, Redelivery: time.Duration(s.next()) * time.Second}
		var chain []Segment
		placed := map[v1alpha1.EventType]int{}
		at := epoch
		for len(s) > 0 && len(chain) < 64 {
			what := s.next()
			switch what >> 6 {
			case 1: // somebody makes an object that has the next name
				chain = append(chain, Segment{Index: nextIndex(chain), Foreign: true, Status: segment(1, s.event(at)).Status})
				continue
			case 2: // the controller acts on how the last recording ended
				if len(chain) > 0 && !chain[len(chain)-1].Open() {
					chain[len(chain)-1].Processed = true
				}
				continue
			}
			ev := s.event(at)
			at = ev.ReceivedAt
			seen := chain[:what%(len(chain)+1)]
			checkDecision(t, seen, ev, Place(seen, ev, w), w)
			decision := Place(chain, ev, w)
			checkDecision(t, chain, ev, decision, w)
			counted := countedIn(chain, ev.Type)
			chain = store(chain, decision)
			if ev.Source != v1alpha1.EventSourceBackfill && len(decision.Writes) > 0 || countedIn(chain, ev.Type) != counted {
				placed[ev.Type]++
			}
			checkChain(t, chain, ev, placed)
		}
	})
}

// checkDecision holds a decision against what it was made by.
func checkDecision(t *testing.T, chain []Segment, ev Event, got Decision, w Windows) {
	t.Helper()
	if again := Place(chain, ev, w); !reflect.DeepEqual(got, again) {
		t.Fatalf("decided %+v, then %+v", got, again)
	}
	before := Segment{Index: nextIndex(chain)}
	if !isNew(got) {
		if got.Segment < 1 || int(got.Segment) > len(chain) {
			t.Fatalf("segment %d of %d", got.Segment, len(chain))
		}
		before = chain[got.Segment-1]
	}
	if got.Segment != before.Index || before.Foreign {
		t.Fatalf("it goes to segment %d, foreign %t; new %t", got.Segment, before.Foreign, isNew(got))
	}
	after := statusOf(got)
	if len(got.Writes) == 0 {
		if !before.hasArrivalOf(ev) && (ev.Source != v1alpha1.EventSourceBackfill || !before.hasFileOf(ev)) {
			t.Fatalf("%+v writes nothing", got)
		}
		return
	}
	checkStatus(t, before.Status, after, ev)
	addsFile := before.Status.File == nil && after.File != nil
	if (got.Result == Duplicate) != (find(before.Status, ev.Type) != nil && !addsFile) {
		t.Fatalf("result %s for %s on %+v", got.Result, ev.Type, before.Status)
	}
	if addsFile && before.Processed && !before.Open() {
		t.Fatalf("a file on %+v, which was processed", before)
	}
	if !addsFile && !isNew(got) {
		if len(got.Writes) != 1 {
			t.Fatalf("it supersedes for nothing: %+v", got)
		}
		return
	}
	for i, other := range chain[:max(0, lastBegun(chain))] {
		if other.Index != got.Segment && other.canGetFile() && !slices.Contains(supersedes(got), chain[i].Index) {
			t.Fatalf("segment %d could get the file, too: %+v", other.Index, got)
		}
	}
	for _, index := range supersedes(got) {
		if !chain[index-1].canGetFile() {
			t.Fatalf("it supersedes %d for nothing: %+v", index, got)
		}
	}
}

// checkStatus holds a status with the event in it against the one without.
func checkStatus(t *testing.T, before, after v1alpha1.RecordingStatus, ev Event) {
	t.Helper()
	for _, eventType := range allTypes {
		was, is, more := find(before, eventType), find(after, eventType), int32(0)
		if eventType == ev.Type && (ev.Source != v1alpha1.EventSourceBackfill || !(Segment{Status: before}).hasFileOf(ev)) {
			more = 1
		}
		deliveries := func(e *v1alpha1.RecordingEvent) int32 {
			if e == nil {
				return 0
			}
			return e.Deliveries
		}
		if deliveries(is) != deliveries(was)+more {
			t.Fatalf("%d deliveries of %s after %d", deliveries(is), eventType, deliveries(was))
		}
		if is != nil && is.LastReceiveTime.Time.Before(is.ReceiveTime.Time) {
			t.Fatalf("first %s, last %s", is.ReceiveTime, is.LastReceiveTime)
		}
	}
	if len(after.Events) > len(allTypes) {
		t.Fatalf("%d entries", len(after.Events))
	}
	if !slices.IsSortedFunc(after.Events, func(a, b v1alpha1.RecordingEvent) int { return a.ReceiveTime.Compare(b.ReceiveTime.Time) }) {
		t.Fatalf("entries are not in order: %+v", after.Events)
	}
	if rank(after.State) < rank(before.State) || after.State == "" {
		t.Fatalf("state %q after %q", after.State, before.State)
	}
	if before.File != nil && (after.File == nil || after.File.Path != before.File.Path || (before.File.URL != "" && after.File.URL != before.File.URL && ev.Source != v1alpha1.EventSourceBackfill)) {
		t.Fatalf("file %v after %v", after.File, before.File)
	}
	if over := after.State == v1alpha1.RecordingStopped || after.State == v1alpha1.RecordingFailed; over != (after.EndTime != nil) {
		t.Fatalf("state %s, ended at %v", after.State, after.EndTime)
	}
}

// checkChain is I1 and I2 for what was placed so far.
func countedIn(chain []Segment, eventType v1alpha1.EventType) int {
	total := 0
	for _, s := range chain {
		total += deliveries(s.Status, eventType)
	}
	return total
}

func checkChain(t *testing.T, chain []Segment, ev Event, placed map[v1alpha1.EventType]int) {
	t.Helper()
	counted, files := map[v1alpha1.EventType]int{}, map[string]int{}
	for i, s := range chain {
		if int(s.Index) != i+1 {
			t.Fatalf("segment %d is at %d", s.Index, i+1)
		}
		if s.Foreign {
			continue
		}
		for _, entry := range s.Status.Events {
			counted[entry.Type] += int(entry.Deliveries)
		}
		if s.Status.File != nil {
			files[FileID(s.Status.File.Path)]++
		}
	}
	for _, eventType := range allTypes {
		if counted[eventType] != placed[eventType] {
			t.Fatalf("%d deliveries of %s, of %d", counted[eventType], eventType, placed[eventType])
		}
	}
	for path, n := range files {
		if n != 1 {
			t.Fatalf("%s is on %d segments", path, n)
		}
	}
	if file := ev.fileID(); file != "" && files[file] != 1 {
		t.Fatalf("%s is on no segment", ev.FilePath)
	}
}

// FuzzName: whatever the provider's ids are, an object can have the name, and
// no other session has it.
func FuzzName(f *testing.F) {
	for _, ids := range [][4]string{
		{"hstr-afz3-tt4f", "62d148951a1eb20029fc9b05", "hstr-afz3-tt4f", "62d148951a1eb20029fc9b06"},
		{"a", "b-c", "a-b", "c"}, {"A", "b", "a", "b"}, {"", "", "-", "-"}, {"\x00", "ß", "\xff", "../.."}, {"a.b", "c_d", "a-b", "c-d"},
	} {
		f.Add(ids[0], ids[1], ids[2], ids[3], int32(1))
	}
	f.Fuzz(func(t *testing.T, meeting, session, otherMeeting, otherSession string, segment int32) {
		segment = int32(uint32(segment)%MaxSegment) + 1
		name := Name(meeting, session, segment)
		if wrong := validation.IsDNS1123Subdomain(name); len(wrong) > 0 || len(name) > MaxNameLength {
			t.Fatalf("%q: %v", name, wrong)
		}
		for _, label := range []string{LabelValue(meeting), LabelValue(session)} {
			if wrong := validation.IsValidLabelValue(label); len(wrong) > 0 {
				t.Fatalf("label %q: %v", label, wrong)
			}
		}
		same := meeting == otherMeeting && session == otherSession
		if other := Name(otherMeeting, otherSession, segment); (other == name) != same {
			t.Fatalf("%q + %q and %q + %q are named %s and %s", meeting, session, otherMeeting, otherSession, name, other)
		}
		if next := Name(meeting, session, segment%MaxSegment+1); next == name {
			t.Fatalf("two segments are named %s", name)
		}
	})
}
