// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// clientSays is a client's event some seconds after epoch.
func clientSays(eventType v1alpha1.EventType, seconds float64) lifecycle.Event {
	ev := event(eventType, seconds)
	ev.Source = v1alpha1.EventSourceClient
	return ev
}

// TestWriterCallsOfClients is their budget: one write for each type that is new, none for the rest; and nothing more for webhooks.
func TestWriterCallsOfClients(t *testing.T) {
	first, second := testName, testName+"-2"
	for _, tc := range []struct {
		name           string
		before, events []lifecycle.Event
		calls          []string
		result         lifecycle.Result
	}{
		{"the first", nil, []lifecycle.Event{clientSays(started, 0)}, []string{"get " + first, "create " + first, "patch " + first}, lifecycle.Recorded},
		{"one more client", []lifecycle.Event{clientSays(started, 0)}, []lifecycle.Event{clientSays(started, 1)}, []string{"get " + first, "get fresh " + first}, lifecycle.Duplicate},
		{
			"what is over", []lifecycle.Event{event(started, 0), event(stopped, 1, "/a.mp4")}, []lifecycle.Event{clientSays(stopping, 2)},
			[]string{"get " + first, "get " + second, "get fresh " + first, "get fresh " + second}, lifecycle.Duplicate,
		},
		{"the webhook", []lifecycle.Event{clientSays(started, 0)}, []lifecycle.Event{event(started, 1)}, []string{"get " + first, "patch " + first}, lifecycle.Recorded},
		{
			"both at once", nil, []lifecycle.Event{clientSays(started, 0), event(started, 1)},
			[]string{"get " + first, "create " + first, "patch " + first}, lifecycle.Recorded,
		},
		{
			"a webhook where others are before", []lifecycle.Event{event(stopped, 0, "/a.mp4"), clientSays(started, 100)}, []lifecycle.Event{event(started, 101)},
			[]string{"get " + first, "get " + second, "get fresh " + first, "get fresh " + second, "patch " + second}, lifecycle.Recorded,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			store := newMemoryStore()
			w := &Writer{Store: store, Windows: testWindows}
			for _, ev := range tc.before {
				writeAll(t, w, ev)
			}
			store.takeCalls()
			if got := writeAll(t, w, tc.events...); got[len(got)-1].Result != tc.result {
				t.Errorf("result %s, want %s", got[len(got)-1].Result, tc.result)
			}
			if diff := cmp.Diff(tc.calls, store.takeCalls()); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}
