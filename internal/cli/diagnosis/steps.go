// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

func labelSet(r *v1alpha1.MeetingRecording) labels.Set { return labels.Set(r.Labels) }

// stepIn returns the first step in the state; nil where there is none.
func stepIn(in Input, state v1alpha1.StepState) *v1alpha1.StepStatus {
	steps := in.Recording.Status.Processing.Steps
	at := slices.IndexFunc(steps, func(s v1alpha1.StepStatus) bool { return s.State == state })
	if at < 0 {
		return nil
	}
	return &steps[at]
}

func stepName(step *v1alpha1.StepStatus) string { return step.Pipeline + "/" + step.Step }

// stalledByName answers for the stalls that only the condition describes.
func stalledByName(in Input) *Answer {
	stalled := condition(in, v1alpha1.ConditionStalled)
	if stalled == nil {
		return nil
	}
	answer := &Answer{Reason: stalled.Reason, Detail: stalled.Message, NeedsAction: true}
	switch stalled.Reason {
	case v1alpha1.ReasonJobNameTaken:
		answer.Summary = "A Job with the step's name exists and does not belong to the recording."
		answer.Fix = "Delete that Job, if nobody needs it; processing goes on by itself."
		answer.Commands = []string{kubectl(in, "get jobs -l %s=%s", v1alpha1.LabelRecording, in.Recording.Name)}
		if step := stepIn(in, v1alpha1.StepPending); step != nil && step.JobName != "" {
			answer.Commands = []string{kubectl(in, "delete job %s", step.JobName)}
		}
	case v1alpha1.ReasonTooManySteps:
		answer.Summary = "The pipelines that match have more steps together than a recording can hold (256)."
		answer.Fix = "Narrow spec.selector or spec.when of the pipelines, then run the recording again."
		answer.Commands = []string{kubectl(in, "get rpipe"), plugin(in, "rerun %s", in.Recording.Name)}
	default:
		return nil
	}
	return answer
}

// stepRefused applies where the API server refuses a Job: a quota, a policy, a missing permission.
func stepRefused(in Input) *Answer {
	ready := meta.FindStatusCondition(in.Recording.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.Reason != v1alpha1.ReasonJobRefused {
		return nil
	}
	answer := &Answer{
		Reason: ready.Reason, Detail: ready.Message, NeedsAction: true,
		Summary:  "The API server refuses the Job of a step.",
		Fix:      "Change what refuses it: a policy, a quota, or the pipeline's template. The manager tries again by itself.",
		Commands: []string{kubectl(in, "get rpipe,resourcequota,limitrange")},
	}
	if full := fullQuota(in); full != "" {
		answer.Reason, answer.Summary = "QuotaExceeded", "A ResourceQuota of the namespace is used up: "+full+"."
		answer.Fix = "Raise the quota, or wait until other Jobs end. The manager tries again by itself."
		answer.Commands = []string{kubectl(in, "describe resourcequota")}
	}
	return answer
}

// fullQuota names the first resource of a quota that is used up.
func fullQuota(in Input) string {
	for _, quota := range in.Quotas {
		for _, name := range slices.Sorted(maps(quota.Status.Hard)) {
			hard, used := quota.Status.Hard[corev1.ResourceName(name)], quota.Status.Used[corev1.ResourceName(name)]
			if used.Cmp(hard) >= 0 && !hard.IsZero() {
				return fmt.Sprintf("%s has %s of %s %s", quota.Name, used.String(), hard.String(), name)
			}
		}
	}
	return ""
}

func maps(list corev1.ResourceList) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range list {
			if !yield(string(name)) {
				return
			}
		}
	}
}

// pipelineNotReady applies where a step that is still to run belongs to a pipeline that cannot.
func pipelineNotReady(in Input) *Answer {
	step := stepIn(in, v1alpha1.StepPending)
	if step == nil {
		return nil
	}
	for i := range in.Pipelines {
		pipeline := &in.Pipelines[i]
		ready := meta.FindStatusCondition(pipeline.Status.Conditions, v1alpha1.ConditionReady)
		if pipeline.Name != step.Pipeline || ready == nil || ready.Status == "True" {
			continue
		}
		return &Answer{
			Reason: "PipelineNotReady", Detail: ready.Message, NeedsAction: true,
			Summary:  fmt.Sprintf("RecordingPipeline %s cannot run (%s).", pipeline.Name, ready.Reason),
			Fix:      "Fix the fields that the message names.",
			Commands: []string{kubectl(in, "edit rpipe %s", pipeline.Name)},
		}
	}
	return nil
}

