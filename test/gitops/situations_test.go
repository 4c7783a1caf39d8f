// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"errors"
	"fmt"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/expression"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
	"github.com/meetingops/meeting-recording-operator/internal/scheduling"
)

// noon is when everything is checked.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

var settings = planning.Settings{StallAfter: 10 * time.Minute, StallAfterStarted: 24 * time.Hour, ReorderWindow: time.Minute}

// situation is a recording, and what is known of its Jobs, until a decision is made of it.
type situation struct{ planning.Input }

// recorded begins one with a recording whose last event came so long ago, as the API server has it.
func recorded(t *testing.T, state v1alpha1.RecordingState, ago time.Duration) *situation {
	t.Helper()
	at := metav1.NewMicroTime(noon.Add(-ago))
	recording := defaulted[v1alpha1.MeetingRecording](t, "meetingrecordings", map[string]any{"meetingID": "m", "sessionID": "s"})
	recording.CreationTimestamp = metav1.NewTime(at.Time)
	status := &recording.Status.Recording
	if state != "" {
		status.State = state
		status.Events = []v1alpha1.RecordingEvent{{Type: v1alpha1.EventType(state), Source: v1alpha1.EventSourceWebhook, ReceiveTime: at,
			Deliveries: 1, LastReceiveTime: at}}
	}
	if recording.Status.Recording.State.IsFinal() {
		status.EndTime = &at
	}
	return &situation{planning.Input{Recording: recording, Now: noon, Settings: settings, Jobs: map[string]outcomes.Observation{},
		Queued: map[string]scheduling.Answer{}, Expressions: expression.New()}}
}

// with adds a pipeline of the steps, named p.
func (s *situation) with(steps ...string) *situation {
	pipeline := v1alpha1.RecordingPipeline{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: fmt.Sprintf("p%d", len(s.Pipelines)), Generation: 1},
		Spec:       v1alpha1.RecordingPipelineSpec{Triggers: []v1alpha1.PipelineTrigger{v1alpha1.TriggerStopped}},
	}
	for _, name := range steps {
		pipeline.Spec.Steps = append(pipeline.Spec.Steps, v1alpha1.PipelineStep{Name: name, Template: batchv1.JobTemplateSpec{
			Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
				Containers: []corev1.Container{{Name: "main", Image: "example.com/main:v1"}},
			}}},
		}})
	}
	s.Pipelines = append(s.Pipelines, pipeline)
	return s
}

// needing makes the second step of the last pipeline need the first.
func (s *situation) needing() *situation {
	steps := s.Pipelines[len(s.Pipelines)-1].Spec.Steps
	steps[1].Needs = []string{steps[0].Name}
	return s
}

func (s *situation) suspended() *situation {
	s.Recording.Spec.Suspend = true
	s.Recording.Generation++
	return s
}

func (s *situation) rerun(token string) *situation {
	s.Recording.Spec.Rerun = &v1alpha1.Rerun{Token: token}
	s.Recording.Generation++
	return s
}

// job says what is known of the Job of a step's attempt.
func (s *situation) job(step string, attempt int32, observed outcomes.Observation) *situation {
	s.Jobs[jobs.Name(s.Recording.Name, "p0", step, attempt)] = observed
	return s
}

func (s *situation) queued(step string) *situation {
	s.Queued[jobs.Name(s.Recording.Name, "p0", step, 1)] = scheduling.Answer{Position: 1, Of: 1}
	return s
}

// decided stores what the controller decides.
func (s *situation) decided(t *testing.T) *situation {
	t.Helper()
	decision := planning.Decide(s.Input)
	if len(decision.Create) > 0 {
		t.Fatalf("the situation says nothing of %d Jobs that are to be created", len(decision.Create))
	}
	if decision.Changes(s.Recording) {
		s.Recording = s.Recording.DeepCopy()
		s.Recording.Status.Processing = *decision.Processing.DeepCopy()
		s.Recording.Status.Conditions = decision.Conditions
		s.Recording.Status.ObservedGeneration = s.Recording.Generation
	}
	return s
}

func active() outcomes.Observation {
	return outcomes.Observation{State: outcomes.JobActive, CreatedAt: metav1.NewTime(noon.Add(-time.Minute))}
}

func notStarting(since time.Duration) outcomes.Observation {
	observed := active()
	observed.Problem = &outcomes.Problem{Head: "container main does not start (ImagePullBackOff)", Since: noon.Add(-since)}
	return observed
}

func ended(state outcomes.JobState) outcomes.Observation {
	return outcomes.Observation{State: state, CreatedAt: metav1.NewTime(noon.Add(-time.Minute)), EndedAt: metav1.NewTime(noon),
		Permanent: true}
}

func refused(since time.Duration) outcomes.Observation {
	return outcomes.Observation{State: outcomes.JobRefused, Message: "exceeded quota", Since: noon.Add(-since)}
}

// Errors with which the API server answers the trial of a Job.
func quotaExceeded() error {
	return apierrors.NewForbidden(schema.GroupResource{Group: "batch", Resource: "jobs"}, "job", errors.New("exceeded quota"))
}

func invalidImage() error {
	image := field.NewPath("spec", "template", "spec", "containers").Index(0).Child("image")
	return apierrors.NewInvalid(schema.GroupKind{Group: "batch", Kind: "Job"}, "job", field.ErrorList{field.Required(image, "")})
}
