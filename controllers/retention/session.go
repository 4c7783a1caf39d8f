// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/retention"
)

// consider deletes the session that the recording is the first of, if all of it is due.
func (s *Sweeper) consider(ctx context.Context, key types.NamespacedName, rules retention.Rules) error {
	recording, err := s.get(ctx, key, fromWatchCache)
	if err != nil || recording == nil || !rules.MayBeDue(recording, s.Clock.Now()) {
		return err
	}
	session, err := s.session(ctx, recording, rules)
	if err != nil || !rules.Due(session, s.Clock.Now()) {
		return err
	}
	if err := s.ServerClock.Check(ctx); err != nil { // a sweep takes hours, and somebody may have set the clock
		return err
	}
	return s.deleteAll(ctx, session)
}

// session returns the recordings of the session from the given one on; none if the given one is not the first, or another may not be due. A
// recording whose name does not follow from its ids belongs to no chain.
func (s *Sweeper) session(ctx context.Context, first *v1alpha1.MeetingRecording, rules retention.Rules) ([]*v1alpha1.MeetingRecording, error) {
	session := []*v1alpha1.MeetingRecording{first}
	if first.Name != segmentName(first, first.Spec.Segment) {
		return session, nil
	}
	if first.Spec.Segment > 1 {
		before, err := s.segment(ctx, first, first.Spec.Segment-1)
		if err != nil || before != nil {
			return nil, err
		}
	}
	for segment := first.Spec.Segment + 1; ; segment++ {
		next, err := s.segment(ctx, first, segment)
		switch {
		case err != nil:
			return nil, err
		case next == nil:
			return session, nil
		case !rules.MayBeDue(next, s.Clock.Now()):
			return nil, nil
		}
		session = append(session, next)
	}
}

// deleteAll deletes a session from its last recording to its first, so that what is left of it after a crash is a session still: a
// chain from 1 without a gap, in which events find their place. It ends at the first that has changed since it was read: an event
// that has just arrived is never lost.
func (s *Sweeper) deleteAll(ctx context.Context, session []*v1alpha1.MeetingRecording) error {
	for i := len(session) - 1; i >= 0; i-- {
		recording := session[i]
		if err := s.deletes.Wait(ctx); err != nil {
			return err
		}
		err := s.Client.Delete(ctx, recording,
			client.Preconditions{UID: ptr.To(recording.UID), ResourceVersion: ptr.To(recording.ResourceVersion)},
			client.PropagationPolicy(metav1.DeletePropagationBackground))
		switch {
		case apierrors.IsConflict(err):
			log.FromContext(ctx).V(1).Info("Recording changed, session kept", "recording", client.ObjectKeyFromObject(recording).String())
			return nil
		case apierrors.IsNotFound(err):
			continue
		case err != nil:
			return fmt.Errorf("delete recording %s/%s: %w", recording.Namespace, recording.Name, err)
		}
		deletedTotal.Inc()
		log.FromContext(ctx).Info("Recording deleted", "recording", client.ObjectKeyFromObject(recording).String())
	}
	return nil
}

func segmentName(recording *v1alpha1.MeetingRecording, segment int32) string {
	return lifecycle.Name(recording.Spec.MeetingID, recording.Spec.SessionID, segment)
}

// segment returns another recording of the session; nil if there is none. That is confirmed by a read from etcd: the watch cache may not
// have it yet.
func (s *Sweeper) segment(ctx context.Context, of *v1alpha1.MeetingRecording, segment int32) (*v1alpha1.MeetingRecording, error) {
	key := types.NamespacedName{Namespace: of.Namespace, Name: segmentName(of, segment)}
	found, err := s.get(ctx, key, fromWatchCache)
	if err == nil && found == nil {
		found, err = s.get(ctx, key, "")
	}
	if err != nil || found == nil || found.Spec.MeetingID != of.Spec.MeetingID || found.Spec.SessionID != of.Spec.SessionID {
		return nil, err
	}
	return found, nil
}

// fromWatchCache is the resourceVersion of a read that the API server answers from its watch cache.
const fromWatchCache = "0"

func (s *Sweeper) get(ctx context.Context, key types.NamespacedName, version string) (*v1alpha1.MeetingRecording, error) {
	if err := s.reads.Wait(ctx); err != nil {
		return nil, err
	}
	var recording v1alpha1.MeetingRecording
	err := s.Live.Get(ctx, key, &recording, &client.GetOptions{Raw: &metav1.GetOptions{ResourceVersion: version}})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read recording %s: %w", key, err)
	}
	return &recording, nil
}
