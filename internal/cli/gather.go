// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/cli/diagnosis"
	"github.com/meetingops/meeting-recording-operator/internal/cli/view"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// gathered is a recording with what belongs to it, as far as the user may read it.
type gathered struct {
	recording  *v1alpha1.MeetingRecording
	pipelines  []v1alpha1.RecordingPipeline
	jobs       []batchv1.Job
	pods       []corev1.Pod
	incomplete []string
}

// gather reads what belongs to a recording. What the user may not read is named in incomplete: the rest is still of use.
func gather(ctx context.Context, c client.Client, recording *v1alpha1.MeetingRecording) *gathered {
	g := &gathered{recording: recording}
	namespace := client.InNamespace(recording.Namespace)
	labels := client.MatchingLabels{v1alpha1.LabelRecording: lifecycle.LabelValue(recording.Name)}

	var pipelines v1alpha1.RecordingPipelineList
	g.try(c.List(ctx, &pipelines, namespace), "recordingpipelines")
	g.pipelines = pipelines.Items

	var jobs batchv1.JobList
	g.try(c.List(ctx, &jobs, namespace, labels), "jobs")
	for _, job := range jobs.Items {
		if metav1.IsControlledBy(&job, recording) {
			g.jobs = append(g.jobs, job)
		}
	}
	var pods corev1.PodList
	g.try(c.List(ctx, &pods, namespace, labels), "pods")
	g.pods = pods.Items
	return g
}

// try notes what could not be listed.
func (g *gathered) try(err error, resource string) {
	if err != nil {
		g.incomplete = append(g.incomplete, explain(err, "list", resource, g.recording.Namespace).Error())
	}
}

// podsByJob returns the Pods by the name of the Job that controls them.
func (g *gathered) podsByJob() map[string][]corev1.Pod {
	byJob := map[string][]corev1.Pod{}
	for i := range g.jobs {
		for j := range g.pods {
			if metav1.IsControlledBy(&g.pods[j], &g.jobs[i]) {
				byJob[g.jobs[i].Name] = append(byJob[g.jobs[i].Name], g.pods[j])
			}
		}
	}
	return byJob
}

func (g *gathered) tree() view.Tree {
	pipelines := map[string]*v1alpha1.RecordingPipeline{}
	for i := range g.pipelines {
		pipelines[g.pipelines[i].Name] = &g.pipelines[i]
	}
	return view.Tree{Recording: g.recording, Pipelines: pipelines, Pods: g.podsByJob(), Incomplete: g.incomplete}
}

// diagnosisInput adds what only an answer to "why" needs: Kubernetes Events and quotas.
func (g *gathered) diagnosisInput(ctx context.Context, c client.Client) diagnosis.Input {
	in := diagnosis.Input{Recording: g.recording, Pipelines: g.pipelines, Jobs: g.jobs, Pods: g.podsByJob()}
	var quotas corev1.ResourceQuotaList
	g.try(c.List(ctx, &quotas, client.InNamespace(g.recording.Namespace)), "resourcequotas")
	in.Quotas = quotas.Items
	for i := range g.jobs {
		in.Events = append(in.Events, g.eventsOf(ctx, c, g.jobs[i].Name)...)
	}
	for i := range g.pods {
		in.Events = append(in.Events, g.eventsOf(ctx, c, g.pods[i].Name)...)
	}
	in.Incomplete = g.incomplete
	return in
}

// maxEvents is how many Kubernetes Events of one object are read.
const maxEvents = 50

func (g *gathered) eventsOf(ctx context.Context, c client.Client, name string) []eventsv1.Event {
	if len(validation.IsDNS1123Subdomain(name)) > 0 {
		return nil
	}
	var events eventsv1.EventList
	g.try(c.List(ctx, &events, client.InNamespace(g.recording.Namespace), client.Limit(maxEvents),
		client.MatchingFieldsSelector{Selector: fields.OneTermEqualSelector("regarding.name", name)}), fmt.Sprintf("events of %s", name))
	return events.Items
}
