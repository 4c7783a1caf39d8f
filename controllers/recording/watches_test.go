// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"testing"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/kube"
)

// TestJobsComeFirst: a recording that wants a Job is looked at before those that do not, however long these wait; where the queue has no priorities
// it is in it all the same.
func TestJobsComeFirst(t *testing.T) {
	watched := func(name string, state v1alpha1.RecordingState) *v1alpha1.MeetingRecording {
		recording := &v1alpha1.MeetingRecording{}
		recording.Namespace, recording.Name, recording.ResourceVersion = "ns", name, string(state)
		recording.Status.Recording.State = state
		return recording
	}
	for name, test := range map[string]struct {
		queue requests
		want  []string
	}{
		"priorities":    {priorityqueue.New[reconcile.Request]("test"), []string{"found", "stopped", "other", "started"}},
		"no priorities": {workqueue.NewTypedRateLimitingQueue(kube.RateLimiter()), []string{"other", "found", "started", "stopped"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := &recordingWatch{}
			test.queue.Add(reconcile.Request{NamespacedName: types.NamespacedName{Namespace: "ns", Name: "other"}})
			w.Create(t.Context(), event.CreateEvent{Object: watched("found", v1alpha1.RecordingStopped)}, test.queue)
			for _, name := range []string{"started", "stopped"} {
				before, after := v1alpha1.RecordingStarting, v1alpha1.RecordingStarted
				if name == "stopped" {
					before, after = v1alpha1.RecordingStopping, v1alpha1.RecordingStopped
				}
				w.Update(t.Context(), event.UpdateEvent{ObjectOld: watched(name, before), ObjectNew: watched(name, after)}, test.queue)
			}
			for _, want := range test.want {
				if got, _ := test.queue.Get(); got.Name != want {
					t.Errorf("%s comes, want %s", got.Name, want)
				}
			}
			test.queue.ShutDown()
		})
	}
}
