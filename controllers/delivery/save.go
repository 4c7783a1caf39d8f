// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/delivery"
	"github.com/meetingops/meeting-recording-operator/internal/kube"
)

const (
	// conflictBackoff is the wait after a conflict.
	conflictBackoff = time.Second
	// lastSaves limits how long the ending manager waits until deliveries are stored.
	lastSaves = 10 * time.Second
)

// save stores what was delivered: at once when the recording has ended and its state changes, otherwise after a while, so that events in
// quick succession are one write. It returns when to retry; 0 is never.
func (r *Reconciler) save(ctx context.Context, recording *v1alpha1.MeetingRecording, cached *entry) (time.Duration, error) {
	ended := recording.Status.Processing.State.IsFinal()
	state := v1alpha1.DeliveryState("")
	switch complete := len(delivery.Pending(recording, cached.delivered)) == 0; {
	case ended && complete:
		state = v1alpha1.DeliveryDelivered
	case ended:
		state = v1alpha1.DeliveryPending
	}
	if isNew := ended && recording.Status.Delivery.State != state; !isNew {
		if cached.unsaved.IsZero() {
			return 0, nil
		}
		// For a fully delivered recording that got another webhook, nothing else would cause a write.
		if wait := cached.unsaved.Add(r.SaveAfter).Sub(r.clock.Now()); wait > 0 && state != v1alpha1.DeliveryDelivered {
			return wait, nil
		}
	}
	status := delivery.Current(recording, cached.delivered)
	status.State = state
	written, err := patch(ctx, r.client, recording, status)
	if apierrors.IsConflict(err) {
		return conflictBackoff, nil
	}
	if err != nil {
		return 0, err
	}
	cached.unsaved, cached.written = time.Time{}, written
	return 0, nil
}

// patch replaces status.delivery, which has no other writer, and returns the new resourceVersion. It fails if the recording has changed
// since it was read: an undelivered event may have been added, or another object may have the name. A uid does not help, because the API
// server ignores it in patches of the status.
func patch(ctx context.Context, writer client.StatusClient, read *v1alpha1.MeetingRecording, status v1alpha1.DeliveryStatus) (string, error) {
	state := ptr.To(status.State)
	if status.State == "" {
		state = nil // removes it
	}
	data, err := json.Marshal(map[string]any{"metadata": map[string]any{"resourceVersion": read.ResourceVersion}, "status": map[string]any{"delivery": map[string]any{
		"state": state, "events": status.Events, "processingTime": status.ProcessingTime, "outputs": status.Outputs,
	}}})
	if err != nil {
		return "", fmt.Errorf("encode status.delivery: %w", err)
	}
	object := &v1alpha1.MeetingRecording{ObjectMeta: metav1.ObjectMeta{Namespace: read.Namespace, Name: read.Name}}
	err = writer.Status().Patch(ctx, object, client.RawPatch(types.MergePatchType, data), client.FieldOwner(kube.FieldOwner))
	if err != nil {
		return "", fmt.Errorf("write status.delivery: %w", err)
	}
	return object.ResourceVersion, nil
}

// saver stores deliveries when the manager ends, so that a restart, unlike a crash, repeats none.
type saver struct{ *Reconciler }

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (s *saver) NeedLeaderElection() bool { return true }

// Start waits until the context ends, and saves.
func (s *saver) Start(ctx context.Context) error {
	<-ctx.Done()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSaves)
	defer cancel()
	if err := s.delivering.Acquire(ctx, concurrency); err != nil {
		return fmt.Errorf("wait for deliveries in flight (some will repeat after the restart): %w", err)
	}
	defer s.delivering.Release(concurrency)
	for key, cached := range s.entries.unsaved() {
		if err := s.saveLast(ctx, key, cached); err != nil {
			log.FromContext(ctx).Error(err, "Delivery not stored, events will repeat", "recording", key.String())
		}
	}
	return nil
}

// saveLast stores what was delivered of a recording, unless it is gone.
func (s *saver) saveLast(ctx context.Context, key types.NamespacedName, cached *entry) error {
	status := cached.delivered
	if status.State == v1alpha1.DeliveryDelivered {
		status.State = v1alpha1.DeliveryPending // something was delivered since, and perhaps not all
	}
	for {
		var recording v1alpha1.MeetingRecording
		err := s.live.Get(ctx, key, &recording)
		if apierrors.IsNotFound(err) || err == nil && recording.UID != cached.uid {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the recording: %w", err)
		}
		if _, err = patch(ctx, s.client, &recording, status); !apierrors.IsConflict(err) {
			return client.IgnoreNotFound(err)
		}
	}
}
