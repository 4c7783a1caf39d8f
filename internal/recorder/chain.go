// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"context"
	"errors"
	"fmt"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// link is one object of a session's chain, and what it is to the session.
type link struct {
	object  *Object
	segment lifecycle.Segment
}

// readChain reads a session's objects from the given segment on, up to the
// first that does not exist or that ends the chain for these events. What it
// reads may be outdated unless fresh. Before the event with which a session
// mostly begins it does not look for what was never seen: the create that follows
// finds out.
func readChain(ctx context.Context, store Store, job *job, from int32, fresh bool) ([]link, error) {
	var chain []link
	events := job.pending()
	if !fresh && from == 1 && events[0].Type == v1alpha1.EventStarting &&
		!store.Seen(lifecycle.Name(job.session.MeetingID, job.session.SessionID, from)) {
		return nil, nil
	}
	for index := from; index <= lifecycle.MaxSegment; index++ {
		object, err := store.Get(ctx, lifecycle.Name(job.session.MeetingID, job.session.SessionID, index), fresh)
		if errors.Is(err, ErrNotFound) {
			return chain, nil
		}
		if err != nil {
			return nil, err
		}
		if object.IsTerminating {
			return nil, fmt.Errorf("%w: %s", ErrTerminating, object.Name)
		}
		segment := object.segment(job.session, index)
		chain = append(chain, link{object, segment})
		if !lifecycle.NeedsNext(segment, events...) {
			return chain, nil
		}
	}
	return nil, &RejectedError{Err: fmt.Errorf("the session has %d recordings, the most that one can have", lifecycle.MaxSegment)}
}
