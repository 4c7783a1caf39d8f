// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outcomes

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/meetingops/meeting-recording-operator/internal/jobs"
)

// Problem is why an unfinished Job makes no progress.
type Problem struct {
	// Reason is the cause in one word, for programs: one of the constants below, or the kubelet's own reason of a container that waits.
	Reason string
	// Head names the cause, and does not change while the cause stays.
	Head string
	// Detail is what the cluster says about it. It may change from one moment to the next.
	Detail string
	// Since is when the Job last made progress.
	Since time.Time
	// Usual reports whether most Jobs have this for a moment, so that it is reported only if it takes too long.
	Usual bool
}

// Reasons of problems, besides the kubelet's own.
const (
	ReasonJobNotEnding    = "JobNotEnding"
	ReasonJobSuspended    = "JobSuspended"
	ReasonNoPod           = "NoPod"
	ReasonPodLost         = "PodLost"
	ReasonPodNotScheduled = "PodNotScheduled"
	ReasonPodNotStarting  = "PodNotStarting"
	ReasonPodNotEnding    = "PodNotEnding"
	ReasonPodNotReady     = "PodNotReady"
)

// usualReasons are of containers that are about to start.
var usualReasons = []string{"", "ContainerCreating", "PodInitializing"}

// sameReasons are the two names that the kubelet uses alternately for one cause.
var sameReasons = map[string]string{
	"ErrImagePull":      "ImagePullBackOff",
	"RunContainerError": "CrashLoopBackOff",
}

// JobProblem returns what the Job itself shows that keeps it from running or ending; nil if nothing does.
func JobProblem(job *batchv1.Job) *Problem {
	switch {
	case job.DeletionTimestamp != nil:
		return &Problem{
			Reason: ReasonJobNotEnding,
			Head:   "the Job is deleted but does not end",
			Detail: "its finalizers (" + strings.Join(job.Finalizers, ", ") + ") keep it, perhaps for a Pod on a lost node",
			Since:  job.DeletionTimestamp.Time,
			Usual:  true,
		}
	case ptr.Deref(job.Spec.Suspend, false) && jobs.QueueOf(job) == "":
		by, since := "something other than this operator", job.CreationTimestamp.Time
		if entries := SuspendedBy(job); len(entries) > 0 {
			by = entries[0].Manager
		}
		if suspended := findCondition(job, batchv1.JobSuspended); suspended != nil {
			since = later(since, suspended.LastTransitionTime.Time)
		}
		return &Problem{
			Reason: ReasonJobSuspended,
			Head:   "the Job is suspended by " + by,
			Detail: "set spec.suspend of Job " + job.Name + " to false to continue",
			Since:  since,
		}
	}
	return nil
}

// SuspendedBy returns the managed fields of the writer that suspended a Job; none if it is not suspended.
func SuspendedBy(job *batchv1.Job) []metav1.ManagedFieldsEntry {
	if !ptr.Deref(job.Spec.Suspend, false) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(job.ManagedFields), func(entry metav1.ManagedFieldsEntry) bool {
		var fields struct {
			Spec struct {
				Suspend *struct{} `json:"f:suspend"`
			} `json:"f:spec"`
		}
		return entry.FieldsV1 == nil || json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields) != nil || fields.Spec.Suspend == nil
	})
}

// FindProblem returns what keeps the Pods of an unfinished Job from starting or ending; nil if nothing does. What is unusual comes first,
// then what has lasted longest.
func FindProblem(job *batchv1.Job, pods []corev1.Pod) *Problem {
	alive := newestByIndex(pods, func(pod *corev1.Pod) bool {
		return pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed
	})
	if isRunning := runsElsewhere(job) && job.Status.Active > 0; len(alive) == 0 && !isRunning {
		return noPod(job, pods)
	}
	var found *Problem
	for _, pod := range alive {
		problem := podProblem(pod)
		if problem != nil && (found == nil || found.Usual && !problem.Usual || found.Usual == problem.Usual && problem.Since.Before(found.Since)) {
			found = problem
		}
	}
	return found
}

// noPod is the problem of a Job whose first or next Pod is not created.
func noPod(job *batchv1.Job, pods []corev1.Pod) *Problem {
	problem := &Problem{
		Reason: ReasonNoPod,
		Head:   "the Job has no Pod",
		Detail: "kubectl describe job " + job.Name + " shows why",
		Since:  job.CreationTimestamp.Time,
		Usual:  true,
	}
	if job.Status.StartTime != nil {
		problem.Since = later(problem.Since, job.Status.StartTime.Time)
	}
	for i := range pods {
		problem.Head, problem.Since = "the Job has no further Pod", later(problem.Since, lastProgress(&pods[i]))
	}
	return problem
}

