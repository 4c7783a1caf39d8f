// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limit

import (
	"encoding/json"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/test/bench/script"
)

// states are what the events report, in their order.
var states = map[string]v1alpha1.EventType{
	script.Lifecycle[0]: v1alpha1.EventStarting, script.Lifecycle[1]: v1alpha1.EventStarted,
	script.Lifecycle[2]: v1alpha1.EventStopping, script.Stopped: v1alpha1.EventStopped,
}

// withEvent returns a status with one more event, which is later than those it has.
func withEvent(raw json.RawMessage, recording script.Recording, event string) (v1alpha1.RecordingStatus, error) {
	var status v1alpha1.RecordingStatus
	if err := json.Unmarshal(raw, &status); err != nil {
		return status, fmt.Errorf("status.recording of %s: %w", recording.Name, err)
	}
	now := metav1.NewMicroTime(time.Now().UTC().Truncate(time.Microsecond))
	status.State = v1alpha1.RecordingState(states[event])
	status.Events = append(status.Events, v1alpha1.RecordingEvent{
		Type: states[event], Source: v1alpha1.EventSourceWebhook, ReceiveTime: now, Deliveries: 1, LastReceiveTime: now,
	})
	switch states[event] {
	case v1alpha1.EventStarting, v1alpha1.EventStarted:
		status.StartTime = &now
	case v1alpha1.EventStopped:
		status.EndTime = &now
		status.File = &v1alpha1.RecordingFile{Path: recording.FilePath, URL: recording.FileURL}
	}
	return status, nil
}

// run is the step that the recording gets a Job for.
func (l *Limit) run(recording *v1alpha1.MeetingRecording) jobs.Run {
	return jobs.Run{
		Recording: recording, Pipeline: l.Pipeline.Name, Step: l.Pipeline.Spec.Steps[0], Attempt: 1, Policy: jobs.PolicyOf(l.Pipeline, &l.Pipeline.Spec.Steps[0]),
	}
}

// running is what the controller writes when the Job was created.
func (l *Limit) running(recording *v1alpha1.MeetingRecording, job *batchv1.Job) (v1alpha1.ProcessingStatus, []metav1.Condition) {
	created := job.CreationTimestamp
	processing := v1alpha1.ProcessingStatus{State: v1alpha1.ProcessingRunning, LastTransitionTime: ptr.To(metav1.NowMicro()), Steps: []v1alpha1.StepStatus{{
		Pipeline: l.Pipeline.Name, Step: l.Pipeline.Spec.Steps[0].Name, JobName: job.Name, Attempt: 1,
		State: v1alpha1.StepRunning, StartTime: &created,
	}}}
	condition := metav1.Condition{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, ObservedGeneration: recording.Generation,
		LastTransitionTime: metav1.Now(), Reason: v1alpha1.ReasonProcessing, Message: "0 of 1 steps have ended.",
	}
	other := condition
	other.Type, other.Status = v1alpha1.ConditionReconciling, metav1.ConditionTrue
	return processing, []metav1.Condition{condition, other}
}

// succeeded is what the controller writes when the Job has ended, and its Pod is gone.
func succeeded(recording *v1alpha1.MeetingRecording, before v1alpha1.ProcessingStatus) (v1alpha1.ProcessingStatus, []metav1.Condition) {
	processing, now := *before.DeepCopy(), metav1.Now()
	processing.State, processing.LastTransitionTime = v1alpha1.ProcessingSucceeded, ptr.To(metav1.NewMicroTime(now.Time))
	processing.Steps[0].State = v1alpha1.StepSucceeded
	processing.Steps[0].CompletionTime = &now
	return processing, []metav1.Condition{{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, ObservedGeneration: recording.Generation,
		LastTransitionTime: now, Reason: v1alpha1.ReasonProcessed, Message: "Every step succeeded (1).",
	}}
}
