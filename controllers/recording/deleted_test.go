// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"context"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/expression"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
)

// A Job whose creation was not answered, and which somebody deleted meanwhile, is not created again. A Job of another object of the same
// name does not count.
func TestJobDeletedBeforeItsCreationWasAnswered(t *testing.T) {
	for name, test := range map[string]struct {
		uid   types.UID
		jobs  int
		state v1alpha1.StepState
	}{
		"its own":             {"", 1, v1alpha1.StepFailed},
		"an earlier object's": {"earlier", 2, v1alpha1.StepRunning},
	} {
		t.Run(name, func(t *testing.T) {
			pipeline := &v1alpha1.RecordingPipeline{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "p"}}
			pipeline.Spec.Triggers = []v1alpha1.PipelineTrigger{v1alpha1.TriggerStopped}
			pipeline.Spec.Steps = []v1alpha1.PipelineStep{{Name: "archive"}}
			ended := endedRecording("r", 1)
			ended.UID = "r"
			api, ok := fakeClient(t, ended, pipeline).(client.WithWatch)
			if !ok {
				t.Fatal("the client cannot watch")
			}
			var created []*batchv1.Job
			unanswered := interceptor.NewClient(api, interceptor.Funcs{
				Create: func(ctx context.Context, writer client.WithWatch, object client.Object, options ...client.CreateOption) error {
					err := writer.Create(ctx, object, options...)
					if job, isJob := object.(*batchv1.Job); isJob && err == nil {
						if created = append(created, job); len(created) == 1 {
							return apierrors.NewTimeoutError("request did not complete within requested timeout", 0)
						}
					}
					return err
				},
			})
			r := New(Options{
				Client: unanswered, Live: api, Recorder: events.NewFakeRecorder(10), Conditions: expression.New(), Clock: clock.RealClock{},
				Settings: planning.Settings{StallAfter: time.Hour, StallAfterStarted: time.Hour, ReorderWindow: time.Minute},
				Pace:     DefaultPace, Leading: Alone,
			})
			request := reconcile.Request{NamespacedName: client.ObjectKeyFromObject(ended)}
			if _, err := r.Reconcile(t.Context(), request); !apierrors.IsTimeout(err) || len(created) != 1 {
				t.Fatalf("%d Jobs are created, %v", len(created), err)
			}
			if err := api.Delete(t.Context(), created[0]); err != nil {
				t.Fatal(err)
			}
			if test.uid != "" {
				created[0].OwnerReferences[0].UID = test.uid
			}
			watch := &jobWatch{scheduler: r.scheduler, entryOf: r.entryOf, EventHandler: handler.Funcs{}}
			watch.Delete(t.Context(), event.DeleteEvent{Object: created[0]}, nil)
			if _, err := r.Reconcile(t.Context(), request); err != nil {
				t.Fatal(err)
			}
			var stored v1alpha1.MeetingRecording
			if err := api.Get(t.Context(), request.NamespacedName, &stored); err != nil {
				t.Fatal(err)
			}
			if steps := stored.Status.Processing.Steps; len(created) != test.jobs || len(steps) != 1 || steps[0].State != test.state {
				t.Errorf("%d Jobs were created, want %d; the steps are %+v, want %s", len(created), test.jobs, steps, test.state)
			}
		})
	}
}

// A Job of an earlier object of the same name, which the garbage collector deletes, leaves what is cached of the recording.
func TestEarlierJobDeleted(t *testing.T) {
	r := &Reconciler{scheduler: newScheduler()}
	key := types.NamespacedName{Namespace: "ns", Name: "r"}
	r.entryOf(key, "now").written = "10"
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "j"}}
	earlier := endedRecording("r", 1)
	earlier.UID = "earlier"
	job.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(earlier, v1alpha1.GroupVersion.WithKind("MeetingRecording"))}
	watch := &jobWatch{scheduler: r.scheduler, entryOf: r.entryOf, EventHandler: handler.Funcs{}}
	watch.Delete(t.Context(), event.DeleteEvent{Object: job}, nil)
	if got := r.entryOf(key, "now").written; got != "10" {
		t.Errorf("after the deletion version %q is the last written, want 10", got)
	}
}
