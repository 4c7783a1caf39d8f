// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// TestPipelinesAreAccepted applies the samples as a user does, with plain kubectl, and lets the manager check all pipelines that we
// ship.
func TestPipelinesAreAccepted(t *testing.T) {
	o := newOperator(t)
	o.startManager(t)
	for _, sample := range []string{"recording_v1alpha1_meetingrecording.yaml", "recording_v1alpha1_recordingpipeline.yaml"} {
		api.MustKubectl(t, "-n", namespace, "apply", "-f", "config/samples/"+sample)
	}
	for _, ready := range []string{"web", "speech", "transcript"} {
		api.MustKubectl(t, "apply", "-k", "config/pipelines/"+ready)
		t.Cleanup(func() { // or they would run for the recordings of other tests
			err := api.Client.Delete(context.Background(), &v1alpha1.RecordingPipeline{
				ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "meeting-recording-" + ready},
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	for _, name := range []string{pipelineName, "report-failure", "meeting-recording-web", "meeting-recording-speech", "meeting-recording-transcript"} {
		awaitAccepted(t, name)
	}
}

// TestEngineSample checks that the engine for speech recognition is one that a cluster with the restricted level takes, and that the ready
// pipeline for transcripts asks it.
func TestEngineSample(t *testing.T) {
	sample, pipeline := render(t, []string{"samples/whisper"}), render(t, []string{"pipelines/transcript"})
	checkObjects(t, append(sample, pipeline...))
	checkPods(t, append(sample, pipeline...))
	pods := podsOf(t, pipeline)
	args := pods[len(pods)-1].template.Spec.Containers[0].Args
	for _, object := range sample {
		if url := "--engine-url=http://" + object.GetName() + ":8080/inference"; object.GetKind() == "Service" && !slices.Contains(args, url) {
			t.Errorf("the last step has the arguments %q, want %s", args, url)
		}
	}
}
