// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

var now = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) metav1.Time { return metav1.NewTime(now.Add(-d)) }

// recording is one that stopped and whose processing is under way; change says what differs.
func recording(change func(*v1alpha1.MeetingRecording)) *v1alpha1.MeetingRecording {
	r := &v1alpha1.MeetingRecording{ObjectMeta: metav1.ObjectMeta{
		Namespace: "meetings", Name: "rec", Generation: 1, CreationTimestamp: ago(time.Hour),
	}}
	r.Status.ObservedGeneration = 1
	r.Status.Recording.State = v1alpha1.RecordingStopped
	r.Status.Processing.State = v1alpha1.ProcessingRunning
	if change != nil {
		change(r)
	}
	return r
}

func withStep(step v1alpha1.StepStatus) func(*v1alpha1.MeetingRecording) {
	return func(r *v1alpha1.MeetingRecording) {
		step.Pipeline, step.Step, step.Attempt = "web", "archive", 1
		r.Status.Processing.Steps = []v1alpha1.StepStatus{step}
	}
}

func with(r *v1alpha1.MeetingRecording, kind, status, reason string) {
	r.Status.Conditions = append(r.Status.Conditions, metav1.Condition{
		Type: kind, Status: metav1.ConditionStatus(status), Reason: reason, Message: "message of " + reason, ObservedGeneration: r.Generation,
	})
}

func pod(change func(*corev1.Pod)) map[string][]corev1.Pod {
	p := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "job-x", CreationTimestamp: ago(10 * time.Minute)}}
	change(&p)
	return map[string][]corev1.Pod{"job": {p}}
}

func waiting(reason string) map[string][]corev1.Pod {
	return pod(func(p *corev1.Pod) {
		p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "main", State: corev1.ContainerState{
			Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: "words of the kubelet"},
		}}}
	})
}

func job(change func(*batchv1.Job)) []batchv1.Job {
	j := batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "job", UID: "uid", CreationTimestamp: ago(10 * time.Minute)}}
	change(&j)
	return []batchv1.Job{j}
}

var runningStep = v1alpha1.StepStatus{State: v1alpha1.StepRunning, JobName: "job"}

