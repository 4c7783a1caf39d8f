// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"errors"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
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

// An event of a recording that has ended, and that the manager may have done with, has it delivered: by the same write. Where the manager
// has done with it since it was read, it is read again.
func TestLateEventsAreToBeDelivered(t *testing.T) {
	namespace := newNamespace(t)
	r := newReplica(t, namespace)
	object := create(t, r, newSession(t, 0))
	if err := r.store.Patch(t.Context(), object, lifecycle.Apply(object.Recording, event(v1alpha1.EventStopped, "/a.mp4")), false); err != nil {
		t.Fatal(err)
	}
	if got := deliveryOf(t, object.Name, namespace); got != (v1alpha1.DeliveryStatus{}) {
		t.Fatalf("without a sink: %+v", got)
	}
	ended := read(t, r, object.Name)
	deliver(t, object.Name, namespace, `{"state":"Delivered","told":{"events":["Stopped"]}}`)
	late := lifecycle.Apply(ended.Recording, event(v1alpha1.EventStopping))
	if err := r.store.Patch(t.Context(), ended, late, false); !errors.Is(err, recorder.ErrChanged) {
		t.Fatalf("what was delivered meanwhile is not noticed: %v", err)
	}
	if err := r.store.Patch(t.Context(), read(t, r, object.Name), late, false); err != nil {
		t.Fatal(err)
	}
	got := deliveryOf(t, object.Name, namespace)
	if got.State != v1alpha1.DeliveryPending || got.Told == nil || len(got.Told.Events) != 1 {
		t.Errorf("delivery: %+v", got)
	}
}

// An event of a recording that goes on has nothing to do with what is delivered, so the two writers never wait for each other.
func TestEventsDoNotWaitForDelivery(t *testing.T) {
	namespace := newNamespace(t)
	r := newReplica(t, namespace)
	object := create(t, r, newSession(t, 0))
	if err := r.store.Patch(t.Context(), object, lifecycle.Apply(object.Recording, event(v1alpha1.EventStarting)), false); err != nil {
		t.Fatal(err)
	}
	going := read(t, r, object.Name)
	deliver(t, object.Name, namespace, `{"told":{"events":["Starting"]}}`)
	if err := r.store.Patch(t.Context(), going, lifecycle.Apply(going.Recording, event(v1alpha1.EventStarted)), false); err != nil {
		t.Fatal(err)
	}
	if got := deliveryOf(t, object.Name, namespace); got.State != "" || got.Told == nil {
		t.Errorf("delivery: %+v", got)
	}
}
