// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// TestStory reports two recordings by signed webhooks through the Service: of one that ends with a file, which the installation's own
// pipeline archives, and of one that the provider could not make.
func TestStory(t *testing.T) {
	cluster.install(t, standard)
	cluster.awaitPipeline(t, namespace, "meeting-recording-archive")
	stopped, failed := newRecording(archivedMeeting), newRecording(archivedMeeting)
	sender.mustSend(t, stopped.webhooks...)
	failure := failed.webhooks[0]
	failure.Type = "recording-failed"
	sender.mustSend(t, failure)

	r := cluster.awaitProcessed(t, namespace, stopped.name, 2*time.Minute)
	checkArchived(t, r, stopped)
	sender.mustSend(t, stopped.webhooks[3]) // the same once more
	cluster.awaitRecording(t, namespace, stopped.name, "counts the second delivery", time.Minute, func(r *v1alpha1.MeetingRecording) error {
		if n := deliveries(r)[v1alpha1.EventStopped]; n < 2 { // more where a write whose answer came late was done again
			return fmt.Errorf("it counts %d", n)
		}
		return nil
	})
	cluster.awaitRecording(t, namespace, failed.name, "is skipped", time.Minute, func(r *v1alpha1.MeetingRecording) error {
		if r.Status.Processing.State != v1alpha1.ProcessingSkipped {
			return fmt.Errorf("it is %q", r.Status.Processing.State)
		}
		return nil
	})

	for args, want := range map[string]string{
		"meetingrecordings": `(?s)^NAME +MEETING +STATE +PROCESSING +READY +AGE\n.*` + stopped.name + ` +` + archivedMeeting + ` +Stopped +Succeeded +True +\S+\n`,
		"mrec":              failed.name + ` +` + archivedMeeting + ` +Failed +Skipped +True +\S+\n`,
		"jobs":              stopped.name + `-archive-\S+ +Complete +1/1`,
		"rpipe":             `(?s)^NAME +TRIGGERS +READY +AGE\nmeeting-recording-archive +\["Stopped"\] +True`,
	} {
		if out := cluster.show(t, "-n", namespace, "get", args); !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("kubectl get %s shows no line like %s", args, want)
		}
	}
	cluster.show(t, "-n", namespace, "describe", "mrec", stopped.name)
	cluster.show(t, "-n", namespace, "wait", "mrec/"+stopped.name, "mrec/"+failed.name, "--for=condition=Ready", "--timeout=30s")
}

// checkArchived compares what the status reports the archived file with the file, and the status of the recording with what was sent.
func checkArchived(t *testing.T, r *v1alpha1.MeetingRecording, sent recorded) {
	t.Helper()
	if file := r.Status.Recording.File; file == nil || file.Path != sent.filePath {
		t.Errorf("the file is %+v, want %s", file, sent.filePath)
	}
	if came := deliveries(r); len(came) != 4 || came[v1alpha1.EventStarted] == 0 || came[v1alpha1.EventStopped] == 0 {
		t.Errorf("the events are %+v", r.Status.Recording.Events)
	}
	steps := r.Status.Processing.Steps
	if len(steps) != 1 || len(steps[0].Outputs) == 0 {
		t.Fatalf("there is no output: %s", stepsOf(r))
	}
	out := steps[0].Outputs[0]
	if out.MediaType != "video/mp4" || out.SizeBytes == nil || *out.SizeBytes != int64(len(files.content)) || out.SHA256 != files.sha256 {
		t.Errorf("the output is %+v, want %d bytes of video/mp4 with the SHA-256 %s", out, len(files.content), files.sha256)
	}
}

// deliveries counts how often each event of a recording came.
func deliveries(r *v1alpha1.MeetingRecording) map[v1alpha1.EventType]int32 {
	counts := map[v1alpha1.EventType]int32{}
	for _, e := range r.Status.Recording.Events {
		counts[e.Type] = e.Deliveries
	}
	return counts
}
