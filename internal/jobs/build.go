// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package jobs builds the Job that runs one step of a pipeline for one recording: its name, labels, owner, environment, and the defaults of
// fields that the template does not set. It is pure.
package jobs

import (
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// Run is one attempt at one step for one recording.
type Run struct {
	// Recording is the recording that the step works for.
	Recording *v1alpha1.MeetingRecording
	// Pipeline is the name of the step's RecordingPipeline.
	Pipeline string
	// Step is the step, with the template of its Job.
	Step v1alpha1.PipelineStep
	// Attempt counts the Jobs of the step, from 1.
	Attempt int32
	// Needed are the steps that the step needs, directly or through others, with their outputs.
	Needed []v1alpha1.StepStatus
	// Policy is what the pipeline sets for all its Jobs.
	Policy Policy
}

// Name returns the name of the run's Job.
func (r Run) Name() string {
	return Name(r.Recording.Name, r.Pipeline, r.Step.Name, r.Attempt)
}

// Build returns the run's Job, ready to be created in the recording's namespace. Of the template's metadata it keeps labels and annotations,
// as a CronJob does; the operator's labels take precedence. A recording without a UID, which was never stored, owns nothing. The template is
// not changed.
func Build(run Run) *batchv1.Job {
	template := run.Step.Template.DeepCopy()
	addTrace(&template.Spec.Template.Spec, run)
	labels := Labels(run)
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Name:            run.Name(),
			Namespace:       run.Recording.Namespace,
			Labels:          with(template.Labels, labels),
			Annotations:     template.Annotations,
			OwnerReferences: owners(run.Recording),
		},
		Spec: template.Spec,
	}
	job.Spec.Template.Labels = with(job.Spec.Template.Labels, labels)
	applyStep(&job.Spec, run.Step)
	applyDefaults(&job.Spec, run.Policy)
	run.Policy.enqueue(job)
	environment := Environment(run.Recording)
	if len(run.Step.Needs) > 0 {
		environment = append(environment, NeededEnvironment(run.Needed)...)
		job.Spec.Template.Annotations = with(job.Spec.Template.Annotations, map[string]string{
			v1alpha1.AnnotationOutputs: OutputsFile(run),
		})
		mountOutputs(&job.Spec.Template.Spec)
	}
	eachContainer(&job.Spec.Template.Spec, func(container *corev1.Container) {
		container.Env = prepend(environment, container.Env)
	})
	return job
}

// eachContainer calls do for the init containers, then for the others.
func eachContainer(pod *corev1.PodSpec, do func(*corev1.Container)) {
	for i := range pod.InitContainers {
		do(&pod.InitContainers[i])
	}
	for i := range pod.Containers {
		do(&pod.Containers[i])
	}
}

func owners(recording *v1alpha1.MeetingRecording) []metav1.OwnerReference {
	if recording.UID == "" {
		return nil
	}
	return []metav1.OwnerReference{{
		APIVersion:         v1alpha1.GroupVersion.String(),
		Kind:               "MeetingRecording",
		Name:               recording.Name,
		UID:                recording.UID,
		Controller:         ptr.To(true),
		BlockOwnerDeletion: ptr.To(true),
	}}
}

// with returns the labels or annotations of a template, overridden by the operator's.
func with(template, ours map[string]string) map[string]string {
	merged := make(map[string]string, len(template)+len(ours))
	for key, value := range template {
		merged[key] = value
	}
	for key, value := range ours {
		merged[key] = value
	}
	return merged
}
