// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning_test

import (
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
)

// noon is when everything of a test happens; other times are given as so long before or after.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

var settings = planning.Settings{StallAfter: 10 * time.Minute, StallAfterStarted: 24 * time.Hour, ReorderWindow: time.Minute}

// recording returns one as the API server has it after the event, which came ago before noon.
func recording(state v1alpha1.RecordingState, ago time.Duration) *v1alpha1.MeetingRecording {
	at := metav1.NewMicroTime(noon.Add(-ago))
	r := &v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "ns", Name: "rec", UID: "uid", Generation: 1, ResourceVersion: "1",
			CreationTimestamp: metav1.NewTime(at.Time),
			Labels:            map[string]string{"team": "a"},
		},
		Spec: v1alpha1.MeetingRecordingSpec{MeetingID: "m", SessionID: "s", Segment: 1},
		Status: v1alpha1.MeetingRecordingStatus{
			ObservedGeneration: -1,
			Processing:         v1alpha1.ProcessingStatus{State: v1alpha1.ProcessingWaiting},
		},
	}
	if state == "" {
		return r
	}
	r.Status.Recording.State = state
	r.Status.Recording.Events = []v1alpha1.RecordingEvent{{
		Type: v1alpha1.EventType(state), Source: v1alpha1.EventSourceWebhook, ReceiveTime: at, Deliveries: 1, LastReceiveTime: at,
	}}
	if r.Status.Recording.State.IsFinal() {
		r.Status.Recording.EndTime = &at
	}
	return r
}

// pipeline returns one of the named steps for recordings that stopped.
func pipeline(name string, steps ...string) v1alpha1.RecordingPipeline {
	p := v1alpha1.RecordingPipeline{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, Generation: 1},
		Spec:       v1alpha1.RecordingPipelineSpec{Triggers: []v1alpha1.PipelineTrigger{v1alpha1.TriggerStopped}},
	}
	for _, step := range steps {
		p.Spec.Steps = append(p.Spec.Steps, v1alpha1.PipelineStep{Name: step, Template: batchv1.JobTemplateSpec{
			Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
				Containers: []corev1.Container{{Name: "main", Image: "example.com/main:v1"}},
			}}},
		}})
	}
	return p
}

// input is what is known at noon.
func input(r *v1alpha1.MeetingRecording, pipelines ...v1alpha1.RecordingPipeline) planning.Input {
	return planning.Input{
		Recording: r, Pipelines: pipelines, Now: noon, Settings: settings,
		Jobs: make(map[string]outcomes.Observation), Expressions: conditions{},
	}
}

func jobName(pipeline, step string) string { return jobs.Name("rec", pipeline, step, 1) }

// active is a Job that was created a minute before noon.
func active() outcomes.Observation {
	return outcomes.Observation{State: outcomes.JobActive, CreatedAt: metav1.NewTime(noon.Add(-time.Minute))}
}

func succeeded() outcomes.Observation {
	return outcomes.Observation{
		State: outcomes.JobSucceeded, CreatedAt: metav1.NewTime(noon.Add(-time.Minute)), EndedAt: metav1.NewTime(noon),
	}
}

func failed(message string) outcomes.Observation {
	observed := succeeded()
	observed.State, observed.Message = outcomes.JobFailed, message
	return observed
}

// stored returns the recording as the API server has it once the decision is stored.
func stored(r *v1alpha1.MeetingRecording, decision planning.Decision) *v1alpha1.MeetingRecording {
	r = r.DeepCopy()
	if decision.Changes(r) {
		r.Status.Processing = *decision.Processing.DeepCopy()
		r.Status.Conditions = decision.Conditions
		r.Status.ObservedGeneration = r.Generation
	}
	return r
}

// underWay returns a recording whose steps of pipeline p all run.
func underWay(t *testing.T, steps ...string) *v1alpha1.MeetingRecording {
	t.Helper()
	in := input(recording(v1alpha1.RecordingStopped, time.Minute), pipeline("p", steps...))
	for _, step := range steps {
		in.Jobs[jobName("p", step)] = active()
	}
	r := stored(in.Recording, planning.Decide(in))
	if r.Status.Processing.State != v1alpha1.ProcessingRunning {
		t.Fatalf("processing is %s, want Running", r.Status.Processing.State)
	}
	return r
}

// references parses steps of the form pipeline/step.
func references(steps []string) []v1alpha1.StepReference {
	var parsed []v1alpha1.StepReference
	for _, step := range steps {
		pipeline, name, _ := strings.Cut(step, "/")
		parsed = append(parsed, v1alpha1.StepReference{Pipeline: pipeline, Step: name})
	}
	return parsed
}
