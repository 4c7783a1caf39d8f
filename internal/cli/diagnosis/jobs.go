// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
)

// usualWait is how long a Job may take to get a Pod, and a Pod to start and to end, before it is worth an answer.
const usualWait = 30 * time.Second

func patience(problem *outcomes.Problem) time.Duration {
	if !problem.Usual || problem.Reason == outcomes.ReasonPodNotScheduled || problem.Reason == outcomes.ReasonPodLost {
		return 0
	}
	return usualWait
}

// jobStuck applies if a Job makes no progress. One that needs the user comes before one that waits for Kueue.
func jobStuck(in Input) *Answer {
	var waits *Answer
	for i := range in.Recording.Status.Processing.Steps {
		step := &in.Recording.Status.Processing.Steps[i]
		at := slices.IndexFunc(in.Jobs, func(job batchv1.Job) bool { return job.Name == step.JobName })
		if at < 0 || (step.State != v1alpha1.StepRunning && step.State != v1alpha1.StepQueued) {
			continue
		}
		answer := jobAnswer(in, step, &in.Jobs[at])
		if answer != nil && answer.NeedsAction {
			return answer
		}
		if waits == nil {
			waits = answer
		}
	}
	return waits
}

func jobAnswer(in Input, step *v1alpha1.StepStatus, job *batchv1.Job) *Answer {
	if queue := jobs.QueueOf(job); queue != "" {
		return &Answer{
			Reason: "QueuedByKueue", Detail: step.Message,
			Summary:  fmt.Sprintf("Job %s waits for LocalQueue %s of Kueue.", job.Name, queue),
			Fix:      "The Workload says what it waits for.",
			Commands: []string{kubectl(in, "describe workloads -l kueue.x-k8s.io/job-uid=%s", job.UID), kubectl(in, "describe localqueue %s", queue)},
		}
	}
	problem, note := problemOf(in, job), eventNote(in, job)
	if problem == nil || (note == "" && in.Now.Sub(problem.Since) < patience(problem)) {
		return nil
	}
	remedy, known := remedies[problem.Reason]
	if !known {
		remedy = remedies[outcomes.ReasonPodNotStarting]
	}
	if answer := quotaExceeded(in, note); answer != nil {
		return answer
	}
	answer := &Answer{
		Reason: problem.Reason, NeedsAction: true, Fix: remedy.fix,
		Summary:  fmt.Sprintf("Step %s makes no progress: %s.", stepName(step), problem.Head),
		Detail:   problem.Detail,
		Commands: []string{kubectl(in, "describe job,pod -l %s=%s", batchv1.JobNameLabel, job.Name)},
	}
	if note != "" {
		answer.Detail = note
	}
	switch remedy.command {
	case "logs":
		answer.Commands = []string{plugin(in, "logs %s %s --previous", in.Recording.Name, stepName(step))}
	case "managed fields":
		answer.Commands = []string{kubectl(in, "get job %s -o yaml --show-managed-fields", job.Name)}
	}
	return answer
}

// problemOf returns what the manager would find, except that an absent Pod means nothing if Pods could not be read.
func problemOf(in Input, job *batchv1.Job) *outcomes.Problem {
	if outcomes.JobCondition(job) != nil {
		return nil
	}
	if problem := outcomes.JobProblem(job); problem != nil || in.Pods == nil {
		return problem
	}
	return outcomes.FindProblem(job, in.Pods[job.Name])
}

// remedies say what to do about a Job that makes no progress, by the reason of its problem.
var remedies = map[string]struct{ fix, command string }{
	outcomes.ReasonJobNotEnding:    {"Check the nodes of its Pods. If a node is gone, delete it: kubectl delete node.", ""},
	outcomes.ReasonJobSuspended:    {"Set the Job's spec.suspend to false, unless what suspended it is about to.", "managed fields"},
	outcomes.ReasonNoPod:           {"The Job's Events say why: an admission policy, Pod Security, or a missing service account.", ""},
	outcomes.ReasonPodLost:         {"Check the Pod's node. If the node is gone, delete it: kubectl delete node. The Job then creates another Pod.", ""},
	outcomes.ReasonPodNotScheduled: {"Add nodes, or lower what the pipeline's template requests.", ""},
	outcomes.ReasonPodNotStarting:  {"The Pod's Events say why, often a volume that cannot be mounted.", ""},
	outcomes.ReasonPodNotEnding:    {"Run helpers as init containers with restartPolicy: Always, so that the Job can end without them.", ""},
	outcomes.ReasonPodNotReady:     {"Check the Pod's node and its readiness probes.", ""},
	"ImagePullBackOff":             {"Correct the image's name in the pipeline, or the pull secret.", ""},
	"InvalidImageName":             {"Correct the image's name in the pipeline.", ""},
	"ErrImageNeverPull":            {"Load the image onto the node, or change imagePullPolicy.", ""},
	"CreateContainerConfigError":   {"Create the Secret or ConfigMap that the container refers to.", ""},
	"CreateContainerError":         {"Correct the container's command, mounts or security context.", ""},
	"CrashLoopBackOff":             {"Read the log of the container's last run.", "logs"},
}

// failedScheduling is the reason of warnings that stay after the Pod was scheduled; until then the Pod's condition says the same.
const failedScheduling = "FailedScheduling"

// eventNote returns the newest warning about the Job, or about its Pods.
func eventNote(in Input, job *batchv1.Job) string {
	names := []string{job.Name}
	for _, pod := range in.Pods[job.Name] {
		names = append(names, pod.Name)
	}
	note, newest := "", time.Time{}
	for _, event := range in.Events {
		if event.Type != corev1.EventTypeWarning || !slices.Contains(names, event.Regarding.Name) || event.Reason == failedScheduling {
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

// exceeded finds the quota that the API server names when it rejects an object.
var exceeded = regexp.MustCompile(`exceeded quota: ([a-z0-9.-]+)`)

// quotaExceeded applies if the text says that a ResourceQuota rejected a Job or a Pod. The text may be old, so the answer has the
// quota's present use too.
func quotaExceeded(in Input, text string) *Answer {
	found := exceeded.FindStringSubmatch(text)
	if found == nil {
		return nil
	}
	answer := &Answer{
		Reason: "QuotaExceeded", Detail: text, NeedsAction: true,
		Summary:  fmt.Sprintf("ResourceQuota %s has no room for the next Job or Pod.", found[1]),
		Fix:      "Raise the quota, or wait until other Jobs end. It is retried by itself.",
		Commands: []string{kubectl(in, "describe resourcequota %s", found[1])},
	}
	for _, quota := range in.Quotas {
		if quota.Name != found[1] {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(quota.Status.Hard)) {
			hard, used := quota.Status.Hard[name], quota.Status.Used[name]
			if used.Cmp(hard) >= 0 {
				answer.Summary = fmt.Sprintf("ResourceQuota %s is used up: %s of %s %s.", quota.Name, used.String(), hard.String(), name)
				break
			}
		}
	}
	return answer
}
