// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// TestAPIServerRestarts stops the API server and starts another in its place, which remembers nothing of what the manager had watched.
// What changes meanwhile is seen all the same, by the manager that was there all the time.
func TestAPIServerRestarts(t *testing.T) {
	o := newOperator(t)
	o.startManager(t)
	o.startSidecar(t)
	before, webhooks := newSession(t)
	for _, w := range webhooks {
		o.mustSend(t, w, "recorded")
	}
	awaitProcessing(t, before, v1alpha1.ProcessingRunning)
	job := awaitJob(t, before)
	during, later := newSession(t)
	for _, w := range later[:3] {
		o.mustSend(t, w, "recorded")
	}
	if err := api.RestartAPIServer(); err != nil {
		t.Fatal(err)
	}
	made := watching(t, namespace, &batchv1.JobList{}, func(kind watch.EventType, object client.Object) string {
		if kind == watch.Added {
			return object.GetLabels()[v1alpha1.LabelRecording] + " " + string(object.GetUID())
		}
		return ""
	})
	complete(t, job)
	o.mustSend(t, later[3], "recorded")

	awaitProcessing(t, before, v1alpha1.ProcessingSucceeded)
	complete(t, awaitJob(t, during))
	awaitProcessing(t, during, v1alpha1.ProcessingSucceeded)
	for _, name := range []string{before, during} {
		if jobs := made.with(name + " "); len(jobs) != 1 {
			t.Errorf("Jobs of %s: %v, want one", name, jobs)
		}
	}
	if err := o.manager.Alive(); err != nil {
		t.Error(err)
	}
}
