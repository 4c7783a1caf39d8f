// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package delivery_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/delivery"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func recordingOf(events ...v1alpha1.EventType) *v1alpha1.MeetingRecording {
	recording := &v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "abcd-efgh-ijkl-613e1a0ad3d5a1b2c3d4e5f6", UID: "u"},
		Spec:       v1alpha1.MeetingRecordingSpec{MeetingID: "abcd-efgh-ijkl", SessionID: "613e1a0ad3d5a1b2c3d4e5f6", Segment: 1},
	}
	for i, event := range events {
		arrives(recording, event, noon.Add(time.Duration(i)*time.Second))
	}
	return recording
}

func arrives(recording *v1alpha1.MeetingRecording, event v1alpha1.EventType, at time.Time) {
	recording.Status.Recording.State = v1alpha1.RecordingState(event)
	recording.Status.Recording.Events = append(recording.Status.Recording.Events, v1alpha1.RecordingEvent{
		Type: event, Source: v1alpha1.EventSourceWebhook, ReceiveTime: metav1.NewMicroTime(at), Deliveries: 1, LastReceiveTime: metav1.NewMicroTime(at),
	})
}

// becomes writes a processing status as the controller does.
func becomes(recording *v1alpha1.MeetingRecording, state v1alpha1.ProcessingState, steps ...v1alpha1.StepStatus) {
	after := v1alpha1.ProcessingStatus{State: state, Steps: steps, History: recording.Status.Processing.History}
	after.Transitions, after.LastTransition = delivery.Note(recording, after, noon)
	if after.LastTransition > recording.Status.Processing.LastTransition {
		recording.Status.Delivery.State = v1alpha1.DeliveryPending
	}
	recording.Status.Processing = after
}

func made(name string, attempt int32) v1alpha1.StepStatus {
	return v1alpha1.StepStatus{
		Pipeline: "web", Step: name, Attempt: attempt, State: v1alpha1.StepSucceeded,
		Outputs: []v1alpha1.StepOutput{{Name: "poster", URL: "s3://b/poster.jpg", MediaType: "image/jpeg"}},
	}
}

func running(name string) v1alpha1.StepStatus {
	return v1alpha1.StepStatus{Pipeline: "web", Step: name, Attempt: 1, State: v1alpha1.StepRunning}
}

func ids(recording *v1alpha1.MeetingRecording, items []delivery.Item) []string {
	var ids []string
	for _, item := range items {
		ids = append(ids, item.ID(recording))
	}
	return ids
}

// What is told of a whole recording, in order: what the provider told, then what happened, outputs before the state that they lead to.
func TestDue(t *testing.T) {
	recording := recordingOf(v1alpha1.EventStarting, v1alpha1.EventStarted, v1alpha1.EventStopping, v1alpha1.EventStopped)
	becomes(recording, v1alpha1.ProcessingRunning, running("a"), running("b"))
	becomes(recording, v1alpha1.ProcessingRunning, made("a", 1), running("b"))
	becomes(recording, v1alpha1.ProcessingSucceeded, made("a", 1), made("b", 1))
	got := ids(recording, delivery.Due(recording, delivery.Told(recording)))
	want := []string{
		"u-recording-starting", "u-recording-started", "u-recording-stopping", "u-recording-stopped",
		"u-transition-1", "u-transition-2", "u-transition-3", "u-transition-4",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("due (-want +got):\n%s", diff)
	}
	told := v1alpha1.DeliveryTold{Events: []v1alpha1.EventType{v1alpha1.EventStarting, v1alpha1.EventStopped}, Transition: 3}
	got = ids(recording, delivery.Due(recording, told))
	if diff := cmp.Diff([]string{"u-recording-started", "u-recording-stopping", "u-transition-4"}, got); diff != "" {
		t.Errorf("due after some (-want +got):\n%s", diff)
	}
}

// Events are told as they arrived, whatever their order in the status; clients' are not.
func TestDueIsInOrderAndOfWebhooks(t *testing.T) {
	recording := recordingOf(v1alpha1.EventStarted)
	arrives(recording, v1alpha1.EventStarting, noon.Add(-time.Second))
	arrives(recording, v1alpha1.EventStopping, noon.Add(time.Minute))
	recording.Status.Recording.Events[2].Source = v1alpha1.EventSourceClient
	got := ids(recording, delivery.Due(recording, v1alpha1.DeliveryTold{}))
	if diff := cmp.Diff([]string{"u-recording-starting", "u-recording-started"}, got); diff != "" {
		t.Errorf("due (-want +got):\n%s", diff)
	}
}