func podProblem(pod *corev1.Pod) *Problem {
	for _, find := range []func(*corev1.Pod) *Problem{notEnding, notScheduled, containerWaits, outlived, notReady} {
		if problem := find(pod); problem != nil {
			return problem
		}
	}
	return nil
}

// notEnding is the problem of a deleted Pod whose node does not confirm that it ended.
func notEnding(pod *corev1.Pod) *Problem {
	if pod.DeletionTimestamp == nil {
		return nil
	}
	return &Problem{
		Reason: ReasonPodLost,
		Head:   "the Pod is deleted but does not end",
		Detail: "its node " + pod.Spec.NodeName + " may be lost: see kubectl get node",
		Since:  pod.DeletionTimestamp.Time,
		Usual:  true,
	}
}

func notScheduled(pod *corev1.Pod) *Problem {
	condition := podCondition(pod, corev1.PodScheduled)
	if condition == nil || condition.Status != corev1.ConditionFalse {
		return nil
	}
	return &Problem{
		Reason: ReasonPodNotScheduled,
		Head:   "the Pod is not scheduled (" + condition.Reason + ")",
		Detail: condition.Message,
		Since:  later(pod.CreationTimestamp.Time, condition.LastTransitionTime.Time),
		Usual:  true,
	}
}

// containerWaits returns the first container that waits for something unusual, or else the first that waits at all.
func containerWaits(pod *corev1.Pod) *Problem {
	var first *Problem
	for _, status := range containerStatuses(pod) {
		waits := status.State.Waiting
		if waits == nil {
			continue
		}
		reason, usual := waits.Reason, slices.Contains(usualReasons, waits.Reason)
		if same, ok := sameReasons[reason]; ok {
			reason = same
		}
		if reason == "" {
			reason = "Waiting"
		}
		found := &Problem{
			Reason: reason,
			Head:   "container " + status.Name + " does not start (" + reason + ")",
			Detail: waits.Message,
			Since:  lastProgress(pod),
			Usual:  usual,
		}
		if !usual {
			return found
		}
		found.Reason = ReasonPodNotStarting
		if initializes(pod) {
			continue
		}
		if first == nil {
			first = found
		}
	}
	return first
}

// initializes reports whether an init container that must end before the others start is running.
func initializes(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.InitContainerStatuses, func(status corev1.ContainerStatus) bool {
		return status.State.Running != nil && !isSidecar(pod, status.Name)
	})
}

// outlived is the problem of a Pod that some containers, such as a proxy, keep alive after the others succeeded.
func outlived(pod *corev1.Pod) *Problem {
	var ended, running []string
	var since time.Time
	for _, status := range pod.Status.ContainerStatuses {
		switch {
		case status.State.Terminated != nil && status.State.Terminated.ExitCode == 0:
			ended, since = append(ended, status.Name), later(since, status.State.Terminated.FinishedAt.Time)
		case status.State.Running != nil:
			running = append(running, status.Name)
		}
	}
	if len(ended) == 0 || len(running) == 0 {
		return nil
	}
	return &Problem{
		Reason: ReasonPodNotEnding,
		Head:   "container " + strings.Join(running, ", ") + " still runs although " + strings.Join(ended, ", ") + " has ended",
		Detail: "the Job ends only with all its containers: run helpers as init containers with restartPolicy Always",
		Since:  since,
		Usual:  true,
	}
}

// notReady is the problem of a Pod that runs but is not ready, for example because its node is lost.
func notReady(pod *corev1.Pod) *Problem {
	condition := podCondition(pod, corev1.PodReady)
	if condition == nil || condition.Status == corev1.ConditionTrue || pod.Status.Phase != corev1.PodRunning {
		return nil
	}
	return &Problem{
		Reason: ReasonPodNotReady,
		Head:   "the Pod runs on node " + pod.Spec.NodeName + " but is not ready",
		Detail: strings.TrimSuffix(condition.Reason+": "+condition.Message, ": "),
		Since:  later(pod.CreationTimestamp.Time, condition.LastTransitionTime.Time),
		Usual:  true,
	}
}

func podCondition(pod *corev1.Pod, kind corev1.PodConditionType) *corev1.PodCondition {
	at := slices.IndexFunc(pod.Status.Conditions, func(condition corev1.PodCondition) bool { return condition.Type == kind })
	if at < 0 {
		return nil
	}
	return &pod.Status.Conditions[at]
}

// lastProgress returns when a container of the Pod last ran, or else when the Pod was created.
func lastProgress(pod *corev1.Pod) time.Time {
	last := pod.CreationTimestamp.Time
	for _, status := range containerStatuses(pod) {
		if ended := lastEnd(status); ended != nil {
			last = later(last, ended.FinishedAt.Time)
		}
	}
	return last
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