// podProblem applies where a Pod of a running step does not start, or keeps failing.
func podProblem(in Input) *Answer {
	for _, step := range in.Recording.Status.Processing.Steps {
		if step.State != v1alpha1.StepRunning {
			continue
		}
		pods := in.Pods[step.JobName]
		if len(pods) == 0 {
			if answer := noPod(in, &step); answer != nil {
				return answer
			}
			continue
		}
		newest := slices.MaxFunc(pods, func(a, b corev1.Pod) int { return a.CreationTimestamp.Compare(b.CreationTimestamp.Time) })
		if answer := podAnswer(in, &step, &newest); answer != nil {
			return answer
		}
	}
	return nil
}

// noPod applies where a Job has had no Pod for longer than it should take.
func noPod(in Input, step *v1alpha1.StepStatus) *Answer {
	at := slices.IndexFunc(in.Jobs, func(job batchv1.Job) bool { return job.Name == step.JobName })
	if at < 0 || in.Jobs[at].Status.Active > 0 || in.Now.Sub(in.Jobs[at].CreationTimestamp.Time) < observeAfter {
		return nil
	}
	return &Answer{
		Reason: "NoPod", NeedsAction: true,
		Summary:  fmt.Sprintf("The Job of step %s has no Pod.", stepName(step)),
		Detail:   cmp.Or(eventNote(in, step.JobName), fullQuota(in), step.Message),
		Fix:      "The Job's Events say why: a quota, an admission policy, Pod Security, or a missing service account.",
		Commands: []string{kubectl(in, "describe job %s", step.JobName)},
	}
}

func podAnswer(in Input, step *v1alpha1.StepStatus, pod *corev1.Pod) *Answer {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			return &Answer{
				Reason: "PodNotScheduled", Detail: condition.Message, NeedsAction: true,
				Summary:  fmt.Sprintf("No node takes the Pod of step %s (%s).", stepName(step), condition.Reason),
				Fix:      "Add nodes, or lower what the pipeline's template asks for.",
				Commands: []string{kubectl(in, "describe pod %s", pod.Name)},
			}
		}
	}
	for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		waiting := status.State.Waiting
		if waiting == nil {
			continue
		}
		if answer := waitingAnswer(in, step, pod, status.Name, waiting); answer != nil {
			return answer
		}
	}
	return nil
}

// causes are the reasons of a waiting container that do not pass by themselves, with what to do.
var causes = map[string]string{
	"ErrImagePull":               "Fix the image's name in the pipeline, or the pull secret.",
	"ImagePullBackOff":           "Fix the image's name in the pipeline, or the pull secret.",
	"InvalidImageName":           "Fix the image's name in the pipeline.",
	"ErrImageNeverPull":          "Load the image onto the node, or change imagePullPolicy.",
	"CreateContainerConfigError": "Create the Secret or ConfigMap that the container refers to.",
	"CreateContainerError":       "Fix the container's command, mounts or security context.",
	"CrashLoopBackOff":           "Read the container's log.",
	"RunContainerError":          "Fix the container's command, mounts or security context.",
}

func waitingAnswer(in Input, step *v1alpha1.StepStatus, pod *corev1.Pod, container string, waiting *corev1.ContainerStateWaiting) *Answer {
	fix, known := causes[waiting.Reason]
	if !known {
		if in.Now.Sub(pod.CreationTimestamp.Time) < 2*time.Minute {
			return nil
		}
		note := eventNote(in, pod.Name)
		if note == "" {
			return nil
		}
		return &Answer{
			Reason: "PodNotStarting", Detail: note, NeedsAction: true,
			Summary:  fmt.Sprintf("The Pod of step %s does not start (%s).", stepName(step), cmp.Or(waiting.Reason, "Waiting")),
			Fix:      "The Pod's Events say why, often a volume that cannot be mounted.",
			Commands: []string{kubectl(in, "describe pod %s", pod.Name)},
		}
	}
	commands := []string{kubectl(in, "describe pod %s", pod.Name)}
	if waiting.Reason == "CrashLoopBackOff" {
		commands = []string{plugin(in, "logs %s %s --previous", in.Recording.Name, stepName(step))}
	}
	return &Answer{
		Reason: waiting.Reason, Detail: waiting.Message, NeedsAction: true, Fix: fix, Commands: commands,
		Summary: fmt.Sprintf("Container %s of step %s does not run (%s).", container, stepName(step), waiting.Reason),
	}
}

// eventNote returns the newest warning about the object.
func eventNote(in Input, name string) string {
	note, newest := "", time.Time{}
	for _, event := range in.Events {
		if event.Regarding.Name != name || event.Type != corev1.EventTypeWarning {
			continue
		}
		at := event.EventTime.Time
		if event.Series != nil {
			at = event.Series.LastObservedTime.Time
		}
		if at.IsZero() {
			at = event.DeprecatedLastTimestamp.Time
		}
		if note == "" || at.After(newest) {
			note, newest = event.Reason+": "+event.Note, at
		}
	}
	return note
}

