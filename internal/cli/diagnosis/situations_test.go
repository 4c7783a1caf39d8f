// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// test is a situation and what Explain must answer.
type situation struct {
	in      Input
	reason  string
	acts    bool
	summary string
	command string
}

// situations has at least one for each answer.
var situations = map[string]situation{
	"being deleted": {
		Input{Recording: recording(func(r *v1alpha1.MeetingRecording) {
			gone := ago(time.Minute)
			r.DeletionTimestamp, r.Finalizers = &gone, []string{"example.com/keep"}
		})},
		"Deleting", false, "marked for deletion since", "finalizers",
	},
	"manager is away after a change": {
		Input{Recording: recording(func(r *v1alpha1.MeetingRecording) { r.Generation = 2 })},
		"NotObserved", true, "has not acted on", "-c manager",
	},
	"manager is away after the end": {
		Input{Recording: recording(func(r *v1alpha1.MeetingRecording) { r.Status.ObservedGeneration, r.Status.Processing.State = -1, "" })},
		"NotObserved", true, "has not acted on", "-c manager",
	},
	"just changed": {
		Input{Recording: recording(func(r *v1alpha1.MeetingRecording) {
			written := ago(time.Second)
			r.Generation, r.ManagedFields = 2, []metav1.ManagedFieldsEntry{{Time: &written}}
		})},
		"Pending", false, "has just changed", "",
	},
	"just created": {
		Input{Recording: recording(func(r *v1alpha1.MeetingRecording) {
			r.CreationTimestamp, r.Status = ago(time.Second), v1alpha1.MeetingRecordingStatus{ObservedGeneration: -1}
		})},
		"NotEnded", false, "No event of the provider", "",
	},
	"recording for an hour": {
		Input{Recording: recording(func(r *v1alpha1.MeetingRecording) {
			r.Status.Recording.State, r.Status.ObservedGeneration = v1alpha1.RecordingStarted, -1
		})},
		"NotEnded", false, "has not reported the end", "",
	},
	"webhook is missing": {
		Input{Recording: recording(func(r *v1alpha1.MeetingRecording) {
			r.Status.Recording.State = v1alpha1.RecordingStopping
			with(r, "Stalled", "True", v1alpha1.ReasonTerminalEventMissing)
		})},
		v1alpha1.ReasonTerminalEventMissing, true, "has not reported the end", "kubectl recording deliveries",
	},
	"rerun without a pipeline": {
		Input{Recording: recording(func(r *v1alpha1.MeetingRecording) {
			r.Spec.Rerun = &v1alpha1.Rerun{Token: "t"}
			r.Status.Processing = v1alpha1.ProcessingStatus{State: v1alpha1.ProcessingSucceeded, ObservedRerunToken: "t"}
			with(r, "Ready", "True", v1alpha1.ReasonProcessed)
			r.Status.Conditions[0].Message = `Every step succeeded (1). The rerun "t" cannot start: no RecordingPipeline matches.`
		})},
		"RerunRefused", true, `The rerun "t" cannot start`, "rerun rec",
	},
	"suspended": {
		Input{Recording: recording(func(r *v1alpha1.MeetingRecording) {
			r.Spec.Suspend, r.Status.Processing.State = true, v1alpha1.ProcessingSuspended
			with(r, "Ready", "False", v1alpha1.ReasonSuspended)
		})},
		"Suspended", true, "spec.suspend is true", "resume rec",
	},
	"suspended between two steps": {
		Input{Recording: recording(func(r *v1alpha1.MeetingRecording) {
			withStep(v1alpha1.StepStatus{State: v1alpha1.StepPending})(r)
			r.Spec.Suspend = true
			with(r, "Ready", "False", v1alpha1.ReasonSuspended)
		})},
		"Suspended", true, "spec.suspend is true", "resume rec",
	},
	"suspended while a step runs": {
		Input{Recording: recording(func(r *v1alpha1.MeetingRecording) {
			withStep(runningStep)(r)
			r.Spec.Suspend = true
			with(r, "Ready", "False", v1alpha1.ReasonProcessing)
		}), Jobs: usualJob()},
		"Running", false, "is running", "logs rec",
	},
	"no pipeline at all": {
		Input{
			Recording: recording(func(r *v1alpha1.MeetingRecording) { r.Status.Processing.State = v1alpha1.ProcessingSkipped }),
			Pipelines: []v1alpha1.RecordingPipeline{},
		},
		"NoPipelineMatched", false, "has no RecordingPipeline", "rerun rec",
	},
	"pipelines cannot be read": {
		Input{Recording: recording(func(r *v1alpha1.MeetingRecording) { r.Status.Processing.State = v1alpha1.ProcessingSkipped })},
		"NoPipelineMatched", false, "No RecordingPipeline matched when", "rerun rec",
	},
	"no pipeline matched": {
		Input{
			Recording: recording(func(r *v1alpha1.MeetingRecording) { r.Status.Processing.State = v1alpha1.ProcessingSkipped }),
			Pipelines: []v1alpha1.RecordingPipeline{{ObjectMeta: metav1.ObjectMeta{Name: "web"}}},
		},
		"NoPipelineMatched", false, "No RecordingPipeline matched when", "rerun rec",
	},
	"done": {
		Input{Recording: recording(func(r *v1alpha1.MeetingRecording) {
			r.Status.Processing.State = v1alpha1.ProcessingSucceeded
			with(r, "Ready", "True", v1alpha1.ReasonProcessed)
		})},
		"Done", false, "is done", "",
	},
	"held": {
		Input{Recording: recording(func(r *v1alpha1.MeetingRecording) {
			r.Spec.Hold, r.Status.Processing.State = true, v1alpha1.ProcessingSucceeded
			with(r, "Ready", "True", v1alpha1.ReasonProcessed)
		})},
		"Held", false, "rejects its deletion", "release rec",
	},
	"name of the Job is taken": {
		Input{Recording: recording(func(r *v1alpha1.MeetingRecording) {
			withStep(v1alpha1.StepStatus{State: v1alpha1.StepPending, JobName: "job"})(r)
			with(r, "Stalled", "True", v1alpha1.ReasonJobNameTaken)
		})},
		v1alpha1.ReasonJobNameTaken, true, "does not belong to the recording", "delete job job",
	},
	"too many steps": {
		Input{Recording: recording(func(r *v1alpha1.MeetingRecording) { with(r, "Stalled", "True", v1alpha1.ReasonTooManySteps) })},
		v1alpha1.ReasonTooManySteps, true, "more steps together", "get rpipe",
	},
	"policy rejects the Job": {
		Input{
			Recording: recording(func(r *v1alpha1.MeetingRecording) { with(r, "Ready", "False", v1alpha1.ReasonJobRefused) }),
			Quotas:    smallQuota(), // is used up, and not what rejects
		},
		v1alpha1.ReasonJobRefused, true, "rejects the Job", "limitrange",
	},
	"quota is used up": {
		Input{
			Recording: recording(func(r *v1alpha1.MeetingRecording) {
				with(r, "Ready", "False", v1alpha1.ReasonJobRefused)
				r.Status.Conditions[0].Message = `jobs.batch "x" is forbidden: exceeded quota: small, requested: count/jobs.batch=1`
			}),
			Quotas: smallQuota(),
		},
		"QuotaExceeded", true, "small is used up: 2 of 2 count/jobs.batch", "describe resourcequota small",
	},
	"quota rejects the Pod": {
		Input{Recording: runs(), Jobs: usualJob(), Pods: noPods, Events: []eventsv1.Event{warning("job", "FailedCreate", "exceeded quota: small, requested: pods=1")}},
		"QuotaExceeded", true, "small has no room", "describe resourcequota small",
	},
	"pipeline is not ready": {
		Input{
			Recording: recording(withStep(v1alpha1.StepStatus{State: v1alpha1.StepPending})),
			Pipelines: []v1alpha1.RecordingPipeline{{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Status: v1alpha1.RecordingPipelineStatus{
				Conditions: []metav1.Condition{{Type: "Ready", Status: "False", Reason: v1alpha1.ReasonInvalidTemplate}},
			}}},
		},
		"PipelineNotReady", true, "web cannot run", "edit rpipe web",
	},
	"image cannot be pulled": {
		Input{Recording: runs(), Jobs: usualJob(), Pods: waiting("ErrImagePull")},
		"ImagePullBackOff", true, "container main does not start (ImagePullBackOff)", "describe job,pod -l batch.kubernetes.io/job-name=job",
	},
	"image has no valid name": {
		Input{Recording: runs(), Jobs: usualJob(), Pods: waiting("InvalidImageName")}, "InvalidImageName", true, "does not start", "describe job,pod",
	},
	"image is not on the node": {
		Input{Recording: runs(), Jobs: usualJob(), Pods: waiting("ErrImageNeverPull")}, "ErrImageNeverPull", true, "does not start", "describe job,pod",
	},
	"secret is missing": {
		Input{Recording: runs(), Jobs: usualJob(), Pods: waiting("CreateContainerConfigError")},
		"CreateContainerConfigError", true, "does not start", "describe job,pod",
	},
	"container cannot be created": {
		Input{Recording: runs(), Jobs: usualJob(), Pods: waiting("CreateContainerError")}, "CreateContainerError", true, "does not start", "describe job,pod",
	},
	"container crashes": {
		Input{Recording: runs(), Jobs: usualJob(), Pods: waiting("CrashLoopBackOff")},
		"CrashLoopBackOff", true, "does not start", "logs rec web/archive --previous",
	},
	"volume cannot be mounted": {
		Input{Recording: runs(), Jobs: usualJob(), Pods: waiting("ContainerCreating"), Events: []eventsv1.Event{warning("job-x", "FailedMount", "no such claim")}},
		"PodNotStarting", true, "does not start (ContainerCreating)", "describe job,pod",
	},
	"scheduled at last": {
		Input{Recording: runs(), Jobs: usualJob(), Pods: pod(func(p *corev1.Pod) {
			p.CreationTimestamp = ago(time.Second)
			p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "main", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}}}
		}), Events: []eventsv1.Event{warning("job-x", "FailedScheduling", "no node")}},
		"Running", false, "is running", "logs rec",
	},
	"one step waits for Kueue, another for its image": {
		Input{
			Recording: recording(func(r *v1alpha1.MeetingRecording) {
				withStep(runningStep)(r)
				first := v1alpha1.StepStatus{Pipeline: "gpu", Step: "first", Attempt: 1, State: v1alpha1.StepQueued, JobName: "waits"}
				r.Status.Processing.Steps = append([]v1alpha1.StepStatus{first}, r.Status.Processing.Steps...)
			}),
			Jobs: append(usualJob(), batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "waits", Labels: map[string]string{"kueue.x-k8s.io/queue-name": "gpu"}},
				Spec: batchv1.JobSpec{Suspend: ptr.To(true)}}),
			Pods: waiting("ErrImagePull"),
		},
		"ImagePullBackOff", true, "Step web/archive makes no progress", "describe job,pod",
	},
	"no node": {
		Input{Recording: runs(), Jobs: usualJob(), Pods: pod(func(p *corev1.Pod) {
			p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable"}}
		})},
		"PodNotScheduled", true, "the Pod is not scheduled (Unschedulable)", "describe job,pod",
	},
	"node is lost": {
		Input{Recording: runs(), Jobs: usualJob(), Pods: pod(func(p *corev1.Pod) {
			gone := ago(5 * time.Minute)
			p.DeletionTimestamp, p.Status.Phase = &gone, corev1.PodRunning
		})},
		"PodLost", true, "the Pod is deleted but does not end", "describe job,pod",
	},
	"node does not report": {
		Input{Recording: runs(), Jobs: usualJob(), Pods: pod(func(p *corev1.Pod) {
			p.Status.Phase = corev1.PodRunning
			p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse, Reason: "NodeNotReady"}}
		})},
		"PodNotReady", true, "runs on node node-1 but is not ready", "describe job,pod",
	},
	"proxy keeps the Pod alive": {
		Input{Recording: runs(), Jobs: usualJob(), Pods: pod(func(p *corev1.Pod) {
			p.Status.Phase = corev1.PodRunning
			p.Status.ContainerStatuses = []corev1.ContainerStatus{
				{Name: "main", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}},
				{Name: "proxy", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}},
			}
		})},
		"PodNotEnding", true, "container proxy still runs although main has ended", "describe job,pod",
	},
	"no Pod": {
		Input{Recording: runs(), Jobs: usualJob(), Pods: noPods, Events: []eventsv1.Event{warning("job", "FailedCreate", "forbidden")}},
		"NoPod", true, "the Job has no Pod", "describe job,pod",
	},
	"Job is new": {
		Input{Recording: runs(), Jobs: job(func(j *batchv1.Job) { j.CreationTimestamp = ago(time.Second) }), Pods: noPods},
		"Running", false, "is running", "logs rec",
	},
	"Pods cannot be read": {
		Input{Recording: runs(), Jobs: usualJob()}, "Running", false, "is running", "logs rec",
	},
	"step failed": {
		Input{Recording: recording(func(r *v1alpha1.MeetingRecording) {
			withStep(v1alpha1.StepStatus{State: v1alpha1.StepFailed, Message: "exit code 65"})(r)
			r.Status.Processing.State = v1alpha1.ProcessingFailed
			with(r, "Stalled", "True", v1alpha1.ReasonProcessingFailed)
		})},
		"StepFailed", true, "Step web/archive failed permanently", "rerun rec web/archive",
	},
	"someone suspended the Job": {
		Input{Recording: recording(withStep(v1alpha1.StepStatus{State: v1alpha1.StepQueued, JobName: "job"})), Jobs: job(func(j *batchv1.Job) {
			j.Spec.Suspend, j.Status.Active = ptr.To(true), 1
		})},
		"JobSuspended", true, "suspended by something other", "get job job",
	},
	"Kueue has no room": {
		Input{Recording: recording(withStep(v1alpha1.StepStatus{State: v1alpha1.StepQueued, JobName: "job"})), Jobs: job(func(j *batchv1.Job) {
			j.Spec.Suspend, j.Labels = ptr.To(true), map[string]string{"kueue.x-k8s.io/queue-name": "gpu"}
		})},
		"QueuedByKueue", false, "waits for LocalQueue gpu", "describe workloads",
	},
	"queued": {
		Input{Recording: recording(withStep(v1alpha1.StepStatus{State: v1alpha1.StepQueued}))},
		"Queued", false, "waits in the queue of RecordingPipeline web", "get jobs",
	},
	"running": {
		Input{Recording: runs()},
		"Running", false, "Step web/archive is running", "logs rec web/archive -f",
	},
	"no progress, and Pods cannot be read": {
		Input{Recording: recording(func(r *v1alpha1.MeetingRecording) {
			withStep(runningStep)(r)
			with(r, "Stalled", "True", v1alpha1.ReasonNoProgress)
		})},
		v1alpha1.ReasonNoProgress, true, "makes no progress", "describe job,pod",
	},
	"waits for its next try": {
		Input{Recording: recording(withStep(v1alpha1.StepStatus{State: v1alpha1.StepPending, RetryTime: ptr.To(ago(-time.Minute))}))},
		"Backoff", false, "runs again at 2026-11-29T12:01:00Z", "logs rec",
	},
	"no Job yet": {
		Input{Recording: recording(withStep(v1alpha1.StepStatus{State: v1alpha1.StepPending}))}, "Pending", false, "has no Job yet", "",
	},
	"nothing is known": {
		Input{Recording: recording(nil)}, "Unknown", false, "do not say why", "-c manager",
	},
}
