// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package processing

import (
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// Waiting says why the Pod of a Job does not start.
type Waiting struct {
	// Head names the cause in words that stay the same while the cause does.
	Head string
	// Detail is what the cluster says of it, which may change from one moment to the next.
	Detail string
	// Since is when the Pod was created, or the Job where there is no Pod.
	Since time.Time
	// Usual says that Pods pass through this on their way, all the more when many recordings end at once: it is told only when
	// it takes too long, because to tell it, and to take it back, are two writes.
	Usual bool
}

// usualReasons are of containers that are about to start.
var usualReasons = []string{"", "ContainerCreating", "PodInitializing"}

// sameReasons are the two names that the kubelet gives to one cause by turns.
var sameReasons = map[string]string{
	"ErrImagePull":      "ImagePullBackOff",
	"RunContainerError": "CrashLoopBackOff",
}

// NotStarting says what keeps the newest Pod of an unfinished Job from starting; nil where nothing does, or where the Job is only
// between two tries.
func NotStarting(job *batchv1.Job, pods []corev1.Pod) *Waiting {
	if len(pods) == 0 {
		if job.Status.Active > 0 || job.Status.Failed > 0 || job.Status.Succeeded > 0 {
			return nil
		}
		return &Waiting{
			Head:   "the Job has no Pod",
			Detail: "kubectl describe job " + job.Name + " tells why",
			Since:  job.CreationTimestamp.Time,
			Usual:  true,
		}
	}
	pod := newest(pods)
	if pod.Status.Phase != corev1.PodPending && pod.Status.Phase != corev1.PodRunning && pod.Status.Phase != "" {
		return nil
	}
	waiting := notScheduled(pod)
	if waiting == nil {
		waiting = containerWaits(pod)
	}
	if waiting != nil {
		waiting.Since = pod.CreationTimestamp.Time
	}
	return waiting
}

func notScheduled(pod *corev1.Pod) *Waiting {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			return &Waiting{
				Head:   "the Pod is not scheduled (" + condition.Reason + ")",
				Detail: condition.Message,
				Usual:  true,
			}
		}
	}
	return nil
}

// containerWaits returns the first container that waits for something out of the usual, else the first that waits at all.
func containerWaits(pod *corev1.Pod) *Waiting {
	var first *Waiting
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
		found := &Waiting{
			Head:   "container " + status.Name + " does not start (" + reason + ")",
			Detail: waits.Message,
			Usual:  usual,
		}
		if !usual {
			return found
		}
		if first == nil {
			first = found
		}
	}
	return first
}

// overdueIn returns how long until a person is needed; not positive where one is.
func (w *Waiting) overdueIn(in Input) time.Duration {
	return w.Since.Add(in.Settings.StallAfter).Sub(in.Now)
}

// waitingMessage tells why a Pod does not start. While the cause is the same the message stays as it was, so that wordings that
// come and go, such as those of a back-off, are not written over and over.
func waitingMessage(in Input, before string, waiting *Waiting) string {
	if waiting == nil || (waiting.Usual && waiting.overdueIn(in) > 0 && saidStalled(in, v1alpha1.ReasonPodsNotStarting) == nil) {
		return ""
	}
	if before == waiting.Head || strings.HasPrefix(before, waiting.Head+": ") {
		return before
	}
	if waiting.Detail == "" {
		return Cut(waiting.Head)
	}
	return Cut(waiting.Head + ": " + waiting.Detail)
}

// newest returns the Pod that was created last; the list must not be empty.
func newest(pods []corev1.Pod) *corev1.Pod {
	last := &pods[0]
	for i := range pods[1:] {
		if last.CreationTimestamp.Before(&pods[i+1].CreationTimestamp) {
			last = &pods[i+1]
		}
	}
	return last
}

// containerStatuses returns those of the init containers, then those of the others.
func containerStatuses(pod *corev1.Pod) []corev1.ContainerStatus {
	return slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
}
