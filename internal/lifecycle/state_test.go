// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

func at(seconds float64) metav1.MicroTime { return microTime(event(started, seconds).ReceivedAt) }

func atPointer(seconds float64) *metav1.MicroTime {
	when := at(seconds)
	return &when
}

func entry(eventType v1alpha1.EventType, first float64, deliveries int32, last float64) v1alpha1.RecordingEvent {
	return v1alpha1.RecordingEvent{
		Type: eventType, Source: v1alpha1.EventSourceWebhook,
		ReceiveTime: at(first), Deliveries: deliveries, LastReceiveTime: at(last),
	}
}

func withEntryID(id string, entry v1alpha1.RecordingEvent) v1alpha1.RecordingEvent {
	entry.ID = id
	return entry
}

func TestApply(t *testing.T) {
	file := &v1alpha1.RecordingFile{Path: "/a.mp4", URL: "https://cdn.example.com/a.mp4"}
	withoutURL := stoppedWith("/a.mp4", 3)
	withoutURL.FileURL = ""
	encrypted := stoppedWith("/a.mp4", 3)
	encrypted.Encryption = &v1alpha1.FileEncryption{KeyURL: "https://cdn.example.com/a.key"}
	for _, tc := range []struct {
		name   string
		events []Event
		want   v1alpha1.RecordingStatus
	}{
		{
			"the first event", []Event{event(starting, 0)},
			v1alpha1.RecordingStatus{
				State: v1alpha1.RecordingStarting, StartTime: atPointer(0),
				Events: []v1alpha1.RecordingEvent{entry(starting, 0, 1, 0)},
			},
		},
		{
			"a whole recording", []Event{event(starting, 0), event(started, 1), event(stopping, 2), stoppedWith("/a.mp4", 3)},
			v1alpha1.RecordingStatus{
				State: v1alpha1.RecordingStopped, File: file, StartTime: atPointer(1), EndTime: atPointer(3),
				Events: []v1alpha1.RecordingEvent{
					entry(starting, 0, 1, 0), entry(started, 1, 1, 1), entry(stopping, 2, 1, 2), entry(stopped, 3, 1, 3),
				},
			},
		},
		{
			"an event that was overtaken does not set the state back", []Event{stoppedWith("/a.mp4", 1), event(stopping, 2)},
			v1alpha1.RecordingStatus{
				State: v1alpha1.RecordingStopped, File: file, EndTime: atPointer(1),
				Events: []v1alpha1.RecordingEvent{entry(stopped, 1, 1, 1), entry(stopping, 2, 1, 2)},
			},
		},
		{
			"a redelivery", []Event{event(starting, 0), event(starting, 5)},
			v1alpha1.RecordingStatus{
				State: v1alpha1.RecordingStarting, StartTime: atPointer(0),
				Events: []v1alpha1.RecordingEvent{entry(starting, 0, 2, 5)},
			},
		},
		{
			"a delivery from hours ago that is written late does not move the start", []Event{event(started, 4), event(starting, 3), event(started, -9999)},
			v1alpha1.RecordingStatus{
				State: v1alpha1.RecordingStarted, StartTime: atPointer(4),
				Events: []v1alpha1.RecordingEvent{entry(starting, 3, 1, 3), entry(started, 4, 2, 4)},
			},
		},
		{
			"a failure", []Event{event(starting, 0), event(failed, 1)},
			v1alpha1.RecordingStatus{
				State: v1alpha1.RecordingFailed, StartTime: atPointer(0), EndTime: atPointer(1),
				Events: []v1alpha1.RecordingEvent{entry(starting, 0, 1, 0), entry(failed, 1, 1, 1)},
			},
		},
		{
			"a file wins over a failure", []Event{event(failed, 1), stoppedWith("/a.mp4", 2)},
			v1alpha1.RecordingStatus{
				State: v1alpha1.RecordingStopped, File: file, EndTime: atPointer(2),
				Events: []v1alpha1.RecordingEvent{entry(failed, 1, 1, 1), entry(stopped, 2, 1, 2)},
			},
		},
		{
			"a redelivery brings the URL that was missing", []Event{withoutURL, stoppedWith("/a.mp4", 4)},
			v1alpha1.RecordingStatus{
				State: v1alpha1.RecordingStopped, File: file, EndTime: atPointer(3),
				Events: []v1alpha1.RecordingEvent{entry(stopped, 3, 2, 4)},
			},
		},
		{
			"what the provider lists brings a new address", []Event{stoppedWith("/a.mp4", 3), backfilled("/a.mp4", 1)},
			v1alpha1.RecordingStatus{
				State: v1alpha1.RecordingStopped, File: &v1alpha1.RecordingFile{Path: "/a.mp4", URL: file.URL + "?new"}, EndTime: atPointer(3),
				Events: []v1alpha1.RecordingEvent{entry(stopped, 3, 2, 3)},
			},
		},
		{
			"ids", []Event{withID("a", event(starting, 0)), event(started, 1), withID("b", event(started, 2)), withID("b", event(stopping, 3))},
			v1alpha1.RecordingStatus{
				State: v1alpha1.RecordingStopping, StartTime: atPointer(1), ProviderID: "b",
				Events: []v1alpha1.RecordingEvent{withEntryID("a", entry(starting, 0, 1, 0)), withEntryID("b", entry(started, 1, 2, 2)), withEntryID("b", entry(stopping, 3, 1, 3))},
			},
		},
		{
			"encrypted", []Event{encrypted, stoppedWith("/a.mp4", 4)},
			v1alpha1.RecordingStatus{
				State: v1alpha1.RecordingStopped, EndTime: atPointer(3),
				File:   &v1alpha1.RecordingFile{Path: "/a.mp4", URL: file.URL, Encryption: encrypted.Encryption},
				Events: []v1alpha1.RecordingEvent{entry(stopped, 3, 2, 4)},
			},
		},
		{
			"no file", []Event{event(stopped, 1)},
			v1alpha1.RecordingStatus{
				State: v1alpha1.RecordingStopped, EndTime: atPointer(1),
				Events: []v1alpha1.RecordingEvent{entry(stopped, 1, 1, 1)},
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, segment(1, tc.events...).Status); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}
		})
	}
}

