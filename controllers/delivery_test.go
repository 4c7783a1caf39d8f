// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/controllers"
	"github.com/meetingops/meeting-recording-operator/controllers/delivery"
	"github.com/meetingops/meeting-recording-operator/internal/event"
)

// finishes has the four webhooks of a recording come.
func finishes(t *testing.T, recording *v1alpha1.MeetingRecording) {
	t.Helper()
	for i, event := range []v1alpha1.EventType{v1alpha1.EventStarting, v1alpha1.EventStarted, v1alpha1.EventStopping, v1alpha1.EventStopped} {
		arrives(t, recording, event, time.Duration(4-i)*time.Second)
	}
}

var fourWebhooks = []string{"recording-starting", "recording-started", "recording-stopping", "recording-stopped"}

func after(ids ...string) []string { return append(append([]string{}, fourWebhooks...), ids...) }

// Every change of a recording is delivered in order, and stored with one write.
func TestDelivery(t *testing.T) {
	ns, sink := namespace(t), newSink(t)
	newPipeline(t, ns, "default", "archive")
	op := start(t, ns, sink.delivering(nil))
	recording := newRecording(t, ns, "rec")
	arrives(t, recording, v1alpha1.EventStarting, 4*time.Second)
	sink.expectEvents(t, recording, "recording-starting") // at once, not at the end
	for i, event := range []v1alpha1.EventType{v1alpha1.EventStarted, v1alpha1.EventStopping, v1alpha1.EventStopped} {
		arrives(t, recording, event, time.Duration(3-i)*time.Second)
	}
	job := jobOf(t, recording, "default", "archive")
	sink.expectEvents(t, recording, after("running")...)
	exits(t, job, 0, `{"outputs":[{"name":"archive","url":"s3://b/a.mp4","mediaType":"video/mp4","sizeBytes":7}]}`)
	expectDelivery(t, recording, v1alpha1.DeliveryDelivered, 4)
	sink.expectEvents(t, recording, after("running", "outputs-default-archive-1", "succeeded")...)
	if got := op.wire.counted(); got["PATCH meetingrecordings/status"] != 3 || got["POST jobs"] != 1 {
		t.Errorf("writes: %v; want 3 of the recording's status and 1 Job", got)
	}

	stopped := sink.event(t, recording, "recording-stopped")
	if stopped.Type() != event.TypeRecording || stopped.Subject() != "rec" || stopped.Time().IsZero() ||
		stopped.Source() != "/apis/recording.meetingops.dev/v1alpha1/namespaces/"+ns+"/meetingrecordings/rec" {
		t.Errorf("the event: %s", stopped)
	}
	for id, want := range map[string]string{
		"recording-stopped": `"file":{"path":"rec/a.mp4","url":"https://example.com/rec/a.mp4?sig=$(HOME)"}`,
		"running":           `"state":"Running"`,
		"outputs-default-archive-1": `"pipeline":"default","step":"archive","attempt":1,"outputs":[{"name":"archive","url":"s3://b/a.mp4",` +
			`"mediaType":"video/mp4","sizeBytes":7}]`,
		"succeeded": `"state":"Succeeded"`,
	} {
		if event := sink.event(t, recording, id); !strings.Contains(string(event.Data()), want) {
			t.Errorf("%s: %s, want %s in it", id, event.Data(), want)
		}
	}
}

// Without a sink nothing is written for one.
func TestNoDelivery(t *testing.T) {
	ns := namespace(t)
	newPipeline(t, ns, "default", "archive")
	op := start(t, ns, nil)
	recording := newRecording(t, ns, "rec")
	finishes(t, recording)
	exits(t, jobOf(t, recording, "default", "archive"), 0, `{"outputs":[{"name":"archive","url":"s3://b/a.mp4"}]}`)
	expect(t, recording, v1alpha1.ProcessingSucceeded, processed, "Current")
	status := recording.Status
	if !reflect.DeepEqual(status.Delivery, v1alpha1.DeliveryStatus{}) {
		t.Errorf("delivery %+v", status.Delivery)
	}
	if got := op.wire.counted(); got["PATCH meetingrecordings/status"] != 2 || got["POST jobs"] != 1 {
		t.Errorf("writes: %v; want 2 of the recording's status and 1 Job", got)
	}
}

