// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outcomes_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
)

// pod returns one of the phase, created so long after noon, with the statuses of its containers.
func pod(phase corev1.PodPhase, after time.Duration, statuses ...corev1.ContainerStatus) corev1.Pod {
	return corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{CreationTimestamp: metav1.NewTime(noon.Add(after))},
		Status:     corev1.PodStatus{Phase: phase, ContainerStatuses: statuses},
	}
}

func exited(name string, code int32, reason, message string) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: name, State: corev1.ContainerState{
		Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Reason: reason, Message: message},
	}}
}

func waits(name, reason, message string) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: name, State: corev1.ContainerState{
		Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message},
	}}
}

func job(conditions ...batchv1.JobCondition) *batchv1.Job {
	return &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: "job", CreationTimestamp: metav1.NewTime(noon)},
		Status:     batchv1.JobStatus{Conditions: conditions},
	}
}

func condition(kind batchv1.JobConditionType, reason, message string) batchv1.JobCondition {
	return batchv1.JobCondition{
		Type: kind, Status: corev1.ConditionTrue, Reason: reason, Message: message,
		LastTransitionTime: metav1.NewTime(noon.Add(time.Minute)),
	}
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestJobCondition(t *testing.T) {
	for name, test := range map[string]struct {
		conditions []batchv1.JobCondition
		want       batchv1.JobConditionType
	}{
		"none":                 {nil, ""},
		"about to fail":        {[]batchv1.JobCondition{condition(batchv1.JobFailureTarget, "", "")}, ""},
		"about to be complete": {[]batchv1.JobCondition{condition(batchv1.JobSuccessCriteriaMet, "", "")}, ""},
		"suspended":            {[]batchv1.JobCondition{condition(batchv1.JobSuspended, "", "")}, ""},
		"not failed":           {[]batchv1.JobCondition{{Type: batchv1.JobFailed, Status: corev1.ConditionFalse}}, ""},
		"failed":               {[]batchv1.JobCondition{condition(batchv1.JobFailureTarget, "", ""), condition(batchv1.JobFailed, "", "")}, batchv1.JobFailed},
		"complete":             {[]batchv1.JobCondition{condition(batchv1.JobComplete, "", "")}, batchv1.JobComplete},
	} {
		t.Run(name, func(t *testing.T) {
			got := outcomes.JobCondition(job(test.conditions...))
			if (got == nil) != (test.want == "") || (got != nil && got.Type != test.want) {
				t.Errorf("got %v, want %q", got, test.want)
			}
		})
	}
}

func TestEndedSucceeded(t *testing.T) {
	const archive = `{"outputs":[{"name":"archive","url":"file:///a.mp4","mediaType":"video/mp4","sizeBytes":12}]}`
	made := []v1alpha1.StepOutput{{Name: "archive", URL: "file:///a.mp4", MediaType: "video/mp4", SizeBytes: ptr.To[int64](12)}}
	const malformed = "The Job succeeded, but its outputs are invalid: "
	for name, test := range map[string]struct {
		pods    []corev1.Pod
		outputs []v1alpha1.StepOutput
		state   outcomes.JobState
		message string
	}{
		"no message": {pods: []corev1.Pod{pod("Succeeded", 0, exited("main", 0, "Completed", ""))}, state: outcomes.JobSucceeded},
		"plain text": {pods: []corev1.Pod{pod("Succeeded", 0, exited("main", 0, "Completed", "done"))}, state: outcomes.JobSucceeded},
		"outputs":    {pods: []corev1.Pod{pod("Succeeded", 0, exited("main", 0, "Completed", archive))}, outputs: made, state: outcomes.JobSucceeded},
		"values": {pods: []corev1.Pod{pod("Succeeded", 0, exited("main", 0, "Completed", `{"outputs":[{"name":"report","values":{"width":1280.0,"codec":"<h264>","durationSeconds":63.5}}]}`))},
			outputs: []v1alpha1.StepOutput{{Name: "report", Values: &runtime.RawExtension{Raw: []byte(`{"codec":"\u003ch264\u003e","durationSeconds":63.5,"width":1280}`)}}}, state: outcomes.JobSucceeded},
		"wrong value": {pods: []corev1.Pod{pod("Succeeded", 0, exited("main", 0, "Completed", `{"outputs":[{"name":"report","values":{"codecs":["h264"]}}]}`))}, state: outcomes.JobFailed,
			message: malformed + "container main: outputs[0].values.codecs: must be a number, a string or a boolean, not a list"},
		"too many outputs together": {pods: []corev1.Pod{pod("Succeeded", 0, exited("a", 0, "", manyOutputs("a", 9)), exited("b", 0, "", manyOutputs("b", 8)))}, state: outcomes.JobFailed,
			message: malformed + "all containers together: outputs: must be at most 16, not 17"},
		"as long as can be": {pods: []corev1.Pod{pod("Succeeded", 0, exited("main", 0, "Completed", archive+strings.Repeat(" ", 4096-len(archive))))}, outputs: made, state: outcomes.JobSucceeded},
		"two containers, one tells": {pods: []corev1.Pod{pod("Succeeded", 0, exited("log", 0, "Completed", "bye"), exited("main", 0, "Completed", archive))},
			outputs: made, state: outcomes.JobSucceeded},
		"the newest that succeeded counts": {pods: []corev1.Pod{
			pod("Succeeded", 0, exited("main", 0, "Completed", `{"outputs":[]}`)),
			pod("Succeeded", time.Second, exited("main", 0, "Completed", archive)),
			pod("Failed", 2*time.Second, exited("main", 1, "Error", "no")),
		}, outputs: made, state: outcomes.JobSucceeded},
		"Pod gone": {state: outcomes.JobFailed, message: "The Job succeeded, but its Pod was deleted before its outputs could be read."},
		"cut": {pods: []corev1.Pod{pod("Succeeded", 0, exited("main", 0, "Completed", archive[:40]))}, state: outcomes.JobFailed,
			message: malformed + "container main: not an outputs message"},
		"wrong field": {pods: []corev1.Pod{pod("Succeeded", 0, exited("main", 0, "Completed", `{"outputs":[{"name":"A"}]}`))}, state: outcomes.JobFailed,
			message: malformed + "container main: outputs[0].name: must be"},
		"name in two containers": {pods: []corev1.Pod{pod("Succeeded", 0, exited("a", 0, "", archive), exited("b", 0, "", archive))}, state: outcomes.JobFailed,
			message: malformed + "all containers together: outputs[1].name: must be unique"},
		"another object": {pods: []corev1.Pod{pod("Succeeded", 0, exited("main", 0, "Completed", `{"msg":"done"}`))}, state: outcomes.JobSucceeded},
	} {
		t.Run(name, func(t *testing.T) {
			j := job(condition(batchv1.JobComplete, "CompletionsReached", ""))
			j.Status.Succeeded = 1
			got := outcomes.Ended(j, outcomes.JobCondition(j), test.pods)
			if got.State != test.state || !strings.HasPrefix(got.Message, test.message) || (test.message == "" && got.Message != "") {
				t.Errorf("%d: %q, want %d: %q", got.State, got.Message, test.state, test.message)
			}
			if diff := cmp.Diff(test.outputs, got.Outputs); diff != "" {
				t.Errorf("outputs (-want +got)\n%s", diff)
			}
			if !got.EndedAt.Equal(ptr.To(metav1.NewTime(noon.Add(time.Minute)))) {
				t.Errorf("ended at %s", got.EndedAt)
			}
		})
	}
}

func manyOutputs(prefix string, n int) string {
	var items []string
	for i := range n {
		items = append(items, fmt.Sprintf(`{"name":"%s%d","url":"x:y"}`, prefix, i))
	}
	return `{"outputs":[` + strings.Join(items, ",") + `]}`
}

// Several Pods of a Job failed: the newest says why, the Job that it gave up, and how often it was tried. A last line of any
// length leaves room for that.
func TestEndedFailedOften(t *testing.T) {
	j := job(condition(batchv1.JobFailed, "BackoffLimitExceeded", "m"))
	for name, test := range map[string]struct {
		pods []corev1.Pod
		want string
	}{
		"newest": {[]corev1.Pod{
			pod("Failed", 0, exited("main", 1, "Error", "first")), pod("Failed", 2*time.Second, exited("main", 69, "Error", "last")),
			pod("Failed", time.Second, exited("main", 1, "Error", "second")),
		}, "container main exited with 69: last (Job: BackoffLimitExceeded, 3 Pods failed)"},
		"newest tells nothing": {[]corev1.Pod{
			pod("Failed", 0, exited("main", 1, "Error", "first")), pod("Failed", time.Second),
		}, "container main exited with 1: first (Job: BackoffLimitExceeded, 2 Pods failed)"},
		"all gone": {nil, "The Job failed (BackoffLimitExceeded): m"},
		"long": {[]corev1.Pod{pod("Failed", 0, exited("main", 1, "Error", strings.Repeat("é", 2000)))},
			"container main exited with 1: " + strings.Repeat("é", (900-30-3)/2) + "… (Job: BackoffLimitExceeded)"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := outcomes.Ended(j, outcomes.JobCondition(j), test.pods).Message; got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestEndedFailed(t *testing.T) {
	evicted := pod("Failed", 0)
	evicted.Status.Reason, evicted.Status.Message = "Evicted", "The node was low on resource: memory."
	crashing := waits("main", "CrashLoopBackOff", "back-off")
	crashing.LastTerminationState = exited("main", 3, "Error", "third time").State
	initFailed := pod("Failed", 0, corev1.ContainerStatus{Name: "main"})
	initFailed.Status.InitContainerStatuses = []corev1.ContainerStatus{exited("fetch", 69, "Error", "503")}
	policy := condition(batchv1.JobFailed, "PodFailurePolicy", "Container main failed with exit code 66")
	for name, test := range map[string]struct {
		condition batchv1.JobCondition
		pods      []corev1.Pod
		want      string
	}{
		"exit code and last line": {policy, []corev1.Pod{pod("Failed", 0, exited("archive", 66, "Error", "fetching\nno such file\n"))},
			"container archive exited with 66: no such file (Job: PodFailurePolicy)"},
		"reason": {condition(batchv1.JobFailed, "BackoffLimitExceeded", "m"), []corev1.Pod{pod("Failed", 0, exited("main", 137, "OOMKilled", ""))},
			"container main exited with 137 (OOMKilled) (Job: BackoffLimitExceeded)"},
		"the newest counts": {policy, []corev1.Pod{pod("Failed", time.Second, exited("main", 2, "Error", "new")), pod("Failed", 0, exited("main", 1, "Error", "old"))},
			"container main exited with 2: new (Job: PodFailurePolicy, 2 Pods failed)"},
		"init container": {policy, []corev1.Pod{initFailed}, "container fetch exited with 69: 503 (Job: PodFailurePolicy)"},
		"crashing":       {condition(batchv1.JobFailed, "BackoffLimitExceeded", "m"), []corev1.Pod{pod("Running", 0, crashing)}, "container main exited with 3: third time (Job: BackoffLimitExceeded)"},
		"evicted":        {condition(batchv1.JobFailed, "BackoffLimitExceeded", "m"), []corev1.Pod{evicted}, "its Pod failed with Evicted: The node was low on resource: memory. (Job: BackoffLimitExceeded)"},
		"no Pod left": {condition(batchv1.JobFailed, "DeadlineExceeded", "Job was active longer than specified deadline"), nil,
			"The Job failed (DeadlineExceeded): Job was active longer than specified deadline"},
	} {
		t.Run(name, func(t *testing.T) {
			j := job(test.condition)
			got := outcomes.Ended(j, outcomes.JobCondition(j), test.pods)
			if got.State != outcomes.JobFailed || got.Message != test.want {
				t.Errorf("%d: %q, want %q", got.State, got.Message, test.want)
			}
		})
	}
}

func TestFindProblem(t *testing.T) {
	unscheduled := pod("Pending", 0)
	unscheduled.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/3 nodes are available"}}
	initWaits := pod("Pending", 0, waits("main", "PodInitializing", ""))
	initWaits.Status.InitContainerStatuses = []corev1.ContainerStatus{waits("fetch", "CreateContainerConfigError", `secret "s" not found`)}
	retrying := job()
	retrying.Status.Failed = 1
	for name, test := range map[string]struct {
		job  *batchv1.Job
		pods []corev1.Pod
		want *outcomes.Problem
	}{
		"no Pod":         {job(), nil, &outcomes.Problem{Reason: "NoPod", Head: "the Job has no Pod", Detail: "kubectl describe job job shows why", Usual: true}},
		"Pods gone":      {retrying, nil, &outcomes.Problem{Reason: "NoPod", Head: "the Job has no Pod", Detail: "kubectl describe job job shows why", Usual: true}},
		"no next Pod":    {retrying, []corev1.Pod{pod("Failed", 0)}, &outcomes.Problem{Reason: "NoPod", Head: "the Job has no further Pod", Detail: "kubectl describe job job shows why", Usual: true}},
		"one index runs": {job(), []corev1.Pod{index(0, pod("Running", time.Second)), index(1, pod("Pending", 0, waits("main", "ErrImagePull", ""))), index(2, unscheduled)}, &outcomes.Problem{Reason: "ImagePullBackOff", Head: "container main does not start (ImagePullBackOff)"}},
		"runs":           {job(), []corev1.Pod{pod("Running", 0, corev1.ContainerStatus{Name: "main"})}, nil},
		"image":          {job(), []corev1.Pod{pod("Pending", 0, waits("main", "ErrImagePull", "not found"))}, &outcomes.Problem{Reason: "ImagePullBackOff", Head: "container main does not start (ImagePullBackOff)", Detail: "not found"}},
		"image, waiting": {job(), []corev1.Pod{pod("Pending", 0, waits("main", "ImagePullBackOff", "Back-off"))}, &outcomes.Problem{Reason: "ImagePullBackOff", Head: "container main does not start (ImagePullBackOff)", Detail: "Back-off"}},
		"image name":     {job(), []corev1.Pod{pod("Pending", 0, waits("main", "InvalidImageName", "couldn't parse"))}, &outcomes.Problem{Reason: "InvalidImageName", Head: "container main does not start (InvalidImageName)", Detail: "couldn't parse"}},
		"init container": {job(), []corev1.Pod{initWaits}, &outcomes.Problem{Reason: "CreateContainerConfigError", Head: "container fetch does not start (CreateContainerConfigError)", Detail: `secret "s" not found`}},
		"creating":       {job(), []corev1.Pod{pod("Pending", 0, waits("main", "ContainerCreating", ""))}, &outcomes.Problem{Reason: "PodNotStarting", Head: "container main does not start (ContainerCreating)", Usual: true}},
		"unscheduled":    {job(), []corev1.Pod{unscheduled}, &outcomes.Problem{Reason: "PodNotScheduled", Head: "the Pod is not scheduled (Unschedulable)", Detail: "0/3 nodes are available", Usual: true}},
		"newest counts":  {job(), []corev1.Pod{pod("Pending", 0, waits("main", "ErrImagePull", "")), pod("Running", time.Second)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if test.want != nil {
				test.want.Since = noon
			}
			if diff := cmp.Diff(test.want, outcomes.FindProblem(test.job, test.pods)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func index(i int, of corev1.Pod) corev1.Pod {
	of.Annotations = map[string]string{batchv1.JobCompletionIndexAnnotation: strconv.Itoa(i)}
	return of
}

// What the Job itself shows: who suspended it, and that it is deleted and stays.
func TestJobProblem(t *testing.T) {
	owns := func(manager, fields string) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{Manager: manager, FieldsV1: metav1.NewFieldsV1(fields)}
	}
	suspended := job(condition(batchv1.JobSuspended, "", ""))
	suspended.Spec.Suspend = ptr.To(true)
	named := suspended.DeepCopy()
	named.ManagedFields = []metav1.ManagedFieldsEntry{
		owns("meeting-recording-controller", `{"f:spec":{"f:template":{}}}`), owns("no-json", `{`), {Manager: "nothing"},
		owns("night-shift", `{"f:spec":{"f:suspend":{}}}`), owns("kube-controller-manager", `{"f:status":{"f:active":{}}}`),
	}
	queued := named.DeepCopy()
	queued.Labels = map[string]string{"kueue.x-k8s.io/queue-name": "gpu"}
	resumed := named.DeepCopy()
	resumed.Spec.Suspend = ptr.To(false)
	deleted := suspended.DeepCopy()
	deleted.DeletionTimestamp, deleted.Finalizers = ptr.To(metav1.NewTime(noon.Add(time.Minute))), []string{"foregroundDeletion"}
	for name, test := range map[string]struct {
		job  *batchv1.Job
		want string
	}{
		"runs": {job(), ""}, "resumed": {resumed, ""}, "waits for Kueue": {queued, ""},
		"suspended, without a managed field that says by what": {suspended, "JobSuspended: the Job is suspended by something other than this operator"},
		"suspended by a controller":                            {named, "JobSuspended: the Job is suspended by night-shift"},
		"deleted":                                              {deleted, "JobNotEnding: the Job is deleted but does not end"},
	} {
		got := ""
		if problem := outcomes.JobProblem(test.job); problem != nil {
			got = problem.Reason + ": " + problem.Head
			if !problem.Since.Equal(noon.Add(time.Minute)) {
				t.Errorf("%s: since %s", name, problem.Since)
			}
		}
		if got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
	if got := outcomes.SuspendedBy(resumed); got != nil {
		t.Errorf("a Job that runs is suspended by %v", got)
	}
}

// An index whose Pod was deleted has outputs that nobody read, however many others were.
func TestOneIndexIsGone(t *testing.T) {
	j := job(condition(batchv1.JobComplete, "CompletionsReached", ""))
	j.Status.Succeeded = 2
	all := []corev1.Pod{index(0, pod("Succeeded", 0)), index(1, pod("Succeeded", 0))}
	if got := outcomes.Ended(j, outcomes.JobCondition(j), all); got.State != outcomes.JobSucceeded {
		t.Errorf("both Pods are there: %+v", got)
	}
	if got := outcomes.Ended(j, outcomes.JobCondition(j), all[:1]); got.State != outcomes.JobFailed || !strings.Contains(got.Message, "was deleted before") {
		t.Errorf("one Pod is gone: %+v", got)
	}
}

// The Pods of a Job of MultiKueue are in another cluster, and its status is a copy.
func TestElsewhere(t *testing.T) {
	ended := job(condition(batchv1.JobComplete, "CompletionsReached", ""))
	ended.Status.Succeeded = 1
	if got := outcomes.Ended(ended, outcomes.JobCondition(ended), nil); got.State != outcomes.JobFailed {
		t.Errorf("a Job of this cluster without its Pod: %+v", got)
	}
	ended.Spec.ManagedBy = ptr.To(batchv1.JobControllerName)
	if got := outcomes.Ended(ended, outcomes.JobCondition(ended), nil); got.State != outcomes.JobFailed {
		t.Errorf("a Job of this cluster's own controller without its Pod: %+v", got)
	}
	ended.Spec.ManagedBy = ptr.To("kueue.x-k8s.io/multikueue")
	if got := outcomes.Ended(ended, outcomes.JobCondition(ended), nil); got.State != outcomes.JobSucceeded || len(got.Outputs) > 0 {
		t.Errorf("a Job of another cluster: %+v", got)
	}
	running := job()
	running.Spec.ManagedBy, running.Status.Active = ended.Spec.ManagedBy, 1
	if got := outcomes.FindProblem(running, nil); got != nil {
		t.Errorf("a Job that runs in another cluster has the problem %+v", got)
	}
	running.Status.Active = 0
	if got := outcomes.FindProblem(running, nil); got == nil || got.Reason != outcomes.ReasonNoPod {
		t.Errorf("a Job that no cluster runs has the problem %+v", got)
	}
}

// Which failures another try could not fix, and how often a Job was tried again.
func TestEndedTries(t *testing.T) {
	limit, deadline, policy := condition(batchv1.JobFailed, batchv1.JobReasonBackoffLimitExceeded, ""),
		condition(batchv1.JobFailed, batchv1.JobReasonDeadlineExceeded, ""), condition(batchv1.JobFailed, batchv1.JobReasonPodFailurePolicy, "")
	complete := condition(batchv1.JobComplete, "CompletionsReached", "")
	crashing := waits("main", "CrashLoopBackOff", "back-off")
	crashing.LastTerminationState = exited("main", 64, "Error", "usage").State
	for name, test := range map[string]struct {
		condition     batchv1.JobCondition
		failed, limit int32
		pods          []corev1.Pod
		permanent     bool
		retries       int32
	}{
		"one try":              {limit, 1, 0, []corev1.Pod{pod("Failed", 0, exited("main", 1, "Error", ""))}, false, 0},
		"four tries":           {limit, 4, 3, nil, false, 3},
		"three Pods at once":   {limit, 3, 0, nil, false, 0},
		"failed before a Pod":  {limit, 0, 3, nil, false, 0},
		"out of time":          {deadline, 2, 3, nil, true, 1},
		"policy":               {policy, 1, 3, nil, true, 0},
		"sysexits":             {limit, 1, 0, []corev1.Pod{pod("Failed", 0, exited("main", 66, "Error", ""))}, true, 0},
		"sysexits, restarting": {limit, 1, 0, []corev1.Pod{pod("Running", 0, crashing)}, true, 0},
		"unavailable":          {limit, 1, 0, []corev1.Pod{pod("Failed", 0, exited("main", 69, "Error", ""))}, false, 0},
		"at the third try":     {complete, 2, 3, []corev1.Pod{pod("Succeeded", 0, exited("main", 0, "", ""))}, false, 2},
		"malformed outputs":    {complete, 0, 3, []corev1.Pod{pod("Succeeded", 0, exited("main", 0, "", `{"outputs":3}`))}, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			j := job(test.condition)
			j.Status.Failed, j.Spec.BackoffLimit = test.failed, &test.limit
			got := outcomes.Ended(j, outcomes.JobCondition(j), test.pods)
			if got.Permanent != test.permanent || got.Retries != test.retries {
				t.Errorf("permanent %t, %d retries; want %t, %d", got.Permanent, got.Retries, test.permanent, test.retries)
			}
		})
	}
}