func TestApplyCutsTimesToMicroseconds(t *testing.T) {
	ev := event(started, 0)
	ev.ReceivedAt = ev.ReceivedAt.Add(1999 * time.Nanosecond).In(time.FixedZone("east", 3600))
	got := Apply(v1alpha1.RecordingStatus{}, ev).Events[0].ReceiveTime
	if want := epoch.Add(time.Microsecond); got.Time != want {
		t.Errorf("receivedAt = %v, want %v", got, want)
	}
}

func TestApplyStopsCountingAtTheLimit(t *testing.T) {
	status := Apply(v1alpha1.RecordingStatus{}, event(started, 0))
	status.Events[0].Deliveries = math.MaxInt32
	if got := Apply(status, event(started, 1)).Events[0].Deliveries; got != math.MaxInt32 {
		t.Errorf("deliveries = %d, want %d", got, math.MaxInt32)
	}
}

// anyEvent is any delivery within a minute and a half, no two at one moment.
func anyEvents(t *rapid.T, atMost int) []Event {
	var events []Event
	for i := range rapid.IntRange(0, atMost).Draw(t, "count") {
		ev := event(rapid.SampledFrom(allTypes).Draw(t, "type"), rapid.Float64Range(0, 90).Draw(t, "second"))
		ev.ReceivedAt = ev.ReceivedAt.Truncate(time.Millisecond).Add(time.Duration(i) * time.Microsecond)
		if ev.Type == stopped && rapid.Bool().Draw(t, "file") {
			ev.FilePath, ev.FileURL = "/a.mp4", "https://cdn.example.com/a.mp4"
		}
		events = append(events, ev)
	}
	return events
}

func TestApplyDoesNotDependOnTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := anyEvents(t, 8)
		want := segment(1, events...).Status
		got := segment(1, rapid.Permutation(events).Draw(t, "order")...).Status
		want, got = withoutTimes(want), withoutTimes(got) // they are of what was written first
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("another order, another status (-want +got):\n%s", diff)
		}
		var deliveries int32
		for _, e := range got.Events {
			deliveries += e.Deliveries
		}
		if int(deliveries) != len(events) {
			t.Fatalf("%d deliveries counted of %d", deliveries, len(events))
		}
	})
}

func withoutTimes(status v1alpha1.RecordingStatus) v1alpha1.RecordingStatus {
	status.StartTime, status.EndTime = nil, nil
	for i := range status.Events {
		status.Events[i].ReceiveTime = metav1.MicroTime{}
	}
	slices.SortFunc(status.Events, func(a, b v1alpha1.RecordingEvent) int { return strings.Compare(string(a.Type), string(b.Type)) })
	return status
}

func TestApplyAndPlaceModifyNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		chain := []Segment{segment(1, anyEvents(t, 6)...), segment(2, anyEvents(t, 6)...)}
		before := []Segment{chain[0], chain[1]}
		before[0].Status = *chain[0].Status.DeepCopy()
		before[1].Status = *chain[1].Status.DeepCopy()
		for _, ev := range anyEvents(t, 2) {
			decision := Place(chain, ev, testWindows)
			for _, write := range decision.Writes {
				for i := range write.Status.Events {
					write.Status.Events[i].Deliveries = -1
				}
				if write.Status.File != nil {
					write.Status.File.Path = "changed"
				}
			}
		}
		if diff := cmp.Diff(before, chain); diff != "" {
			t.Fatalf("the chain was modified (-before +after):\n%s", diff)
		}
	})
}
