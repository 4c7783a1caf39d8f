// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
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
	p.Spec.NodeName, p.Status.Phase = "node-1", corev1.PodPending
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

func usualJob() []batchv1.Job { return job(func(*batchv1.Job) {}) }

// noPods says that there are none, unlike nil, which says that they could not be read.
var noPods = map[string][]corev1.Pod{}

var runningStep = v1alpha1.StepStatus{State: v1alpha1.StepRunning, JobName: "job"}

func runs() *v1alpha1.MeetingRecording { return recording(withStep(runningStep)) }

func warning(about, reason, note string) eventsv1.Event {
	return eventsv1.Event{Regarding: corev1.ObjectReference{Name: about}, Type: corev1.EventTypeWarning, Reason: reason, Note: note}
}

func smallQuota() []corev1.ResourceQuota {
	two := corev1.ResourceList{"count/jobs.batch": resource.MustParse("2")}
	return []corev1.ResourceQuota{
		{ObjectMeta: metav1.ObjectMeta{Name: "other"}, Status: corev1.ResourceQuotaStatus{Hard: two, Used: two}},
		{ObjectMeta: metav1.ObjectMeta{Name: "small"}, Status: corev1.ResourceQuotaStatus{Hard: two, Used: two}},
	}
}
