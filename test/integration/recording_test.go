// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// TestBudget counts what one recording of four events and one step costs the API server.
func TestBudget(t *testing.T) {
	o := newOperator(t)
	o.startManager(t)
	o.startSidecar(t)
	var recording *v1alpha1.MeetingRecording
	for range 2 { // the first may meet an API server that is not quite ready, and a pipeline that nobody has looked at
		name, webhooks := newSession(t)
		o.proxy.reset()
		for _, w := range webhooks {
			o.mustSend(t, w, "recorded")
		}
		awaitProcessing(t, name, v1alpha1.ProcessingRunning)
		complete(t, awaitJob(t, name))
		recording = awaitProcessing(t, name, v1alpha1.ProcessingSucceeded)
		harness.Eventually(t, "Kubernetes Events of "+name, func(context.Context) error {
			if n := o.proxy.count("meeting-recording-manager")["create events"]; n < 1 {
				return errors.New("none is written")
			}
			return nil
		})
	}

	wantSidecar := map[string]int{"create meetingrecordings": 1, "patch meetingrecordings/status": 4}
	if diff := cmp.Diff(wantSidecar, o.proxy.count("meeting-recording-sidecar")); diff != "" {
		t.Errorf("requests of the sidecar (-want +got):\n%s", diff)
	}
	wantManager := map[string]int{"create jobs": 1, "patch meetingrecordings/status": 2}
	manager := o.proxy.count("meeting-recording-manager")
	events := manager["create events"]
	maps.DeleteFunc(manager, func(request string, _ int) bool {
		verb, _, _ := strings.Cut(request, " ")
		return request == "create events" || verb == "watch" || verb == "list" || verb == "get"
	})
	if diff := cmp.Diff(wantManager, manager); diff != "" {
		t.Errorf("writes of the manager (-want +got):\n%s", diff)
	}
	if events > 1 {
		t.Errorf("the manager wrote %d Kubernetes Events, the budget is 1", events)
	}

	if !meta.IsStatusConditionTrue(recording.Status.Conditions, v1alpha1.ConditionReady) {
		t.Errorf("conditions are %v, want Ready", recording.Status.Conditions)
	}
	size := int64(4)
	want := []v1alpha1.StepOutput{{Name: "archive", URL: "file:///archive/a.mp4", MediaType: "video/mp4", SizeBytes: &size, SHA256: sha256OfOutput}}
	if diff := cmp.Diff(want, recording.Status.Processing.Steps[0].Outputs); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
}

// TestEveryOrder sends the four webhooks of a recording in each of their 24 orders, each twice: always one object, one Job and the
// same state come of it.
func TestEveryOrder(t *testing.T) {
	o := newOperator(t)
	o.startManager(t)
	o.startSidecar(t)
	for _, order := range permutations(4) {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			t.Parallel()
			name, webhooks := newSession(t)
			for _, i := range order {
				o.mustSend(t, webhooks[i], "recorded")
				o.mustSend(t, webhooks[i], "duplicate")
			}
			complete(t, awaitJob(t, name))
			recording := awaitProcessing(t, name, v1alpha1.ProcessingSucceeded)

			want := v1alpha1.RecordingStatus{
				State: v1alpha1.RecordingStopped,
				File:  &v1alpha1.RecordingFile{Path: webhooks[3].FilePath, URL: "https://cdn.videosdk.live" + webhooks[3].FilePath},
				Events: []v1alpha1.RecordingEvent{
					{Type: v1alpha1.EventStarted, Source: v1alpha1.EventSourceWebhook, Deliveries: 2},
					{Type: v1alpha1.EventStarting, Source: v1alpha1.EventSourceWebhook, Deliveries: 2},
					{Type: v1alpha1.EventStopped, Source: v1alpha1.EventSourceWebhook, Deliveries: 2},
					{Type: v1alpha1.EventStopping, Source: v1alpha1.EventSourceWebhook, Deliveries: 2},
				},
			}
			ignored := cmp.Options{
				cmpopts.IgnoreFields(v1alpha1.RecordingStatus{}, "StartTime", "EndTime"),
				cmpopts.IgnoreFields(v1alpha1.RecordingEvent{}, "ReceiveTime", "LastReceiveTime"),
				cmpopts.SortSlices(func(a, b v1alpha1.RecordingEvent) bool { return a.Type < b.Type }),
			}
			if diff := cmp.Diff(want, recording.Status.Recording, ignored); diff != "" {
				t.Errorf("status.recording (-want +got):\n%s", diff)
			}
			onlyObject(t, webhooks[0].SessionID, name)
			if jobs, err := jobsOf(t.Context(), name); err != nil || len(jobs) != 1 {
				t.Errorf("there are %d Jobs (%v), want 1", len(jobs), err)
			}
		})
	}
}

