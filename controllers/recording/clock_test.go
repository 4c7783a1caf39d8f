// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/expression"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
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
