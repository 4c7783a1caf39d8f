// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/test/chaos/audit"
)

// observer watches what happens to recordings and Jobs, and remembers every Job that ever was. Nobody but the run's own kubelet deletes
// Jobs, and that not before they were seen here; so none is missed, however the API server fails.
type observer struct {
	mu        sync.Mutex
	sightings *audit.Sightings
	jobs      map[string]audit.Job // by UID
	// recordings has the state of processing of each object.
	recordings map[string]v1alpha1.ProcessingState
	files      map[string]string // object of each file
	lastChange time.Time

	onJob       func(*batchv1.Job)
	onRecording func(*v1alpha1.MeetingRecording)
}

func newObserver() *observer {
	return &observer{
		sightings: audit.NewSightings(), jobs: map[string]audit.Job{}, recordings: map[string]v1alpha1.ProcessingState{}, files: map[string]string{},
		onJob: func(*batchv1.Job) {}, onRecording: func(*v1alpha1.MeetingRecording) {},
	}
}

// run watches until ctx is done.
func (o *observer) run(ctx context.Context, c client.WithWatch) {
	var watching sync.WaitGroup
	watching.Go(func() {
		follow(ctx, c, &v1alpha1.MeetingRecordingList{}, func(object client.Object) { o.seeRecording(object.(*v1alpha1.MeetingRecording)) })
	})
	watching.Go(func() {
		follow(ctx, c, &batchv1.JobList{}, func(object client.Object) { o.seeJob(object.(*batchv1.Job)) })
	})
	watching.Wait()
}

func (o *observer) seeRecording(recording *v1alpha1.MeetingRecording) {
	o.mu.Lock()
	o.lastChange = time.Now()
	o.sightings.See(recording, o.lastChange)
	o.recordings[recording.Name] = recording.Status.Processing.State
	if file := recording.Status.Recording.File; file != nil {
		o.files[lifecycle.FileID(file.Path)] = recording.Name
	}
	o.mu.Unlock()
	o.onRecording(recording)
}

func (o *observer) seeJob(job *batchv1.Job) {
	o.mu.Lock()
	o.lastChange = time.Now()
	seen := jobOf(job)
	before := o.jobs[seen.UID]
	seen.Ended, seen.Succeeded = seen.Ended || before.Ended, seen.Succeeded || before.Succeeded
	o.jobs[seen.UID] = seen
	o.mu.Unlock()
	o.onJob(job)
}

// jobOf is what an audit needs of a Job.
func jobOf(job *batchv1.Job) audit.Job {
	seen := audit.Job{
		UID: string(job.UID), Name: job.Name, Created: job.CreationTimestamp.Time,
		Pipeline: job.Labels[v1alpha1.LabelPipeline], Step: job.Labels[v1alpha1.LabelStep],
	}
	for _, container := range job.Spec.Template.Spec.Containers {
		for _, variable := range container.Env {
			if variable.Name == "RECORDING_FILE_PATH" {
				seen.FilePath = variable.Value
			}
		}
	}
	for _, condition := range job.Status.Conditions {
		if condition.Status == corev1.ConditionTrue && (condition.Type == batchv1.JobComplete || condition.Type == batchv1.JobFailed) {
			seen.Ended, seen.Succeeded = true, condition.Type == batchv1.JobComplete
		}
	}
	return seen
}

// seenJobs returns every Job that ever was.
func (o *observer) seenJobs() []audit.Job {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Collect(maps.Values(o.jobs))
}

// quietFor returns how long nothing has changed.
func (o *observer) quietFor() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return time.Since(o.lastChange)
}

// hasSeen reports whether all of these events that were acknowledged are in the status.
func (o *observer) hasSeen(events []audit.Event) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sightings.Missing(events, redeliveryWindow) == ""
}

// missing says what has not come about yet of these events; nothing when all has.
func (o *observer) missing(events []audit.Event) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if event := o.sightings.Missing(events, redeliveryWindow); event != "" {
		return "not in the status: " + event
	}
	for _, name := range o.files {
		if state := o.recordings[name]; state != v1alpha1.ProcessingSucceeded && state != v1alpha1.ProcessingFailed {
			return "recordings with a file are not processed"
		}
	}
	return ""
}

// lacks returns one of the files that no recording has; nothing if each is on one.
func (o *observer) lacks(files []string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, file := range files {
		if o.files[lifecycle.FileID(file)] == "" {
			return file
		}
	}
	return ""
}

// isReasonToList reports whether a watch cannot go on from where it was.
func isReasonToList(err error) bool {
	return apierrors.IsResourceExpired(err) || apierrors.IsGone(err) || apierrors.IsInvalid(err)
}
