// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/delivery"
	"github.com/meetingops/meeting-recording-operator/internal/kube"
)

// lastSaves bounds how long the end of the manager waits for what was told to be written down.
const lastSaves = 10 * time.Second

// save writes down what the sink has been told: that it is all, once the recording has been processed; else after a while, so that
// what is told in quick succession is one write. It returns when to try again; 0 is never.
func (d *deliverer) save(ctx context.Context, recording *v1alpha1.MeetingRecording, known *telling, all bool) (time.Duration, error) {
	var operations []operation
	switch wait := known.unsaved.Add(d.SaveAfter).Sub(d.clock.Now()); {
	case all && delivery.Over(recording):
		if recording.Status.Delivery.State != v1alpha1.DeliveryPending {
			return 0, nil
		}
		operations = saveAll(recording, known.told)
	case known.unsaved.IsZero():
		return 0, nil
	case wait > 0:
		return wait, nil
	default:
		operations = saveTold(known.uid, known.told)
	}
	err := patchStatus(ctx, d.client, recording.DeepCopy(), operations)
	if errors.Is(err, kube.ErrConflict) {
		return d.pace.ConflictAfter, nil // something was added, which the caches will have
	}
	if err != nil {
		return 0, fmt.Errorf("write down what was delivered: %w", err)
	}
	known.unsaved = time.Time{}
	return 0, nil
}

// saveTold writes what was told of the object of that uid. It has one writer, and what it would overwrite of another's would be told again.
func saveTold(uid types.UID, told v1alpha1.DeliveryTold) []operation {
	return []operation{
		{"test", "/metadata/uid", uid},
		{"add", "/status/delivery/told", told},
	}
}

// saveAll writes that all was told, if nothing has been added to what there was to tell.
func saveAll(recording *v1alpha1.MeetingRecording, told v1alpha1.DeliveryTold) []operation {
	operations := []operation{
		{"test", "/metadata/uid", recording.UID},
		{"test", "/status/recording/events", recording.Status.Recording.Events},
		{"test", "/status/processing/state", recording.Status.Processing.State},
	}
	if last := recording.Status.Processing.LastTransition; last > 0 {
		operations = append(operations, operation{"test", "/status/processing/lastTransition", last})
	}
	return append(operations, operation{"add", "/status/delivery", v1alpha1.DeliveryStatus{State: v1alpha1.DeliveryDelivered, Told: &told}})
}

// saver writes down what is not yet when the manager ends, so that a restart has nothing told twice; a crash has. It also keeps the
// gauge of recordings that wait.
type saver struct{ *deliverer }

// NeedLeaderElection says that only who delivers saves.
func (s *saver) NeedLeaderElection() bool { return true }

// Start waits for the end of the context, and saves.
func (s *saver) Start(ctx context.Context) error {
	stop, err := s.pending.count(ctx)
	if err != nil {
		return err
	}
	<-ctx.Done()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSaves)
	defer cancel()
	s.working.Lock() // what is being told is told, or not, by then
	defer s.working.Unlock()
	for key, known := range s.tellings.unsaved() {
		recording := &v1alpha1.MeetingRecording{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
		err := patchStatus(ctx, s.client, recording, saveTold(known.uid, known.told))
		if client.IgnoreNotFound(err) != nil && !errors.Is(err, kube.ErrConflict) {
			log.FromContext(ctx).Error(err, "What was delivered is not all written down, some is delivered again after the restart")
			break
		}
	}
	return stop()
}
