// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"context"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
)

type requests = workqueue.TypedRateLimitingInterface[reconcile.Request]

// recordingWatch counts recordings in flight and puts them into the work queue, first those that may need a Job.
type recordingWatch struct {
	handler.EnqueueRequestForObject
}

// Create handles a recording that is new, or listed at the start.
func (w *recordingWatch) Create(ctx context.Context, e event.CreateEvent, q requests) {
	countInFlight(e.Object, 1)
	if recording, ok := e.Object.(*v1alpha1.MeetingRecording); ok && needsJob(recording) {
		first(q, client.ObjectKeyFromObject(recording))
		return
	}
	w.EnqueueRequestForObject.Create(ctx, e, q)
}

// Update handles a changed recording.
func (w *recordingWatch) Update(ctx context.Context, e event.UpdateEvent, q requests) {
	countInFlight(e.ObjectOld, -1)
	countInFlight(e.ObjectNew, 1)
	before, had := e.ObjectOld.(*v1alpha1.MeetingRecording)
	recording, has := e.ObjectNew.(*v1alpha1.MeetingRecording)
	if had && has && needsJob(recording) && !needsJob(before) {
		first(q, client.ObjectKeyFromObject(recording))
		return
	}
	w.EnqueueRequestForObject.Update(ctx, e, q)
}

// Delete handles a recording that was deleted, or whose processing has ended.
func (w *recordingWatch) Delete(ctx context.Context, e event.DeleteEvent, q requests) {
	countInFlight(e.Object, -1)
	w.EnqueueRequestForObject.Delete(ctx, e, q)
}

// jobPriority is the priority of recordings that need Jobs; others have 0. So Jobs do not wait behind status writes.
const jobPriority = 1

// first puts a recording into the work queue before those that need no Job.
func first(q requests, key client.ObjectKey) {
	request := reconcile.Request{NamespacedName: key}
	if queue, ok := q.(priorityqueue.PriorityQueue[reconcile.Request]); ok {
		queue.AddWithOpts(priorityqueue.AddOpts{Priority: ptr.To(jobPriority)}, request)
		return
	}
	q.Add(request)
}

// needsJob reports whether the recording may need a Job that it does not have.
func needsJob(recording *v1alpha1.MeetingRecording) bool {
	state := recording.Status.Processing.State
	return recording.Status.Recording.State.IsFinal() && !state.IsFinal() && !planning.IsUnderWay(state) &&
		!recording.Spec.Suspend && recording.DeletionTimestamp == nil
}

// jobWatch reports every Job to the scheduler, and puts its recording into the work queue if a decision can depend on it. A Job that has
// just been created is not new to the process that created it, and one that has just started reconciles every recording anyway.
type jobWatch struct {
	// EventHandler puts the recording of a Job into the work queue.
	handler.EventHandler
	scheduler *scheduler
	entryOf   func(client.ObjectKey, types.UID) *entry
}

// Create handles a Job that is new, or listed at the start.
func (w *jobWatch) Create(ctx context.Context, e event.CreateEvent, q requests) {
	w.follow(e.Object)
	if aspectsOf(e.Object).ended {
		w.EventHandler.Create(ctx, e, q)
	}
}

// Update handles a changed Job.
func (w *jobWatch) Update(ctx context.Context, e event.UpdateEvent, q requests) {
	w.follow(e.ObjectNew)
	if aspectsOf(e.ObjectOld) != aspectsOf(e.ObjectNew) {
		w.EventHandler.Update(ctx, e, q)
	}
}

// Delete handles a Job that was deleted, or lost its label.
func (w *jobWatch) Delete(ctx context.Context, e event.DeleteEvent, q requests) {
	w.scheduler.ended(e.Object.GetNamespace(), e.Object.GetName())
	if of := owner(e.Object); of != nil {
		w.entryOf(client.ObjectKey{Namespace: e.Object.GetNamespace(), Name: of.Name}, of.UID).deleted.Store(e.Object.GetName(), true)
	}
	w.EventHandler.Delete(ctx, e, q)
}

// follow reports to the scheduler whether a Job takes a slot: one that is suspended does not.
func (w *jobWatch) follow(object client.Object) {
	job, ok := object.(*batchv1.Job)
	switch {
	case !ok:
	case outcomes.JobCondition(job) != nil, ptr.Deref(job.Spec.Suspend, false):
		w.scheduler.ended(job.Namespace, job.Name)
	case owner(job) != nil:
		w.scheduler.started(job)
	}
}

// owner returns the recording that a Job belongs to, by its owner reference; nil if it belongs to none.
func owner(job client.Object) *metav1.OwnerReference {
	owner := metav1.GetControllerOf(job)
	if owner == nil || owner.Kind != "MeetingRecording" || owner.APIVersion != v1alpha1.GroupVersion.String() {
		return nil
	}
	return owner
}

// limitWatch reports the limits of pipelines to the scheduler. It puts nothing into the work queue: the scheduler does.
func limitWatch(s *scheduler) handler.EventHandler {
	set := func(object client.Object) {
		if pipeline, ok := object.(*v1alpha1.RecordingPipeline); ok {
			s.setLimits(pipeline, limitsOf(pipeline))
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, _ requests) { set(e.Object) },
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, _ requests) { set(e.ObjectNew) },
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, _ requests) {
			gone := &v1alpha1.RecordingPipeline{}
			gone.Namespace, gone.Name, gone.ResourceVersion = e.Object.GetNamespace(), e.Object.GetName(), e.Object.GetResourceVersion()
			set(gone)
		},
	}
}

// aspects are the parts of a Job that decisions depend on.
type aspects struct {
	ended, ready, suspended, deleted bool
}

func aspectsOf(object client.Object) aspects {
	job, ok := object.(*batchv1.Job)
	if !ok {
		return aspects{}
	}
	return aspects{
		ended:     outcomes.JobCondition(job) != nil,
		ready:     ptr.Deref(job.Status.Ready, 0) >= max(job.Status.Active, 1),
		suspended: ptr.Deref(job.Spec.Suspend, false),
		deleted:   job.DeletionTimestamp != nil,
	}
}
