// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limit

import (
	"context"
	"errors"
	"fmt"
	"sync"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
)

// minWorkers is how many recordings the manager works on at once. The limit does so for as many as there are senders, if that is more.
const minWorkers = 8

// Follow makes the writes that follow upon a recording's end: its Job, and what the controller writes of it. It calls ready once it sees
// all that happens from then on, and returns when ctx is done or with the first error.
func (l *Limit) Follow(ctx context.Context, ready func()) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	recordings, err := l.watchRecordings(ctx)
	if err != nil {
		return err
	}
	jobs, err := l.watchJobs(ctx)
	if err != nil {
		return err
	}
	var working sync.WaitGroup
	try := func(do func() error) {
		working.Go(func() {
			if err := do(); err != nil && ctx.Err() == nil {
				cancel(err)
			}
		})
	}
	try(func() error { return each(recordings, l.seeRecording) })
	try(func() error { return each(jobs, l.seeJob) })
	try(func() error { return l.tell(ctx) })
	for range max(minWorkers, l.Script.Senders) {
		try(func() error { return l.takeWork(ctx) })
	}
	ready()
	working.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// unfinished is what the manager's cache selects.
func unfinished() string {
	const state = "status.processing.state"
	return fields.AndSelectors(fields.OneTermNotEqualSelector(state, string(v1alpha1.ProcessingSucceeded)),
		fields.OneTermNotEqualSelector(state, string(v1alpha1.ProcessingFailed)),
		fields.OneTermNotEqualSelector(state, string(v1alpha1.ProcessingSkipped))).String()
}

func (l *Limit) watchRecordings(ctx context.Context) (watch.Interface, error) {
	var list v1alpha1.MeetingRecordingList
	// What is there has ended, or has not and will be reported.
	err := l.following.Get().Namespace(l.Namespace).Resource(resource).Param("limit", "1").Do(ctx).Into(&list)
	if err != nil {
		return nil, fmt.Errorf("list recordings: %w", err)
	}
	return follow(ctx, list.ResourceVersion, func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
		return l.following.Get().Namespace(l.Namespace).Resource(resource).Param("watch", "true").Param("fieldSelector", unfinished()).
			Param("resourceVersion", options.ResourceVersion).Param("allowWatchBookmarks", "true").Watch(ctx)
	})
}

func (l *Limit) watchJobs(ctx context.Context) (watch.Interface, error) {
	list, err := l.clients.BatchV1().Jobs(l.Namespace).List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		return nil, fmt.Errorf("list Jobs: %w", err)
	}
	return follow(ctx, list.ResourceVersion, func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
		options.LabelSelector = v1alpha1.LabelRecording
		return l.clients.BatchV1().Jobs(l.Namespace).Watch(ctx, options)
	})
}

// follow watches from a version on, and goes on where the API server ends a watch, as it does when it is short of CPU.
func follow(ctx context.Context, version string, from cache.WatchFuncWithContext) (watch.Interface, error) {
	return watchtools.NewRetryWatcherWithContext(ctx, version, &cache.ListWatch{WatchFuncWithContext: from})
}

// each calls see with every object that was added or changed.
func each[T any](from watch.Interface, see func(T)) error {
	for event := range from.ResultChan() {
		object, known := event.Object.(T)
		switch {
		case event.Type == watch.Error:
			return fmt.Errorf("watch: %w", apierrors.FromObject(event.Object))
		case known && (event.Type == watch.Added || event.Type == watch.Modified):
			see(object)
		}
	}
	return errors.New("the API server has ended a watch")
}

func (l *Limit) seeRecording(recording *v1alpha1.MeetingRecording) {
	if recording.Status.Recording.State == v1alpha1.RecordingStopped && recording.Status.Processing.State == v1alpha1.ProcessingWaiting {
		l.work <- func(ctx context.Context) error { return l.begin(ctx, recording) }
	}
}

// seeJob goes on with the recording of a Job that has completed.
func (l *Limit) seeJob(job *batchv1.Job) {
	for i := range job.Status.Conditions {
		if job.Status.Conditions[i].Type != batchv1.JobComplete {
			continue
		}
		if recording := l.jobs.end(job.Name); recording != nil {
			l.work <- func(ctx context.Context) error { return l.finish(ctx, recording) }
		}
	}
}

func (l *Limit) takeWork(ctx context.Context) error {
	for {
		select {
		case do := <-l.work:
			if err := do(ctx); err != nil {
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// begin creates the Job, and writes that it runs.
func (l *Limit) begin(ctx context.Context, recording *v1alpha1.MeetingRecording) error {
	job, err := l.clients.BatchV1().Jobs(l.Namespace).Create(ctx, jobs.Build(l.run(recording)), metav1.CreateOptions{FieldManager: controllerManager})
	if err != nil {
		return fmt.Errorf("create the Job of %s: %w", recording.Name, err)
	}
	if l.JobsOnly {
		return nil
	}
	processing, conditions := l.running(recording, job)
	_, err = l.patch(ctx, l.following, recording.Name, controllerManager, []operation{
		{"test", "/status/processing", recording.Status.Processing},
		{"test", "/status/recording/state", recording.Status.Recording.State},
		{"add", "/status/processing", processing}, {"add", "/status/conditions", conditions},
		{"add", "/status/observedGeneration", recording.Generation},
	})
	if err != nil {
		return fmt.Errorf("write that %s is Running: %w", recording.Name, err)
	}
	next := *recording
	next.Status.Processing = processing
	if l.jobs.await(job.Name, &next) {
		return nil
	}
	return l.finish(ctx, &next)
}

// finish writes the outcome.
func (l *Limit) finish(ctx context.Context, recording *v1alpha1.MeetingRecording) error {
	processing, conditions := succeeded(recording, recording.Status.Processing)
	_, err := l.patch(ctx, l.following, recording.Name, controllerManager, []operation{
		{"test", "/status/processing", recording.Status.Processing},
		{"add", "/status/processing", processing}, {"add", "/status/conditions", conditions},
		{"add", "/status/observedGeneration", recording.Generation},
	})
	if err != nil {
		return fmt.Errorf("write the outcome of %s: %w", recording.Name, err)
	}
	l.events <- note{recording, "ProcessingSucceeded", conditions[0].Message}
	return nil
}
