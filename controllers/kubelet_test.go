// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// ending is how a Job's container ends.
type ending struct {
	code    int32
	message string
}

// kubelet plays the kubelet and the Job controller of a namespace, and Kueue, which admits every Job: it lets each end as its script
// says.
type kubelet struct {
	namespace string
	clock     clock.PassiveClock
	// script has the endings of a step's Jobs, by pipeline/step, one after another; the last stands for all further ones, and a
	// step without any succeeds and tells nothing.
	script map[string][]ending

	mu sync.Mutex
	// env is the environment that the last Job of a step gave its container, by pipeline/step.
	env map[string]map[string]string
	// ended are the Jobs that have ended, and busiest how many of a pipeline were at work at once.
	ended   map[string]bool
	busiest map[string]int
}

// startKubelet runs one until the test ends.
func startKubelet(t *testing.T, namespace string, clock clock.PassiveClock, script map[string][]ending) *kubelet {
	t.Helper()
	k := &kubelet{
		namespace: namespace, clock: clock, script: script,
		env: make(map[string]map[string]string), ended: make(map[string]bool), busiest: make(map[string]int),
	}
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := k.pass(ctx); err != nil && ctx.Err() == nil {
				t.Errorf("the kubelet of the test: %v", err)
				return
			}
		}
	})
	t.Cleanup(func() { cancel(); done.Wait() })
	return k
}

// pass looks at all Jobs, and lets the first end that is at work.
func (k *kubelet) pass(ctx context.Context) error {
	var list batchv1.JobList
	if err := admin.List(ctx, &list, client.InNamespace(k.namespace)); err != nil {
		return err
	}
	var next *batchv1.Job
	working := make(map[string]int)
	for i := range list.Items {
		job := &list.Items[i]
		if k.ended[job.Name] || job.DeletionTimestamp != nil {
			continue
		}
		if ptr.Deref(job.Spec.Suspend, false) {
			old := job.DeepCopy()
			job.Spec.Suspend = ptr.To(false)
			if err := admin.Patch(ctx, job, client.MergeFrom(old)); err != nil {
				return fmt.Errorf("admit Job %s: %w", job.Name, err)
			}
			continue
		}
		working[job.Labels[v1alpha1.LabelPipeline]]++
		if next == nil {
			next = job
		}
	}
	k.mu.Lock()
	for pipeline, n := range working {
		k.busiest[pipeline] = max(k.busiest[pipeline], n)
	}
	k.mu.Unlock()
	if next == nil {
		return nil
	}
	return k.end(ctx, next)
}

// end plays a Job to its end.
func (k *kubelet) end(ctx context.Context, job *batchv1.Job) error {
	step := job.Labels[v1alpha1.LabelPipeline] + "/" + job.Labels[v1alpha1.LabelStep]
	is := k.next(step, job)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: job.Namespace, GenerateName: "p-", Labels: job.Spec.Template.Labels, Annotations: job.Spec.Template.Annotations,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(job, batchv1.SchemeGroupVersion.WithKind("Job"))},
		},
		Spec: job.Spec.Template.Spec,
	}
	if err := admin.Create(ctx, pod); err != nil {
		return fmt.Errorf("the Pod of Job %s: %w", job.Name, err)
	}
	pod.Status.Phase = corev1.PodSucceeded
	if is.code != 0 {
		pod.Status.Phase = corev1.PodFailed
	}
	container := pod.Spec.Containers[0]
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: container.Name, Image: container.Image, State: corev1.ContainerState{
		Terminated: &corev1.ContainerStateTerminated{ExitCode: is.code, Message: is.message},
	}}}
	if err := admin.Status().Update(ctx, pod); err != nil {
		return fmt.Errorf("the Pod of Job %s ends: %w", job.Name, err)
	}
	now := metav1.NewTime(k.clock.Now())
	job.Status.StartTime = &now
	if is.code == 0 {
		job.Status.CompletionTime, job.Status.Succeeded = &now, 1
		addConditions(job, "CompletionsReached", batchv1.JobSuccessCriteriaMet, batchv1.JobComplete)
	} else {
		job.Status.Failed = 1
		reason := batchv1.JobReasonBackoffLimitExceeded
		if is.code >= 64 && is.code <= 78 && is.code != 69 && is.code != 74 && is.code != 75 {
			reason = batchv1.JobReasonPodFailurePolicy
		}
		addConditions(job, reason, batchv1.JobFailureTarget, batchv1.JobFailed)
	}
	for i := range job.Status.Conditions {
		job.Status.Conditions[i].LastTransitionTime = now
	}
	if err := admin.Status().Update(ctx, job); err != nil {
		return fmt.Errorf("Job %s ends: %w", job.Name, err)
	}
	k.ended[job.Name] = true
	return nil
}

// next returns how the step's next Job ends.
func (k *kubelet) next(step string, job *batchv1.Job) ending {
	k.mu.Lock()
	defer k.mu.Unlock()
	env := make(map[string]string)
	for _, variable := range job.Spec.Template.Spec.Containers[0].Env {
		env[variable.Name] = variable.Value
	}
	k.env[step] = env
	endings := k.script[step]
	if len(endings) == 0 {
		return ending{}
	}
	if len(endings) > 1 {
		k.script[step] = endings[1:]
	}
	return endings[0]
}

// environment returns what the last Job of a step gave its container.
func (k *kubelet) environment(step string) map[string]string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.env[step]
}

// atOnce returns how many Jobs of a pipeline were at work at once, at most.
func (k *kubelet) atOnce(pipeline string) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.busiest[pipeline]
}