// What ended long before there was a sink is not delivered once there is one. What is in flight is.
func TestSwitchedOnLater(t *testing.T) {
	ns, sink := namespace(t), newSink(t)
	without := start(t, ns, nil)
	old := newRecording(t, ns, "old")
	finishes(t, old)
	expect(t, old, v1alpha1.ProcessingSkipped, "Ready=True/NothingToProcess", "Current")
	was, twoDaysAgo := old.DeepCopy(), metav1.NewMicroTime(time.Now().Add(-48*time.Hour))
	old.Status.Processing.LastTransitionTime = &twoDaysAgo
	patchRecording(t, old, was)
	inFlight := newRecording(t, ns, "in-flight")
	arrives(t, inFlight, v1alpha1.EventStarted, time.Second)
	without.stop()
	start(t, ns, sink.delivering(nil))
	sink.expectEvents(t, inFlight, "recording-started")
	arrives(t, inFlight, v1alpha1.EventStopped, 0)
	expectDelivery(t, inFlight, v1alpha1.DeliveryDelivered, 2)
	sink.expectEvents(t, inFlight, "recording-started", "recording-stopped", "skipped")
	if got := sink.of(old); got != nil {
		t.Errorf("events of the old recording were delivered: %v", got)
	}
}

// While the sink is unavailable everything waits in the recordings, also over restarts of the manager, at the price of one write.
func TestSinkIsAway(t *testing.T) {
	for name, answer := range map[string]int{"unavailable": 503, "not there": 404, "hanging": 0} {
		t.Run(name, func(t *testing.T) {
			ns, sink := namespace(t), newSink(t)
			sink.answers(always(answer))
			first := start(t, ns, sink.delivering(nil))
			var recordings []*v1alpha1.MeetingRecording
			for i := range 3 {
				recording := newRecording(t, ns, fmt.Sprintf("rec-%d", i))
				finishes(t, recording)
				recordings = append(recordings, recording)
			}
			for _, recording := range recordings {
				expect(t, recording, v1alpha1.ProcessingSkipped, "Ready=True/NothingToProcess", "Current")
				if answer != 0 { // one that hangs is not known to fail yet
					expectDelivery(t, recording, v1alpha1.DeliveryPending, 0)
				}
			}
			eventually(t, "an attempt", func() error {
				if sink.tried() == 0 {
					return fmt.Errorf("none yet")
				}
				return nil
			})
			if got := first.wire.counted()["PATCH meetingrecordings/status"]; got > 6 {
				t.Errorf("%d writes, want two for each recording: its state, and that it waits", got)
			}
			first.stop()
			second := start(t, ns, sink.delivering(nil))
			sink.answers(nil)
			for _, recording := range recordings {
				expectDelivery(t, recording, v1alpha1.DeliveryDelivered, 4)
				sink.expectEvents(t, recording, after("skipped")...)
			}
			if got := second.wire.counted()["PATCH meetingrecordings/status"]; got != 3 {
				t.Errorf("%d writes, want one for each recording", got)
			}
		})
	}
}

// A sink that comes back is noticed by the manager that it left, and reported all that waited.
func TestSinkComesBack(t *testing.T) {
	ns, sink := namespace(t), newSink(t)
	start(t, ns, sink.delivering(nil))
	before := newRecording(t, ns, "before")
	arrives(t, before, v1alpha1.EventStarted, time.Second)
	sink.expectEvents(t, before, "recording-started")
	sink.answers(always(500))
	arrives(t, before, v1alpha1.EventStopped, 0)
	meanwhile := newRecording(t, ns, "meanwhile")
	arrives(t, meanwhile, v1alpha1.EventStopped, 0)
	expectDelivery(t, before, v1alpha1.DeliveryPending, 1)
	expectDelivery(t, meanwhile, v1alpha1.DeliveryPending, 0)
	sink.answers(nil)
	expectDelivery(t, before, v1alpha1.DeliveryDelivered, 2)
	expectDelivery(t, meanwhile, v1alpha1.DeliveryDelivered, 1)
	sink.expectEvents(t, before, "recording-started", "recording-stopped", "skipped")
	sink.expectEvents(t, meanwhile, "recording-stopped", "skipped")
}

