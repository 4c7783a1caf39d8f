// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"context"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/expression"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
)

// Readiness fails, and names the namespace, while a status is rejected. It does not fail for longer than the recording exists: nothing is
// left then whose status would be accepted.
func TestReadinessOfRejectedStatus(t *testing.T) {
	ended := endedRecording("r", 1)
	api, ok := fakeClient(t, ended).(client.WithWatch)
	if !ok {
		t.Fatal("the client cannot watch")
	}
	rejecting := interceptor.NewClient(api, interceptor.Funcs{SubResourcePatch: func(_ context.Context, _ client.Client, _ string,
		object client.Object, _ client.Patch, _ ...client.SubResourcePatchOption) error {
		return apierrors.NewForbidden(v1alpha1.GroupVersion.WithResource("meetingrecordings").GroupResource(), object.GetName(), nil)
	}})
	r := New(Options{
		Client: rejecting, Live: api, Recorder: events.NewFakeRecorder(10), Conditions: expression.New(), Clock: clock.RealClock{},
		Settings: planning.Settings{StallAfter: time.Hour, StallAfterStarted: time.Hour, ReorderWindow: time.Minute},
		Pace:     DefaultPace, Leading: Alone,
	})
	request := reconcile.Request{NamespacedName: client.ObjectKeyFromObject(ended)}
	if err := r.StatusCheck(nil); err != nil {
		t.Errorf("at first: %v", err)
	}
	if _, err := r.Reconcile(t.Context(), request); !apierrors.IsForbidden(err) {
		t.Fatalf("reconciled with the error %v", err)
	}
	if err := r.StatusCheck(nil); err == nil || !strings.Contains(err.Error(), "Install the CRDs of this version") ||
		!strings.Contains(err.Error(), "namespace "+ended.Namespace) {
		t.Errorf("while the status is rejected: %v", err)
	}
	if err := api.Delete(t.Context(), ended); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Reconcile(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	if err := r.StatusCheck(nil); err != nil {
		t.Errorf("once the recording is gone: %v", err)
	}
}
