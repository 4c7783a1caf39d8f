// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backfill

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
)

// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings,verbs=get;list;create
// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings/status,verbs=patch
// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings/recording,verbs=update

const (
	// getTimeout is how long the API server may take for one object, and
	// eachTimeout for all of them: some hundred thousand.
	getTimeout  = 30 * time.Second
	eachTimeout = 5 * time.Minute
)

// Store reads the MeetingRecordings of one namespace, and writes them by the
// outbox, as the sidecar does.
type Store struct {
	Namespace string
	Store     interface {
		recorder.Store
		// Each reads all objects of a namespace, or those of a session, possibly out of date.
		Each(ctx context.Context, namespace, sessionID string, visit func(*recorder.Object)) error
	}
	Outbox interface {
		Record(ctx context.Context, ev recorder.Event) (recorder.Outcome, error)
	}
}

// First implements Objects. The API server answers from its watch cache.
func (s *Store) First(ctx context.Context, meetingID, sessionID string) (*Object, error) {
	ctx, cancel := context.WithTimeout(ctx, getTimeout)
	defer cancel()
	read, err := s.Store.Get(ctx, s.session(meetingID, sessionID), 1, false)
	if errors.Is(err, recorder.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return objectOf(read), nil
}

// Each implements Objects. The API server answers from its watch cache.
func (s *Store) Each(ctx context.Context, sessionID string, visit func(*Object)) error {
	ctx, cancel := context.WithTimeout(ctx, eachTimeout)
	defer cancel()
	return s.Store.Each(ctx, s.Namespace, sessionID, func(read *recorder.Object) { visit(objectOf(read)) })
}

func objectOf(read *recorder.Object) *Object {
	return &Object{
		MeetingID: read.Spec.MeetingID, SessionID: read.Spec.SessionID, File: read.Recording.File, EndTime: read.Recording.EndTime,
		Finished: read.Processing == v1alpha1.ProcessingSucceeded || read.Processing == v1alpha1.ProcessingSkipped,
	}
}

func (s *Store) session(meetingID, sessionID string) recorder.Session {
	return recorder.Session{Namespace: s.Namespace, MeetingID: meetingID, SessionID: sessionID}
}

// Record implements Objects.
func (s *Store) Record(ctx context.Context, meetingID, sessionID string, ev lifecycle.Event) (string, lifecycle.Result, error) {
	outcome, err := s.Outbox.Record(ctx, recorder.Event{
		Session: s.session(meetingID, sessionID), Event: ev,
	})
	if rejection := recorder.RejectionOf(err); rejection != nil {
		return "", "", fmt.Errorf("%w: %w", ErrRejected, rejection.Err)
	}
	return outcome.Recording, outcome.Result, err
}
