// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// TestKubectlReads checks what a user reads.
func TestKubectlReads(t *testing.T) {
	o := newOperator(t)
	o.startManager(t)
	o.startSidecar(t)
	name, webhooks := newSession(t)
	for _, w := range webhooks {
		o.mustSend(t, w, "recorded")
	}
	complete(t, awaitJob(t, name))
	awaitProcessing(t, name, v1alpha1.ProcessingSucceeded)

	table := func(args ...string) [][]string {
		var rows [][]string
		for line := range strings.Lines(api.MustKubectl(t, append([]string{"-n", namespace, "get"}, args...)...)) {
			rows = append(rows, strings.Fields(line))
		}
		return rows
	}
	plain := table("mrec", name)
	wantPlain := [][]string{
		{"NAME", "MEETING", "STATE", "PROCESSING", "READY", "AGE"},
		{name, "jvsg-8rjn-j304", "Stopped", "Succeeded", "True", plain[1][5]},
	}
	if diff := cmp.Diff(wantPlain, plain); diff != "" {
		t.Errorf("kubectl get mrec (-want +got):\n%s", diff)
	}
	wide := table("meetingrecordings", name, "-o", "wide")
	wantWide := [][]string{
		{"NAME", "MEETING", "SESSION", "STATE", "PROCESSING", "READY", "AGE", "FILE", "ENCRYPTION", "REASON"},
		{name, "jvsg-8rjn-j304", webhooks[0].SessionID, "Stopped", "Succeeded", "True", wide[1][6], webhooks[3].FilePath, "Processed"},
	}
	if diff := cmp.Diff(wantWide, wide); diff != "" {
		t.Errorf("kubectl get meetingrecordings -o wide (-want +got):\n%s", diff)
	}
	if got := table("recordings"); len(got) < 2 {
		t.Errorf("kubectl get recordings, the category, shows %v", got)
	}

	description := api.MustKubectl(t, "-n", namespace, "describe", "mrec", name)
	for _, want := range []string{"meeting id:", "jvsg-8rjn-j304", "file:///archive/a.mp4", "processingsucceeded"} {
		if !strings.Contains(strings.ToLower(description), want) { // kubectl 1.35 writes "Meeting Id"
			t.Errorf("kubectl describe mrec lacks %q:\n%s", want, description)
		}
	}
	explanation := strings.Join(strings.Fields(api.MustKubectl(t, "explain", "mrec.status.recording.state")), " ")
	for _, want := range []string{"Started: it is recording.", "a file takes precedence over a failure"} {
		if !strings.Contains(explanation, want) {
			t.Errorf("kubectl explain mrec.status.recording.state lacks %q:\n%s", want, explanation)
		}
	}
}

// TestExplainHasEveryField checks that no field of ours is without a description.
func TestExplainHasEveryField(t *testing.T) {
	for _, path := range []string{
		"mrec", "mrec.spec", "mrec.status", "mrec.status.recording", "mrec.status.recording.events", "mrec.status.recording.file",
		"mrec.status.processing", "mrec.status.processing.steps", "mrec.status.processing.steps.outputs", "rpipe", "rpipe.spec",
		"rpipe.spec.steps", "rpipe.status",
	} {
		if explanation := api.MustKubectl(t, "explain", path); strings.Contains(explanation, "<no description>") {
			t.Errorf("kubectl explain %s has a field without a description:\n%s", path, explanation)
		}
	}
}
