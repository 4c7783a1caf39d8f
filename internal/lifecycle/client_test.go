// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// told is what a client tells, some seconds after epoch.
func reported(eventType v1alpha1.EventType, seconds float64) Event {
	ev := event(eventType, seconds)
	ev.Source = v1alpha1.EventSourceClient
	return ev
}

// TestPlaceClient has the decisions on clients' events, and on webhooks where clients were before.
func TestPlaceClient(t *testing.T) {
	for _, tc := range []struct {
		name    string
		chain   []Segment
		event   Event
		segment int32
		isNew   bool
		same    bool // unchanged
		state   v1alpha1.RecordingState
		rule    string
	}{
		{"the first of a session", nil, reported(started, 0), 1, true, false, "Started", ruleNew},
		{"an end without a beginning", nil, reported(stopped, 0), 1, true, false, "Stopping", ruleNew},
		{"an end that no webhook has told", []Segment{segment(1, event(started, 0))}, reported(stopped, 1), 1, false, false, "Stopping", ruleClientNotes},
		{"a beginning that no webhook has told", []Segment{segment(1, event(starting, 0))}, reported(started, 1), 1, false, false, "Started", ruleClientNotes},
		{"what a webhook has told", []Segment{segment(1, event(started, 0))}, reported(started, 1), 1, false, true, "Started", ruleClientKnown},
		{"what a client has told", []Segment{segment(1, reported(stopping, 0))}, reported(stopped, 1), 1, false, true, "Stopping", ruleClientKnown},
		{"a late beginning", []Segment{whole(1)}, reported(started, 90), 1, false, true, "Stopped", ruleClientKnown},
		{"the next beginning", []Segment{whole(1)}, reported(started, 90.001), 2, true, false, "Started", ruleNew},
		{"a late end", []Segment{whole(1)}, reported(stopped, 9999), 1, false, true, "Stopped", ruleClientKnown},
		{"an end after a failure", []Segment{broken(1)}, reported(stopped, 9999), 1, false, true, "Failed", ruleClientKnown},
		{"behind somebody's object", []Segment{foreign(1)}, reported(started, 0), 2, true, false, "Started", ruleNew},

		{"a webhook of what clients began", []Segment{segment(1, reported(started, 0))}, event(starting, 1), 1, false, false, "Started", ruleNew},
		{"a webhook of a later recording that clients began", []Segment{whole(1), segment(2, reported(started, 100))}, event(started, 101), 2, false, false, "Started", ruleNew},
		{"a webhook of the one before it", []Segment{silent(1), segment(2, reported(started, 80))}, event(stopping, 90), 1, false, false, "Stopped", "overtaken by the end"},
		{"a late failure of the one before it", []Segment{whole(1), segment(2, reported(started, 80))}, event(failed, 90), 1, false, false, "Stopped", "failure of an ended recording"},
		{"the known file again", []Segment{whole(1), segment(2, reported(started, 80))}, stoppedWith("/a.mp4", 9999), 1, false, false, "Stopped", "same file"},
		{"another file", []Segment{whole(1), segment(2, reported(stopped, 80))}, stoppedWith("/b.mp4", 81), 2, false, false, "Stopped", ruleNew},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := Place(tc.chain, tc.event, testWindows)
			state := statusOf(got).State
			if len(got.Writes) == 0 {
				state = tc.chain[got.Segment-1].Status.State
			}
			if got.Segment != tc.segment || isNew(got) != tc.isNew || (len(got.Writes) == 0) != tc.same || state != tc.state || got.Rule != tc.rule {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestWebhookTakesOver: a webhook takes the place of what a client told, as its first delivery; the next one is the second.
func TestWebhookTakesOver(t *testing.T) {
	chain := []Segment{segment(1, reported(started, 0))}
	for i, want := range []struct {
		result Result
		entry  v1alpha1.RecordingEvent
	}{
		{Recorded, entry(started, 5, 1, 5)},
		{Duplicate, entry(started, 5, 2, 6)},
	} {
		got := Place(chain, event(started, float64(5+i)), testWindows)
		if got.Result != want.result {
			t.Errorf("result %s, want %s", got.Result, want.result)
		}
		if diff := cmp.Diff([]v1alpha1.RecordingEvent{want.entry}, statusOf(got).Events); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		chain = []Segment{{Index: 1, Status: statusOf(got)}}
	}
}

// lies draws what clients tell meanwhile, true or not.
func lies(t *rapid.T, until time.Time) []Event {
	var all []Event
	for range rapid.IntRange(0, 12).Draw(t, "clients' events") {
		ev := reported(rapid.SampledFrom([]v1alpha1.EventType{starting, started, stopping, stopped}).Draw(t, "told"), 0)
		span := int(until.Sub(epoch)/time.Millisecond) + 200_000
		ev.ReceivedAt = epoch.Add(time.Duration(rapid.IntRange(0, span).Draw(t, "told at"))*time.Millisecond + 900*time.Microsecond) // webhooks arrive in earlier microseconds
		all = append(all, ev)
	}
	return all
}

func together(webhooks, clients []Event) []Event {
	all := slices.Concat(webhooks, clients)
	slices.SortStableFunc(all, func(a, b Event) int { return a.ReceivedAt.Compare(b.ReceivedAt) })
	return all
}

// withoutClients is the chain as webhooks have made it.
func withoutClients(chain []Segment) []Segment {
	var stripped []Segment
	for _, s := range chain {
		if s.Hollow() {
			continue
		}
		var events []v1alpha1.RecordingEvent
		for _, e := range s.Status.Events {
			if !isClients(e) {
				events = append(events, e)
			}
		}
		s.Status.Events = events
		s.Status.State, s.Status.StartTime = stateOf(s.Status), firstArrival(s.Status, started, starting)
		stripped = append(stripped, s)
	}
	return stripped
}

// TestClientsChangeNothing: whatever clients tell, and whenever, webhooks end where they do without clients: the same segments with the
// same files, ends, deliveries and times. There is one segment more at most, the last one, which waits for its webhooks.
func TestClientsChangeNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		webhooks := session(t)
		until := epoch
		if len(webhooks) > 0 {
			until = webhooks[len(webhooks)-1].ReceivedAt
		}
		want, chain := placeAll(webhooks), placeAll(together(webhooks, lies(t, until)))
		if diff := cmp.Diff(withoutClients(want), withoutClients(chain)); diff != "" {
			t.Fatalf("clients made a difference (-without +with):\n%s", diff)
		}
		if len(chain) > len(want)+1 {
			t.Fatalf("%d segments instead of %d", len(chain), len(want))
		}
		for i, s := range chain {
			if ended := s.Status.State == v1alpha1.RecordingStopped || s.Status.State == v1alpha1.RecordingFailed; ended == s.Open() {
				t.Fatalf("segment %d is %s", i+1, s.Status.State)
			}
		}
	})
}

