// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// deliver writes what the manager writes of what it delivered.
func deliver(t *testing.T, name, namespace, status string) {
	t.Helper()
	object := &v1alpha1.MeetingRecording{}
	object.Namespace, object.Name = namespace, name
	patch := client.RawPatch("application/merge-patch+json", []byte(`{"status":{"delivery":`+status+`}}`))
	if err := admin.Status().Patch(t.Context(), object, patch); err != nil {
		t.Fatal(err)
	}
}

func deliveryOf(t *testing.T, name, namespace string) v1alpha1.DeliveryStatus {
	t.Helper()
	var object v1alpha1.MeetingRecording
	if err := admin.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, &object); err != nil {
		t.Fatal(err)
	}
	return object.Status.Delivery
}

// The recorder neither writes status.delivery nor tests it, so the two writers never wait for each other.
func TestEventsDoNotWaitForDelivery(t *testing.T) {
	namespace := newNamespace(t)
	r := newReplica(t, namespace)
	object := create(t, r, newSession(t, 0))
	if err := r.store.Patch(t.Context(), object, lifecycle.Apply(object.Recording, event(v1alpha1.EventStarting)), false); err != nil {
		t.Fatal(err)
	}
	going := read(t, r, object)
	deliver(t, object.Name, namespace, `{"events":["Starting"]}`)
	if err := r.store.Patch(t.Context(), going, lifecycle.Apply(going.Recording, event(v1alpha1.EventStarted)), false); err != nil {
		t.Fatal(err)
	}
	if got := deliveryOf(t, object.Name, namespace); got.State != "" || len(got.Events) != 1 {
		t.Errorf("delivery: %+v", got)
	}
}