// A rerun is told of as what it is, and what the sink knows is dropped from the recording then, not before.
func TestNoteDropsWhatIsKnown(t *testing.T) {
	recording := recordingOf(v1alpha1.EventStopped)
	becomes(recording, v1alpha1.ProcessingRunning, running("a"))
	becomes(recording, v1alpha1.ProcessingSucceeded, made("a", 1))
	recording.Status.Delivery = v1alpha1.DeliveryStatus{State: v1alpha1.DeliveryDelivered, Told: &v1alpha1.DeliveryTold{Transition: 2}}
	becomes(recording, v1alpha1.ProcessingSucceeded, made("a", 1))
	if delivery.Awaits(recording) || len(recording.Status.Processing.Transitions) != 3 {
		t.Errorf("nothing happened: %+v", recording.Status)
	}
	becomes(recording, v1alpha1.ProcessingRunning, running("a"))
	becomes(recording, v1alpha1.ProcessingSucceeded, made("a", 2))
	var got []int64
	for _, transition := range recording.Status.Processing.Transitions {
		got = append(got, transition.Sequence)
	}
	if diff := cmp.Diff([]int64{3, 4, 5, 6}, got); diff != "" {
		t.Errorf("transitions (-want +got):\n%s", diff)
	}
	if !delivery.Awaits(recording) {
		t.Error("the rerun is not awaited")
	}
}

// Beyond the bound the oldest go, which shows as a gap.
func TestNoteIsBounded(t *testing.T) {
	recording := recordingOf(v1alpha1.EventStopped)
	for range delivery.MaxTransitions {
		becomes(recording, v1alpha1.ProcessingQueued)
		becomes(recording, v1alpha1.ProcessingRunning)
	}
	transitions := recording.Status.Processing.Transitions
	if len(transitions) != delivery.MaxTransitions || transitions[len(transitions)-1].Sequence != 2*delivery.MaxTransitions {
		t.Fatalf("%d transitions", len(transitions))
	}
	due := delivery.Due(recording, v1alpha1.DeliveryTold{Events: []v1alpha1.EventType{v1alpha1.EventStopped}, Transition: 20})
	if got := delivery.Lost(v1alpha1.DeliveryTold{Transition: 20}, due[0]); got != delivery.MaxTransitions-20 {
		t.Errorf("%d lost", got)
	}
}

// A recording that was processed without a sink awaits nothing, whatever is in it; one in flight does.
func TestAwaits(t *testing.T) {
	old := recordingOf(v1alpha1.EventStopped)
	old.Status.Processing.State = v1alpha1.ProcessingSkipped
	if delivery.Awaits(old) {
		t.Error("an old recording is awaited")
	}
	if !delivery.Awaits(recordingOf(v1alpha1.EventStarted)) {
		t.Error("a recording in flight is not awaited")
	}
}

// world is a recording, who delivers it, and a sink that takes events or not. The API server has the recording; known is what who delivers
// remembers, until it crashes.
type world struct {
	recording *v1alpha1.MeetingRecording
	known     v1alpha1.DeliveryTold
	taken     []string // first deliveries, in order
	happened  []string // what the sink must know in the end
}

// sees says whether who delivers looks at the recording: it is in one of the two caches.
func (w *world) sees() bool {
	return !delivery.Over(w.recording) || w.recording.Status.Delivery.State == v1alpha1.DeliveryPending
}

// tell has the sink take what is due, up to so many; then written says whether who delivers lives to remember the last.
func (w *world) tell(atMost int, remembers bool) {
	if !w.sees() {
		return
	}
	told := delivery.Merge(delivery.Told(w.recording), w.known)
	due := delivery.Due(w.recording, told)
	for i, item := range due[:min(atMost, len(due))] {
		if id := item.ID(w.recording); !slices.Contains(w.taken, id) {
			w.taken = append(w.taken, id)
		}
		if remembers || i < atMost-1 {
			told = delivery.With(told, item)
		}
	}
	w.known = told
}