// stepFailed applies where everything has ended and a step failed.
func stepFailed(in Input) *Answer {
	step := stepIn(in, v1alpha1.StepFailed)
	if step == nil || in.Recording.Status.Processing.State != v1alpha1.ProcessingFailed {
		return nil
	}
	answer := &Answer{
		Reason: "StepFailed", Detail: step.Message, NeedsAction: true,
		Summary: fmt.Sprintf("Step %s failed permanently in attempt %d.", stepName(step), step.Attempt),
		Fix:     "Fix the cause, then run the step again. Steps that need it run again too.",
		Commands: []string{
			plugin(in, "logs %s %s", in.Recording.Name, stepName(step)),
			plugin(in, "rerun %s %s", in.Recording.Name, stepName(step)),
		},
	}
	if waiting := skippedBy(in); len(waiting) > 0 {
		answer.Detail = strings.TrimLeft(answer.Detail+"\nSkipped because of it: "+strings.Join(waiting, ", "), "\n")
	}
	return answer
}

func skippedBy(in Input) []string {
	var names []string
	for _, step := range in.Recording.Status.Processing.Steps {
		if step.State == v1alpha1.StepSkipped && step.Reason == v1alpha1.StepNeedFailed {
			names = append(names, stepName(&step))
		}
	}
	return names
}

// jobSuspended applies where something else suspended a Job, such as Kueue without a free quota.
func jobSuspended(in Input) *Answer {
	for i := range in.Jobs {
		job := &in.Jobs[i]
		if job.Spec.Suspend == nil || !*job.Spec.Suspend {
			continue
		}
		queue := job.Labels["kueue.x-k8s.io/queue-name"]
		if queue == "" {
			return &Answer{
				Reason: "JobSuspended", NeedsAction: true,
				Summary:  fmt.Sprintf("Job %s is suspended by something other than the operator.", job.Name),
				Fix:      "Find who suspended it (its managed fields name the writer), or resume it.",
				Commands: []string{kubectl(in, "get job %s -o yaml --show-managed-fields", job.Name)},
			}
		}
		return &Answer{
			Reason:   "QueuedByKueue",
			Summary:  fmt.Sprintf("Job %s waits for LocalQueue %s of Kueue.", job.Name, queue),
			Fix:      "The Workload says what it waits for.",
			Commands: []string{kubectl(in, "describe workloads -l kueue.x-k8s.io/job-uid=%s", job.UID), kubectl(in, "describe localqueue %s", queue)},
		}
	}
	return nil
}

func queued(in Input) *Answer {
	step := stepIn(in, v1alpha1.StepQueued)
	if step == nil || stepIn(in, v1alpha1.StepRunning) != nil {
		return nil
	}
	return &Answer{
		Reason: "Queued", Detail: step.Message,
		Summary:  fmt.Sprintf("Step %s waits in the queue of RecordingPipeline %s (maxConcurrent).", stepName(step), step.Pipeline),
		Fix:      "Wait, or raise maxConcurrent.",
		Commands: []string{kubectl(in, "get jobs -l %s=%s", v1alpha1.LabelPipeline, step.Pipeline)},
	}
}

func running(in Input) *Answer {
	if step := stepIn(in, v1alpha1.StepRunning); step != nil {
		answer := &Answer{
			Reason: "Running", Detail: step.Message,
			Summary:  fmt.Sprintf("Step %s is running.", stepName(step)),
			Fix:      "Wait, or look at what it does.",
			Commands: []string{plugin(in, "logs %s %s -f", in.Recording.Name, stepName(step))},
		}
		if stalled := condition(in, v1alpha1.ConditionStalled); stalled != nil {
			answer.NeedsAction, answer.Reason, answer.Detail = true, stalled.Reason, stalled.Message
			answer.Summary = fmt.Sprintf("Step %s makes no progress.", stepName(step))
		}
		return answer
	}
	step := stepIn(in, v1alpha1.StepPending)
	if step == nil {
		return nil
	}
	answer := &Answer{Reason: "Pending", Summary: fmt.Sprintf("Step %s has no Job yet.", stepName(step)), Detail: step.Message}
	if step.RetryTime != nil {
		answer.Reason = "Backoff"
		answer.Summary = fmt.Sprintf("Step %s failed and runs again at %s.", stepName(step), step.RetryTime.UTC().Format(time.RFC3339))
		answer.Commands = []string{plugin(in, "logs %s %s", in.Recording.Name, stepName(step))}
	}
	return answer
}
