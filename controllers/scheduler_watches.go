// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/processing"
)

type requests = workqueue.TypedRateLimitingInterface[reconcile.Request]

// recordingWatch puts recordings into the work queue, and announces to the scheduler those that may then ask for a turn: both in
// one handler, so that nobody is called past a recording that is known to have ended before.
type recordingWatch struct {
	handler.EnqueueRequestForObject
	scheduler *scheduler
}

// Create is of a recording that is new, or found at the start.
func (w *recordingWatch) Create(ctx context.Context, e event.CreateEvent, q requests) {
	if recording, ok := e.Object.(*v1alpha1.MeetingRecording); ok && mayAsk(recording) {
		w.scheduler.arrive(recording)
		first(q, client.ObjectKeyFromObject(recording))
		return
	}
	w.EnqueueRequestForObject.Create(ctx, e, q)
}

// Update announces a recording that has just ended, or was released.
func (w *recordingWatch) Update(ctx context.Context, e event.UpdateEvent, q requests) {
	before, had := e.ObjectOld.(*v1alpha1.MeetingRecording)
	recording, has := e.ObjectNew.(*v1alpha1.MeetingRecording)
	if had && has && mayAsk(recording) && !mayAsk(before) {
		w.scheduler.arrive(recording)
		first(q, client.ObjectKeyFromObject(recording))
		return
	}
	w.EnqueueRequestForObject.Update(ctx, e, q)
}

// jobPriority is that of recordings which want Jobs; others have 0. So Jobs do not wait behind what is only to be told of.
const jobPriority = 1

// first puts a recording into the work queue before those that want no Job.
func first(q requests, key client.ObjectKey) {
	request := reconcile.Request{NamespacedName: key}
	if queue, ok := q.(priorityqueue.PriorityQueue[reconcile.Request]); ok {
		queue.AddWithOpts(priorityqueue.AddOpts{Priority: ptr.To(jobPriority)}, request)
		return
	}
	q.Add(request)
}

// mayAsk says whether the recording may want a Job that it does not have.
func mayAsk(recording *v1alpha1.MeetingRecording) bool {
	state := recording.Status.Processing.State
	if !processing.HasEnded(recording) || processing.IsFinal(state) || recording.Spec.Suspend || recording.DeletionTimestamp != nil {
		return false
	}
	if !processing.IsUnderWay(state) {
		return true
	}
	for _, step := range recording.Status.Processing.Steps {
		if step.State == v1alpha1.StepPending || (step.State == v1alpha1.StepQueued && !processing.HasJob(step)) {
			return true
		}
	}
	return false
}

// jobWatch tells the scheduler of every Job, and puts the recording of one into the work queue where a decision can depend on it.
type jobWatch struct {
	scheduler *scheduler
	// recordings is the cache, and owner puts the recording of a Job into the work queue.
	recordings client.Reader
	owner      handler.EventHandler
	changes    predicate.Predicate
}

// Create is of a Job that is new, or found at the start.
func (w *jobWatch) Create(ctx context.Context, e event.CreateEvent, q requests) {
	w.follow(e.Object)
	if w.changes.Create(e) {
		w.owner.Create(ctx, e, q)
	}
}

// Update announces the recording of a Job that has ended before its turn passes on: what comes next of that recording goes first.
func (w *jobWatch) Update(ctx context.Context, e event.UpdateEvent, q requests) {
	passes := w.changes.Update(e)
	if passes && aspectsOf(e.ObjectNew).ended {
		w.announce(ctx, e.ObjectNew)
	}
	w.follow(e.ObjectNew)
	if passes {
		w.owner.Update(ctx, e, q)
	}
}

// Delete passes the turn on, whoever deleted the Job.
func (w *jobWatch) Delete(ctx context.Context, e event.DeleteEvent, q requests) {
	w.announce(ctx, e.Object)
	w.scheduler.over(e.Object.GetNamespace(), e.Object.GetName())
	w.owner.Delete(ctx, e, q)
}

// Generic does not happen to Jobs.
func (w *jobWatch) Generic(context.Context, event.GenericEvent, requests) {}

// follow tells the scheduler how far a Job is.
func (w *jobWatch) follow(object client.Object) {
	job, ok := object.(*batchv1.Job)
	if !ok {
		return
	}
	if processing.JobCondition(job) != nil {
		w.scheduler.over(job.Namespace, job.Name)
		return
	}
	if owner(job) != nil {
		w.scheduler.seen(job.Namespace, job.Labels[v1alpha1.LabelPipeline], job.Name)
	}
}

// owner returns the recording that a Job is of; nil where it is of none, whatever its labels say.
func owner(job client.Object) *metav1.OwnerReference {
	owner := metav1.GetControllerOf(job)
	if owner == nil || owner.Kind != "MeetingRecording" || owner.APIVersion != v1alpha1.GroupVersion.String() {
		return nil
	}
	return owner
}

// announce announces a Job's recording, where somebody waits and the recording may come before him. It is about to be looked at.
func (w *jobWatch) announce(ctx context.Context, job client.Object) {
	owner := owner(job)
	if owner == nil || !w.scheduler.anyWaiting(job.GetNamespace()) {
		return
	}
	var recording v1alpha1.MeetingRecording
	err := w.recordings.Get(ctx, client.ObjectKey{Namespace: job.GetNamespace(), Name: owner.Name}, &recording)
	if err == nil && recording.UID == owner.UID { // else it asks for nothing: it is not in the cache
		w.scheduler.arrive(&recording)
	}
}

// limitWatch tells the scheduler of the limits of pipelines. It puts nothing into the work queue: the scheduler does.
func limitWatch(s *scheduler) handler.EventHandler {
	tell := func(object client.Object, gone bool) {
		if pipeline, ok := object.(*v1alpha1.RecordingPipeline); ok {
			s.limitBy(pipeline, gone)
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, _ requests) { tell(e.Object, false) },
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, _ requests) { tell(e.ObjectNew, false) },
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, _ requests) { tell(e.Object, true) },
	}
}
