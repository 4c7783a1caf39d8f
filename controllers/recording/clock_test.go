// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/expression"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
	"github.com/meetingops/meeting-recording-operator/internal/serverclock"
)

// A manager whose clock is a day behind does not look at a recording again a day late: the clock may be right by then.
func TestClockBehind(t *testing.T) {
	recording := endedRecording("r", 1)
	recording.CreationTimestamp = metav1.Now()
	recording.Status.Recording = v1alpha1.RecordingStatus{State: v1alpha1.RecordingStarted, Events: []v1alpha1.RecordingEvent{
		{Type: v1alpha1.EventStarted, ReceiveTime: metav1.NowMicro(), LastReceiveTime: metav1.NowMicro(), Deliveries: 1, Source: v1alpha1.EventSourceWebhook},
	}}
	api := fakeClient(t, recording)
	r := New(Options{
		Client: api, Live: api, Recorder: events.NewFakeRecorder(10), Conditions: expression.New(),
		Clock:    clocktesting.NewFakePassiveClock(time.Now().Add(-25 * time.Hour)),
		Settings: planning.Settings{StallAfter: 10 * time.Minute, StallAfterStarted: 24 * time.Hour, ReorderWindow: time.Minute},
		Pace:     DefaultPace, Leading: Alone,
	})
	result, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: client.ObjectKeyFromObject(recording)})
	if err != nil || result.RequeueAfter != 10*time.Minute {
		t.Errorf("again after %s, %v; want 10m, as long as nothing may happen", result.RequeueAfter, err)
	}
}

// A Job that is due only by a clock that is set right just before the deletion is kept.
func TestJobDueByAWrongClock(t *testing.T) {
	recording := endedRecording("r", 1)
	recording.UID = "of-r"
	recording.Status.Processing.Steps = []v1alpha1.StepStatus{{Pipeline: "p", Step: "s", JobName: "j", State: v1alpha1.StepSucceeded}}
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "j", OwnerReferences: []metav1.OwnerReference{
		*metav1.NewControllerRef(recording, v1alpha1.GroupVersion.WithKind("MeetingRecording")),
	}}}
	job.Spec.TTLSecondsAfterFinished = ptr.To[int32](3600)
	job.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue, LastTransitionTime: metav1.Now()}}
	local := clocktesting.NewFakePassiveClock(time.Now().Add(49 * time.Hour))
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { local.SetTime(time.Now()) })) // whose answers have the time
	defer server.Close()
	check, err := serverclock.New(&rest.Config{Host: server.URL}, local)
	if err != nil {
		t.Fatal(err)
	}
	api := fakeClient(t, recording, job)
	d := &deletion{New(Options{Client: api, Live: api, Clock: local, ServerClock: check, Pace: DefaultPace, Leading: Alone})}
	if _, err := d.Reconcile(t.Context(), job); err == nil || !strings.Contains(err.Error(), "was set back") {
		t.Errorf("it is not said that the clock was set: %v", err)
	}
	if err := api.Get(t.Context(), client.ObjectKeyFromObject(job), job); err != nil {
		t.Errorf("the Job was deleted: %v", err)
	}
}