// save writes down what was told: all of it only where nothing is due, as the patch tests.
func (w *world) save() {
	if !w.sees() {
		return
	}
	told := delivery.Merge(delivery.Told(w.recording), w.known)
	w.recording.Status.Delivery.Told = &told
	if delivery.Over(w.recording) && len(delivery.Due(w.recording, told)) == 0 {
		w.recording.Status.Delivery.State = v1alpha1.DeliveryDelivered
	}
}

func (w *world) webhook(t *rapid.T, at time.Time) {
	event := rapid.SampledFrom([]v1alpha1.EventType{"Starting", "Started", "Stopping", "Stopped", "Failed"}).Draw(t, "event")
	if slices.ContainsFunc(w.recording.Status.Recording.Events, func(e v1alpha1.RecordingEvent) bool { return e.Type == event }) {
		return
	}
	if w.recording.Status.Delivery.State != "" { // as the sidecar does
		w.recording.Status.Delivery.State = v1alpha1.DeliveryPending
	}
	arrives(w.recording, event, at)
	all := w.recording.Status.Recording.Events
	w.happened = append(w.happened, delivery.Item{Event: &all[len(all)-1]}.ID(w.recording))
}

func (w *world) process(t *rapid.T) {
	state := rapid.SampledFrom([]v1alpha1.ProcessingState{"Queued", "Running", "Suspended", "Succeeded", "Failed", "Skipped"}).Draw(t, "state")
	var steps []v1alpha1.StepStatus
	if rapid.Bool().Draw(t, "outputs") {
		steps = []v1alpha1.StepStatus{made("a", rapid.Int32Range(1, 3).Draw(t, "attempt"))}
	}
	before := w.recording.Status.Processing.LastTransition
	becomes(w.recording, state, steps...)
	for i := range w.recording.Status.Processing.Transitions {
		if transition := &w.recording.Status.Processing.Transitions[i]; transition.Sequence > before {
			w.happened = append(w.happened, delivery.Item{Transition: transition}.ID(w.recording))
		}
	}
}

// Whatever crashes when, the sink is told of all that happened; of what happened in processing, in order; and in the end nothing waits.
func TestNothingIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{recording: recordingOf()}
		w.recording.Status.Processing.State = v1alpha1.ProcessingWaiting
		at := noon
		t.Repeat(map[string]func(*rapid.T){
			"a webhook": func(t *rapid.T) { at = at.Add(time.Second); w.webhook(t, at) },
			"process":   w.process,
			"tell":      func(t *rapid.T) { w.tell(rapid.IntRange(1, 4).Draw(t, "at most"), true) },
			"crash while telling": func(t *rapid.T) {
				w.tell(rapid.IntRange(1, 4).Draw(t, "at most"), false)
				w.known = v1alpha1.DeliveryTold{}
			},
			"save":  func(*rapid.T) { w.save() },
			"crash": func(*rapid.T) { w.known = v1alpha1.DeliveryTold{} },
			"": func(t *rapid.T) {
				if !w.sees() && len(w.taken) < len(w.happened) {
					t.Fatalf("nobody looks at what is not told: %v of %v", w.taken, w.happened)
				}
			},
		})
		w.tell(1000, true)
		w.save()
		if delivery.Over(w.recording) && delivery.Awaits(w.recording) {
			t.Fatalf("it waits still: %+v", w.recording.Status.Delivery)
		}
		if diff := cmp.Diff(slices.Sorted(slices.Values(w.happened)), slices.Sorted(slices.Values(w.taken))); diff != "" {
			t.Fatalf("told (-want +got):\n%s", diff)
		}
		for _, kind := range []string{"u-recording-", "u-transition-"} {
			if diff := cmp.Diff(only(kind, w.happened), only(kind, w.taken)); diff != "" {
				t.Fatalf("order (-want +got):\n%s", diff)
			}
		}
	})
}

func only(prefix string, ids []string) []string {
	var some []string
	for _, id := range ids {
		if len(id) > len(prefix) && id[:len(prefix)] == prefix {
			some = append(some, id)
		}
	}
	return some
}