// onlyObject checks that a session has one MeetingRecording, of the name.
func onlyObject(t *testing.T, session, name string) {
	t.Helper()
	list := &v1alpha1.MeetingRecordingList{}
	if err := api.Client.List(t.Context(), list, client.InNamespace(namespace), client.MatchingFields{"spec.sessionID": session}); err != nil {
		t.Fatal(err)
	}
	var names []string
	for i := range list.Items {
		names = append(names, list.Items[i].Name)
	}
	if diff := cmp.Diff([]string{name}, names); diff != "" {
		t.Errorf("objects of the session (-want +got):\n%s", diff)
	}
}

func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var all [][]int
	for _, shorter := range permutations(n - 1) {
		for at := range n {
			all = append(all, slices.Insert(slices.Clone(shorter), at, n-1))
		}
	}
	return all
}

// TestKilledBetweenSteps kills either binary between any two steps of a recording's way; what was acknowledged is there in the end,
// and the Job ran once.
func TestKilledBetweenSteps(t *testing.T) {
	o := newOperator(t)
	o.startSidecar(t)
	name, webhooks := newSession(t)
	for _, w := range webhooks {
		o.mustSend(t, w, "recorded")
		o.sidecar.Kill()
		o.startSidecar(t)
		o.mustSend(t, w, "duplicate")
	}

	o.startManager(t)
	job := awaitJob(t, name)
	o.manager.Kill() // with or without having written that it runs
	o.startManager(t)
	awaitProcessing(t, name, v1alpha1.ProcessingRunning)
	o.manager.Kill()
	complete(t, job)
	o.startManager(t)
	recording := awaitProcessing(t, name, v1alpha1.ProcessingSucceeded)

	if step := recording.Status.Processing.Steps[0]; step.JobName != job.Name || step.State != v1alpha1.StepSucceeded {
		t.Errorf("the step is %+v, want it Succeeded by Job %s", step, job.Name)
	}
	onlyJob(t, name, job.Name)

	// The Job is gone, and the manager begins again: what is recorded stands, and nothing runs again.
	if err := api.Client.Delete(t.Context(), job, client.PropagationPolicy("Background")); err != nil {
		t.Fatal(err)
	}
	o.manager.Kill()
	o.startManager(t)
	o.mustSend(t, webhooks[3], "duplicate")
	other, next := newSession(t) // when this one runs, the manager has seen all that came before
	for _, w := range next {
		o.mustSend(t, w, "recorded")
	}
	awaitJob(t, other)
	if jobs, err := jobsOf(t.Context(), name); err != nil || len(jobs) != 0 {
		t.Errorf("the finished recording has %d Jobs (%v), want none", len(jobs), err)
	}
	after := awaitProcessing(t, name, v1alpha1.ProcessingSucceeded)
	if diff := cmp.Diff(recording.Status.Processing, after.Status.Processing); diff != "" {
		t.Errorf("what was recorded changed (-before +after):\n%s", diff)
	}
}

func onlyJob(t *testing.T, recording, job string) {
	t.Helper()
	jobs, err := jobsOf(t.Context(), recording)
	if err != nil || len(jobs) != 1 || jobs[0].Name != job {
		t.Errorf("the recording's Jobs are %v (%v), want only %s", jobs, err, job)
	}
}

// TestTwoSidecars sends one recording's webhooks to two sidecars at once.
func TestTwoSidecars(t *testing.T) {
	first, second := newOperator(t), newOperator(t)
	second.provider = first.provider
	first.startSidecar(t)
	second.startSidecar(t)
	name, webhooks := newSession(t)

	errs := make(chan error, 2*len(webhooks))
	for _, w := range webhooks {
		for _, o := range []*operator{first, second} {
			go func() {
				got, err := o.send(context.WithoutCancel(t.Context()), w)
				if err == nil && got.Status != http.StatusOK {
					err = fmt.Errorf("%s was answered %+v", w.Type, got)
				}
				errs <- err
			}()
		}
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	onlyObject(t, webhooks[0].SessionID, name)
	recording := &v1alpha1.MeetingRecording{}
	if err := api.Client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, recording); err != nil {
		t.Fatal(err)
	}
	deliveries := map[v1alpha1.EventType]int32{}
	for _, event := range recording.Status.Recording.Events {
		deliveries[event.Type] = event.Deliveries
	}
	want := map[v1alpha1.EventType]int32{
		v1alpha1.EventStarting: 2, v1alpha1.EventStarted: 2, v1alpha1.EventStopping: 2, v1alpha1.EventStopped: 2,
	}
	if diff := cmp.Diff(want, deliveries); diff != "" {
		t.Errorf("deliveries (-want +got):\n%s", diff)
	}
}
