// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package delivery_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/delivery"
)

var begin = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func at(seconds int) metav1.MicroTime {
	return metav1.NewMicroTime(begin.Add(time.Duration(seconds) * time.Second))
}

func webhook(kind v1alpha1.EventType, seconds int) v1alpha1.RecordingEvent {
	return v1alpha1.RecordingEvent{Type: kind, Source: v1alpha1.EventSourceWebhook, ReceiveTime: at(seconds), Deliveries: 1, LastReceiveTime: at(seconds)}
}

func processed(state v1alpha1.ProcessingState, seconds int, steps ...v1alpha1.StepStatus) v1alpha1.ProcessingStatus {
	return v1alpha1.ProcessingStatus{State: state, LastTransitionTime: ptr.To(at(seconds)), Steps: steps}
}

func archive(attempt int32) v1alpha1.StepStatus {
	return v1alpha1.StepStatus{
		Pipeline: "default", Step: "archive", Attempt: attempt, State: v1alpha1.StepSucceeded, CompletionTime: ptr.To(metav1.NewTime(begin)),
		Outputs: []v1alpha1.StepOutput{{Name: "archive", URL: "s3://b/a.mp4"}},
	}
}

func ids(items []delivery.Item) []string {
	var ids []string
	for _, item := range items {
		ids = append(ids, strings.TrimPrefix(item.ID, "uid-"))
	}
	return ids
}

func recording(events []v1alpha1.RecordingEvent, processing v1alpha1.ProcessingStatus) *v1alpha1.MeetingRecording {
	return &v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "rec", UID: "uid"},
		Status:     v1alpha1.MeetingRecordingStatus{Recording: v1alpha1.RecordingStatus{Events: events}, Processing: processing},
	}
}

func TestPending(t *testing.T) {
	all := []v1alpha1.RecordingEvent{webhook(v1alpha1.EventStopped, 9), webhook(v1alpha1.EventStarted, 1)}
	client := webhook(v1alpha1.EventStarting, 0)
	client.Source = v1alpha1.EventSourceClient
	succeeded := processed(v1alpha1.ProcessingSucceeded, 20, archive(1))
	const succeededID = "succeeded-1795435220000000"
	for name, test := range map[string]struct {
		recording *v1alpha1.MeetingRecording
		delivered v1alpha1.DeliveryStatus
		want      []string
	}{
		"nothing happened": {recording(nil, v1alpha1.ProcessingStatus{}), v1alpha1.DeliveryStatus{}, nil},
		"waiting":          {recording(all[1:], processed(v1alpha1.ProcessingWaiting, 1)), v1alpha1.DeliveryStatus{}, []string{"recording-started"}},
		"in order":         {recording(all, succeeded), v1alpha1.DeliveryStatus{}, []string{"recording-started", "recording-stopped", "outputs-default-archive-1", succeededID}},
		"not of clients":   {recording([]v1alpha1.RecordingEvent{client}, v1alpha1.ProcessingStatus{}), v1alpha1.DeliveryStatus{}, nil},
		"a part":           {recording(all, succeeded), v1alpha1.DeliveryStatus{Events: []v1alpha1.EventType{v1alpha1.EventStopped}}, []string{"recording-started", "outputs-default-archive-1", succeededID}},
		"everything but one": {recording(all, succeeded), v1alpha1.DeliveryStatus{
			Events: []v1alpha1.EventType{v1alpha1.EventStopped, v1alpha1.EventStarted}, ProcessingTime: ptr.To(at(20)),
		}, []string{"outputs-default-archive-1"}},
		"everything": {recording(all, succeeded), v1alpha1.DeliveryStatus{
			Events: []v1alpha1.EventType{v1alpha1.EventStopped, v1alpha1.EventStarted}, ProcessingTime: ptr.To(at(20)),
			Outputs: []v1alpha1.DeliveredOutputs{{Pipeline: "default", Step: "archive", Attempt: 1}},
		}, nil},
		"the same state again, after a rerun": {recording(nil, processed(v1alpha1.ProcessingSucceeded, 30, archive(2))), v1alpha1.DeliveryStatus{
			ProcessingTime: ptr.To(at(20)), Outputs: []v1alpha1.DeliveredOutputs{{Pipeline: "default", Step: "archive", Attempt: 1}},
		}, []string{"outputs-default-archive-2", "succeeded-1795435230000000"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, ids(delivery.Pending(test.recording, test.delivered))); diff != "" {
				t.Errorf("pending (-want +got):\n%s", diff)
			}
		})
	}
}