// A manager that ends waits for the sink's answer and stores what it delivered, so its successor repeats nothing.
func TestRestartRepeatsNoEvent(t *testing.T) {
	ns, sink := namespace(t), newSink(t)
	first := start(t, ns, sink.delivering(nil))
	recording := newRecording(t, ns, "rec")
	arrives(t, recording, v1alpha1.EventStarted, time.Second)
	sink.expectEvents(t, recording, "recording-started")
	first.stop()
	expectDelivery(t, recording, "", 1)
	start(t, ns, sink.delivering(nil))
	arrives(t, recording, v1alpha1.EventStopped, 0)
	expectDelivery(t, recording, v1alpha1.DeliveryDelivered, 2)
	sink.expectEvents(t, recording, "recording-started", "recording-stopped", "skipped")
}

// If a manager is cut off before it could store what it delivered, its successor delivers it again and loses nothing.
func TestCrashRepeatsEvents(t *testing.T) {
	ns, sink := namespace(t), newSink(t)
	recording := newRecording(t, ns, "rec")
	first := start(t, ns, func(options *controllers.Options, w *wire) {
		sink.delivering(nil)(options, w)
		w.cutAt = 2 // the first write is Skipped, the second that everything was delivered
	})
	arrives(t, recording, v1alpha1.EventStopped, 0)
	sink.expectEvents(t, recording, "recording-stopped", "skipped")
	eventually(t, "the cut", func() error {
		if !first.wire.wasCut() {
			return fmt.Errorf("not yet")
		}
		return nil
	})
	first.stop()
	expectDelivery(t, recording, "", 0)
	start(t, ns, sink.delivering(nil))
	expectDelivery(t, recording, v1alpha1.DeliveryDelivered, 1)
	sink.expectEvents(t, recording, "recording-stopped", "skipped", "recording-stopped", "skipped")
}

// What is delivered while a recording is in flight is stored after a while, in one write.
func TestSavedMeanwhile(t *testing.T) {
	ns, sink := namespace(t), newSink(t)
	op := start(t, ns, sink.delivering(func(d *delivery.Options) { d.SaveAfter = time.Second }))
	recording := newRecording(t, ns, "rec")
	arrives(t, recording, v1alpha1.EventStarting, 2*time.Second)
	arrives(t, recording, v1alpha1.EventStarted, time.Second)
	expectDelivery(t, recording, "", 2)
	sink.expectEvents(t, recording, "recording-starting", "recording-started")
	if got := op.wire.counted()["PATCH meetingrecordings/status"]; got > 2 {
		t.Errorf("%d writes for two events", got)
	}
}

// A webhook that arrives after everything was delivered is delivered too, also if no manager ran when it arrived.
func TestLateWebhookIsDelivered(t *testing.T) {
	for name, isAway := range map[string]bool{"while the manager runs": false, "while no manager runs": true} {
		t.Run(name, func(t *testing.T) {
			ns, sink := namespace(t), newSink(t)
			first := start(t, ns, sink.delivering(nil))
			recording := newRecording(t, ns, "rec")
			arrives(t, recording, v1alpha1.EventStopped, 0)
			expectDelivery(t, recording, v1alpha1.DeliveryDelivered, 1)
			if isAway {
				first.stop()
			}
			old, at := recording.DeepCopy(), metav1.NowMicro()
			recording.Status.Recording.Events = append(recording.Status.Recording.Events, v1alpha1.RecordingEvent{
				Type: v1alpha1.EventStopping, Source: v1alpha1.EventSourceWebhook, ReceiveTime: at, Deliveries: 1, LastReceiveTime: at,
			})
			patchRecording(t, recording, old)
			if isAway {
				start(t, ns, sink.delivering(nil))
			}
			sink.expectEvents(t, recording, "recording-stopped", "skipped", "recording-stopping")
			expectDelivery(t, recording, v1alpha1.DeliveryDelivered, 2)
		})
	}
}