// TestSessionsWithClients is I1 and I2 for webhooks, with clients among the writers that race and die.
func TestSessionsWithClients(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		webhooks := session(t)
		tasks := w.run(together(webhooks, lies(t, epoch.Add(time.Minute))), 4, true)
		for _, problem := range w.problems {
			t.Fatal(problem)
		}
		checkFiles(t, w, tasks)
		checkDeliveries(t, w, tasks)
	})
}

// TestOneRecordingRacedWithClients is I3 for webhooks, with clients among the writers that race.
func TestOneRecordingRacedWithClients(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		life := lifeOf(t, 0, epoch)
		var arrived []Event
		for _, ev := range append(slices.Clone(life), reported(started, 0), reported(stopped, 0), reported(starting, 0), reported(stopping, 0)) {
			for range rapid.IntRange(1, 3).Draw(t, "deliveries") {
				ev.ReceivedAt = epoch.Add(time.Duration(rapid.IntRange(0, 9_998).Draw(t, "at"))*time.Millisecond + time.Duration(len(arrived))*time.Microsecond)
				arrived = append(arrived, ev)
			}
		}
		w := newWorld(t)
		tasks := w.run(together(arrived, nil), 4, false)
		for _, problem := range w.problems {
			t.Fatal(problem)
		}
		if chain := w.chain(); len(chain) != 1 {
			t.Fatalf("%d segments of one recording", len(chain))
		}
		if got, want := withoutClients(w.chain())[0].Status, segment(1, life...).Status; got.State != want.State || !cmp.Equal(got.File, want.File) || len(got.Events) != len(want.Events) {
			t.Fatalf("%+v, want %+v", got, want)
		}
		checkFiles(t, w, tasks)
		checkDeliveries(t, w, tasks)
	})
}