// Outputs of attempts that a rerun replaced are dropped, so that status.delivery does not grow.
func TestCurrent(t *testing.T) {
	of := recording(nil, processed(v1alpha1.ProcessingSucceeded, 20, archive(2)))
	delivered := v1alpha1.DeliveryStatus{Outputs: []v1alpha1.DeliveredOutputs{
		{Pipeline: "default", Step: "archive", Attempt: 1}, {Pipeline: "default", Step: "archive", Attempt: 2}, {Pipeline: "gone", Step: "archive", Attempt: 1},
	}}
	want := []v1alpha1.DeliveredOutputs{{Pipeline: "default", Step: "archive", Attempt: 2}}
	if diff := cmp.Diff(want, delivery.Current(of, delivered).Outputs); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
}

// In whatever order a recording's events come, states change, items are delivered and crashes lose what was not saved: everything that
// the recording has in the end was delivered, and then nothing is pending.
func TestEverythingIsDelivered(t *testing.T) {
	states := []v1alpha1.ProcessingState{v1alpha1.ProcessingQueued, v1alpha1.ProcessingRunning, v1alpha1.ProcessingSuspended, v1alpha1.ProcessingFailed, v1alpha1.ProcessingSucceeded}
	kinds := []v1alpha1.EventType{v1alpha1.EventStarting, v1alpha1.EventStarted, v1alpha1.EventStopping, v1alpha1.EventStopped, v1alpha1.EventFailed}
	rapid.Check(t, func(t *rapid.T) {
		object := recording(nil, v1alpha1.ProcessingStatus{})
		var remembered v1alpha1.DeliveryStatus
		sink := map[string]bool{}
		second := 0
		deliver := func(item delivery.Item) {
			sink[item.ID] = true
			remembered = delivery.Merge(remembered, item.Delivered)
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			second++
			switch rapid.SampledFrom([]string{"event", "state", "outputs", "deliver", "save", "crash"}).Draw(t, "action") {
			case "event":
				kind := rapid.SampledFrom(kinds).Draw(t, "kind")
				known := false
				for _, entry := range object.Status.Recording.Events {
					known = known || entry.Type == kind
				}
				if !known {
					object.Status.Recording.Events = append(object.Status.Recording.Events, webhook(kind, second))
				}
			case "state":
				object.Status.Processing.State = rapid.SampledFrom(states).Draw(t, "state")
				object.Status.Processing.LastTransitionTime = ptr.To(at(second))
			case "outputs":
				object.Status.Processing.Steps = []v1alpha1.StepStatus{archive(int32(second))}
			case "deliver": // any of them: one that fails does not block others
				if pending := delivery.Pending(object, remembered); len(pending) > 0 {
					deliver(rapid.SampledFrom(pending).Draw(t, "item"))
				}
			case "save":
				object.Status.Delivery = delivery.Current(object, remembered)
			case "crash":
				remembered = object.Status.Delivery
			}
		}
		for _, item := range delivery.Pending(object, remembered) {
			deliver(item)
		}
		if pending := delivery.Pending(object, remembered); len(pending) > 0 {
			t.Fatalf("still pending: %v", ids(pending))
		}
		for _, item := range delivery.Pending(object, v1alpha1.DeliveryStatus{}) {
			if !sink[item.ID] {
				t.Fatalf("%s was not delivered", item.ID)
			}
		}
	})
}