// A rerun is reported from its first Job on.
func TestRerunIsDelivered(t *testing.T) {
	ns, sink := namespace(t), newSink(t)
	newPipeline(t, ns, "default", "archive")
	start(t, ns, sink.delivering(nil))
	recording := newRecording(t, ns, "rec")
	arrives(t, recording, v1alpha1.EventStopped, 0)
	exits(t, jobOf(t, recording, "default", "archive"), 0, `{"outputs":[{"name":"archive","url":"s3://b/1.mp4"}]}`)
	expectDelivery(t, recording, v1alpha1.DeliveryDelivered, 1)
	patchObject(t, recording, func() { recording.Spec.Rerun = &v1alpha1.Rerun{Token: "again"} })
	exits(t, attemptOf(t, recording, "default", "archive", 2), 0, `{"outputs":[{"name":"archive","url":"s3://b/2.mp4"}]}`)
	expectDelivery(t, recording, v1alpha1.DeliveryDelivered, 1)
	sink.expectEvents(t, recording, "recording-stopped", "running", "outputs-default-archive-1", "succeeded", "running", "outputs-default-archive-2", "succeeded")
	var data event.Data
	outputs := sink.event(t, recording, "outputs-default-archive-2")
	if err := json.Unmarshal(outputs.Data(), &data); err != nil || data.Attempt != 2 || data.Outputs[0].URL != "s3://b/2.mp4" {
		t.Errorf("the outputs of the rerun: %s, %v", outputs.Data(), err)
	}
}

// An event that the sink does not accept backs off alone: all others are delivered, also those of its own recording, and a Kubernetes
// Event says so.
func TestFailingEvent(t *testing.T) {
	for code, reason := range map[int]string{404: "EventNotDelivered", 500: "EventNotDelivered", 422: "EventRejected"} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			ns, sink := namespace(t), newSink(t)
			poison := newRecording(t, ns, "poison")
			poisonous := string(poison.UID) + "-recording-started"
			sink.answers(func(event cloudevents.Event) int {
				if event.ID() == poisonous {
					return code
				}
				return 204
			})
			start(t, ns, sink.delivering(nil))
			arrives(t, poison, v1alpha1.EventStarted, time.Second)
			arrives(t, poison, v1alpha1.EventStopped, 0)
			note := expectEvent(t, poison, reason)
			if !strings.Contains(note, "recording-started") || !strings.Contains(note, fmt.Sprint("answered ", code)) {
				t.Errorf("the note is %q", note)
			}
			for i := range 10 {
				other := newRecording(t, ns, fmt.Sprintf("other-%d", i))
				arrives(t, other, v1alpha1.EventStopped, 0)
				expectDelivery(t, other, v1alpha1.DeliveryDelivered, 1)
			}
			sink.expectEvents(t, poison, "recording-stopped", "skipped")
			expectDelivery(t, poison, v1alpha1.DeliveryPending, 1)
			if code == 422 {
				return // it is tried again in an hour
			}
			sink.answers(nil)
			expectDelivery(t, poison, v1alpha1.DeliveryDelivered, 2)
			sink.expectEvents(t, poison, "recording-stopped", "skipped", "recording-started")
		})
	}
}

// expectEvent waits for a Kubernetes Event on the recording, and returns what it says.
func expectEvent(t *testing.T, recording *v1alpha1.MeetingRecording, reason string) (note string) {
	t.Helper()
	eventually(t, "Event "+reason, func() error {
		var list eventsv1.EventList
		if err := admin.List(t.Context(), &list, client.InNamespace(recording.Namespace)); err != nil {
			return err
		}
		for i := range list.Items {
			if list.Items[i].Reason == reason && list.Items[i].Regarding.Name == recording.Name {
				note = list.Items[i].Note
				return nil
			}
		}
		return fmt.Errorf("none among %d", len(list.Items))
	})
	return note
}
