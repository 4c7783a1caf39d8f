// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/cli/diagnosis"
	"github.com/meetingops/meeting-recording-operator/internal/cli/view"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
)

// gathered is a recording with what belongs to it. What the user may not read is nil, and named in incomplete: the rest is still of
// use.
type gathered struct {
	recording  *v1alpha1.MeetingRecording
	pipelines  []v1alpha1.RecordingPipeline
	jobs       []batchv1.Job
	pods       map[string][]corev1.Pod // by the name of the Job that controls them
	incomplete []string
}

// gather reads what belongs to a recording.
func gather(ctx context.Context, c client.Client, recording *v1alpha1.MeetingRecording) *gathered {
	g := &gathered{recording: recording}
	namespace := client.InNamespace(recording.Namespace)
	labels := client.MatchingLabels{v1alpha1.LabelRecording: lifecycle.LabelValue(recording.Name)}

	var pipelines v1alpha1.RecordingPipelineList
	if g.read(c.List(ctx, &pipelines, namespace), "recordingpipelines") {
		g.pipelines = append([]v1alpha1.RecordingPipeline{}, pipelines.Items...)
	}
	var jobs batchv1.JobList
	if g.read(c.List(ctx, &jobs, namespace, labels), "jobs") {
		g.jobs = []batchv1.Job{}
		for _, job := range jobs.Items {
			if metav1.IsControlledBy(&job, recording) {
				g.jobs = append(g.jobs, job)
			}
		}
	}
	var pods corev1.PodList
	if g.read(c.List(ctx, &pods, namespace, labels), "pods") {
		g.pods = byJob(g.jobs, pods.Items)
	}
	return g
}

// read reports whether something could be listed, and notes what could not.
func (g *gathered) read(err error, resource string) bool {
	if err == nil {
		return true
	}
	if problem := explain(err, "list", resource, g.recording.Namespace).Error(); !slices.Contains(g.incomplete, problem) {
		g.incomplete = append(g.incomplete, problem)
	}
	return false
}

func byJob(jobs []batchv1.Job, pods []corev1.Pod) map[string][]corev1.Pod {
	found := map[string][]corev1.Pod{}
	for i := range jobs {
		for j := range pods {
			if metav1.IsControlledBy(&pods[j], &jobs[i]) {
				found[jobs[i].Name] = append(found[jobs[i].Name], pods[j])
			}
		}
	}
	return found
}

func (g *gathered) tree() view.Tree {
	pipelines := map[string]*v1alpha1.RecordingPipeline{}
	for i := range g.pipelines {
		pipelines[g.pipelines[i].Name] = &g.pipelines[i]
	}
	return view.Tree{Recording: g.recording, Pipelines: pipelines, Pods: g.pods, Incomplete: g.incomplete}
}

// diagnosisInput adds what only an answer to "why" needs: quotas, and the Kubernetes Events about Jobs that have not ended.
func (g *gathered) diagnosisInput(ctx context.Context, c client.Client) diagnosis.Input {
	in := diagnosis.Input{Recording: g.recording, Pipelines: g.pipelines, Jobs: g.jobs, Pods: g.pods, Now: time.Now()}
	var quotas corev1.ResourceQuotaList
	g.read(c.List(ctx, &quotas, client.InNamespace(g.recording.Namespace)), "resourcequotas")
	in.Quotas = quotas.Items
	for i := range g.jobs {
		if outcomes.JobCondition(&g.jobs[i]) != nil {
			continue
		}
		in.Events = append(in.Events, g.eventsOf(ctx, c, g.jobs[i].Name)...)
		for j := range g.pods[g.jobs[i].Name] {
			in.Events = append(in.Events, g.eventsOf(ctx, c, g.pods[g.jobs[i].Name][j].Name)...)
		}
	}
	in.Incomplete = g.incomplete
	return in
}

// maxEvents is how many Kubernetes Events of one object are read.
const maxEvents = 50

func (g *gathered) eventsOf(ctx context.Context, c client.Client, name string) []eventsv1.Event {
	var events eventsv1.EventList
	g.read(c.List(ctx, &events, client.InNamespace(g.recording.Namespace), client.Limit(maxEvents),
		client.MatchingFieldsSelector{Selector: fields.OneTermEqualSelector("regarding.name", name)}), "events")
	return events.Items
}
