// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

const (
	sha256OfOutput = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	outputMessage  = `{"outputs":[{"name":"archive","url":"file:///archive/a.mp4","mediaType":"video/mp4","sizeBytes":4,"sha256":"` + sha256OfOutput + `"}]}`
)

// jobsOf returns the Jobs of a recording.
func jobsOf(ctx context.Context, recording string) ([]batchv1.Job, error) {
	list := &batchv1.JobList{}
	err := api.Client.List(ctx, list, client.InNamespace(namespace), client.MatchingLabels{v1alpha1.LabelRecording: recording})
	return list.Items, err
}

// awaitJob waits until the recording has a Job.
func awaitJob(t testing.TB, recording string) *batchv1.Job {
	t.Helper()
	var job *batchv1.Job
	harness.Eventually(t, "a Job for "+recording, func(ctx context.Context) error {
		jobs, err := jobsOf(ctx, recording)
		if err != nil {
			return err
		}
		if len(jobs) != 1 {
			return fmt.Errorf("there are %d", len(jobs))
		}
		job = &jobs[0]
		return nil
	})
	return job
}

// complete has a Job succeed with an output.
func complete(t testing.TB, job *batchv1.Job) {
	t.Helper()
	api.MustFinish(t, job, 0, outputMessage)
}

// awaitProcessing waits until the recording's processing is in the state, and returns the recording.
func awaitProcessing(t testing.TB, name string, state v1alpha1.ProcessingState) *v1alpha1.MeetingRecording {
	t.Helper()
	recording := &v1alpha1.MeetingRecording{}
	harness.Eventually(t, name+" "+string(state), func(ctx context.Context) error {
		if err := api.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, recording); err != nil {
			return err
		}
		if recording.Status.Processing.State != state {
			return fmt.Errorf("it is %s", recording.Status.Processing.State)
		}
		return nil
	})
	return recording
}
