// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backfill

import (
	"context"
	"errors"
	"fmt"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
)

// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings,verbs=get;create,namespace=system
// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings/status,verbs=patch,namespace=system
// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings/recording,verbs=update,namespace=system

// Store reads the MeetingRecordings of one namespace, and writes them by the
// outbox, as the sidecar does.
type Store struct {
	Namespace string
	Store     recorder.Store
	Outbox    interface {
		Record(ctx context.Context, ev recorder.Event) (recorder.Outcome, error)
	}
}

// Get implements Objects. The API server answers from its watch cache.
func (s *Store) Get(ctx context.Context, meetingID, sessionID string, segment int32) (*Object, error) {
	read, err := s.Store.Get(ctx, s.session(meetingID, sessionID), segment, false)
	if errors.Is(err, recorder.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &Object{
		Segment: lifecycle.Segment{
			Index: segment, Status: read.Recording,
			Foreign: read.Spec.MeetingID != meetingID || read.Spec.SessionID != sessionID || read.Spec.Segment != segment,
		},
		Finished: read.Processing == v1alpha1.ProcessingSucceeded || read.Processing == v1alpha1.ProcessingSkipped,
	}, nil
}

func (s *Store) session(meetingID, sessionID string) recorder.Session {
	return recorder.Session{Namespace: s.Namespace, MeetingID: meetingID, SessionID: sessionID}
}

// Record implements Objects.
func (s *Store) Record(ctx context.Context, meetingID, sessionID string, ev lifecycle.Event) (string, error) {
	outcome, err := s.Outbox.Record(ctx, recorder.Event{
		Session: s.session(meetingID, sessionID), Event: ev,
	})
	if rejection := recorder.RejectionOf(err); rejection != nil {
		return "", fmt.Errorf("%w: %w", ErrRejected, rejection.Err)
	}
	return outcome.Recording, err
}