func TestExplain(t *testing.T) {
	for name, test := range map[string]struct {
		in      Input
		reason  string
		acts    bool
		summary string
		command string
	}{
		"being deleted": {
			Input{Recording: recording(func(r *v1alpha1.MeetingRecording) {
				gone := ago(time.Minute)
				r.DeletionTimestamp, r.Finalizers = &gone, []string{"example.com/keep"}
			})},
			"Deleting", false, "is being deleted since", "finalizers",
		},
		"manager is away": {
			Input{Recording: recording(func(r *v1alpha1.MeetingRecording) { r.Generation = 2 })},
			"NotObserved", true, "has not looked at", "-c manager",
		},
		"just created": {
			Input{Recording: recording(func(r *v1alpha1.MeetingRecording) {
				r.CreationTimestamp, r.Status = ago(time.Second), v1alpha1.MeetingRecordingStatus{ObservedGeneration: -1}
			})},
			"NotEnded", false, "No event of the provider", "",
		},
		"still recording": {
			Input{Recording: recording(func(r *v1alpha1.MeetingRecording) { r.Status.Recording.State = v1alpha1.RecordingStarted })},
			"NotEnded", false, "has not reported that the recording ended", "",
		},
		"webhook is missing": {
			Input{Recording: recording(func(r *v1alpha1.MeetingRecording) {
				r.Status.Recording.State = v1alpha1.RecordingStopping
				with(r, "Stalled", "True", v1alpha1.ReasonTerminalEventMissing)
			})},
			v1alpha1.ReasonTerminalEventMissing, true, "has not reported", "kubectl recording -n meetings deliveries",
		},
		"suspended": {
			Input{Recording: recording(func(r *v1alpha1.MeetingRecording) {
				r.Spec.Suspend, r.Status.Processing.State = true, v1alpha1.ProcessingSuspended
			})},
			"Suspended", true, "spec.suspend is true", "resume rec",
		},
		"no pipeline at all": {
			Input{Recording: recording(func(r *v1alpha1.MeetingRecording) { r.Status.Processing.State = v1alpha1.ProcessingSkipped })},
			"NoPipelineMatched", false, "has no RecordingPipeline", "rerun rec",
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
		"policy refuses the Job": {
			Input{Recording: recording(func(r *v1alpha1.MeetingRecording) { with(r, "Ready", "False", v1alpha1.ReasonJobRefused) })},
			v1alpha1.ReasonJobRefused, true, "refuses the Job", "resourcequota",
		},
		"quota is used up": {
			Input{
				Recording: recording(func(r *v1alpha1.MeetingRecording) { with(r, "Ready", "False", v1alpha1.ReasonJobRefused) }),
				Quotas: []corev1.ResourceQuota{{ObjectMeta: metav1.ObjectMeta{Name: "small"}, Status: corev1.ResourceQuotaStatus{
					Hard: corev1.ResourceList{"count/jobs.batch": resource.MustParse("2")}, Used: corev1.ResourceList{"count/jobs.batch": resource.MustParse("2")},
				}}},
			},
			"QuotaExceeded", true, "small has 2 of 2 count/jobs.batch", "describe resourcequota",
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
			Input{Recording: recording(withStep(runningStep)), Pods: waiting("ImagePullBackOff")},
			"ImagePullBackOff", true, "Container main of step web/archive does not run", "describe pod job-x",
		},
		"secret is missing": {
			Input{Recording: recording(withStep(runningStep)), Pods: waiting("CreateContainerConfigError")},
			"CreateContainerConfigError", true, "does not run", "describe pod job-x",
		},
		"container crashes": {
			Input{Recording: recording(withStep(runningStep)), Pods: waiting("CrashLoopBackOff")},
			"CrashLoopBackOff", true, "does not run", "logs rec web/archive --previous",
		},
		"volume cannot be mounted": {
			Input{Recording: recording(withStep(runningStep)), Pods: waiting("ContainerCreating"), Events: []eventsv1.Event{
				{Regarding: corev1.ObjectReference{Name: "job-x"}, Type: corev1.EventTypeWarning, Reason: "FailedMount", Note: "no such claim"},
			}},
			"PodNotStarting", true, "does not start", "describe pod job-x",
		},
		"no node": {
			Input{Recording: recording(withStep(runningStep)), Pods: pod(func(p *corev1.Pod) {
				p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable"}}
			})},
			"PodNotScheduled", true, "No node takes the Pod", "describe pod job-x",
		},
		"no Pod": {
			Input{Recording: recording(withStep(runningStep)), Jobs: job(func(*batchv1.Job) {}), Events: []eventsv1.Event{
				{Regarding: corev1.ObjectReference{Name: "job"}, Type: corev1.EventTypeWarning, Reason: "FailedCreate", Note: "forbidden"},
			}},
			"NoPod", true, "has no Pod", "describe job job",
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
			Input{Recording: recording(withStep(runningStep)), Jobs: job(func(j *batchv1.Job) {
				j.Spec.Suspend, j.Status.Active = ptr(true), 1
			})},
			"JobSuspended", true, "is suspended by something other", "get job job",
		},
		"Kueue has no room": {
			Input{Recording: recording(withStep(v1alpha1.StepStatus{State: v1alpha1.StepQueued, JobName: "job"})), Jobs: job(func(j *batchv1.Job) {
				j.Spec.Suspend, j.Labels = ptr(true), map[string]string{"kueue.x-k8s.io/queue-name": "gpu"}
			})},
			"QueuedByKueue", false, "waits for LocalQueue gpu", "describe workloads",
		},
		"queued": {
			Input{Recording: recording(withStep(v1alpha1.StepStatus{State: v1alpha1.StepQueued}))},
			"Queued", false, "waits in the queue of RecordingPipeline web", "get jobs",
		},
		"running": {
			Input{Recording: recording(withStep(runningStep))},
			"Running", false, "Step web/archive is running", "logs rec web/archive -f",
		},
		"no progress": {
			Input{Recording: recording(func(r *v1alpha1.MeetingRecording) {
				withStep(runningStep)(r)
				with(r, "Stalled", "True", v1alpha1.ReasonNoProgress)
			})},
			v1alpha1.ReasonNoProgress, true, "makes no progress", "logs rec",
		},
		"waits for its next try": {
			Input{Recording: recording(withStep(v1alpha1.StepStatus{State: v1alpha1.StepPending, RetryTime: ptr(ago(-time.Minute))}))},
			"Backoff", false, "runs again at 2026-11-29T12:01:00Z", "logs rec",
		},
		"something new": {
			Input{Recording: recording(func(r *v1alpha1.MeetingRecording) { with(r, "Ready", "False", "Novelty") })},
			"Novelty", false, "message of Novelty", "-c manager",
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.in.Now = now
			test.in.Incomplete = []string{"pods"}
			answer := Explain(test.in)
			if answer.Reason != test.reason || answer.NeedsAction != test.acts || !strings.Contains(answer.Summary, test.summary) {
				t.Errorf("got %+v", answer)
			}
			if commands := strings.Join(answer.Commands, "\n"); !strings.Contains(commands, test.command) || (test.command == "" && commands != "") {
				t.Errorf("commands %q, want %q", commands, test.command)
			}
			if len(answer.Incomplete) != 1 {
				t.Error("what could not be read is not named")
			}
		})
	}
}

func TestMismatch(t *testing.T) {
	r := recording(func(r *v1alpha1.MeetingRecording) {
		end := metav1.NewMicroTime(now.Add(-time.Minute))
		r.Status.Recording.EndTime = &end
	})
	for name, test := range map[string]struct {
		spec    v1alpha1.RecordingPipelineSpec
		created time.Duration
		want    string
	}{
		"trigger":  {v1alpha1.RecordingPipelineSpec{Triggers: []v1alpha1.PipelineTrigger{"Failed"}}, time.Hour, "spec.triggers is Failed, the recording is Stopped"},
		"selector": {v1alpha1.RecordingPipelineSpec{Selector: &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"a": "b"}}}, time.Hour, "spec.selector does not match"},
		"bad selector": {v1alpha1.RecordingPipelineSpec{Selector: &v1alpha1.LabelSelector{MatchExpressions: []v1alpha1.LabelSelectorRequirement{
			{Key: "a", Operator: "in"}}}}, time.Hour, "spec.selector is invalid"},
		"condition": {v1alpha1.RecordingPipelineSpec{When: "false"}, time.Hour, "spec.when was false: false"},
		"too new":   {v1alpha1.RecordingPipelineSpec{}, time.Second, "created after the recording ended"},
		"changed":   {v1alpha1.RecordingPipelineSpec{}, time.Hour, "it matches now"},
	} {
		t.Run(name, func(t *testing.T) {
			pipeline := &v1alpha1.RecordingPipeline{Spec: test.spec}
			pipeline.CreationTimestamp = ago(test.created)
			if got := mismatch(pipeline, r); !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func ptr[T any](v T) *T { return &v }
