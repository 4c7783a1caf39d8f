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
	"github.com/meetingops/meeting-recording-operator/internal/videosdk/rest"
)

// check is one session under examination.
type check struct {
	*round
	session rest.Session

	files      map[string]bool // ids of those that the list has had
	chains     map[string]*chain
	entries    int
	unsettled  bool      // something must be looked at again soon
	expires    time.Time // when the first address expires that is still needed
	deliveries deliveries
	failed     error
}

// recording examines one entry of the session's list. It returns an error only
// if the rest of the list is of no use.
func (c *check) recording(ctx context.Context, r rest.Recording) error {
	c.entries++
	if err := c.readable(&c.unreadable.recordings, r.Problem); err != nil {
		return err
	}
	if outcome, reason := c.unusable(r); outcome != "" {
		c.skip(outcome, c.session.ID, r.ID, reason)
		return nil
	}
	c.deliveries.add(deliveriesOf(r))
	if r.FilePath == "" {
		c.found(NoFile, r)
		return nil
	}
	id := lifecycle.FileID(r.FilePath)
	if c.files[id] {
		c.skip(ListedTwice, c.session.ID, r.ID, "another entry of the session has the same file")
		return nil
	}
	c.files[id] = true
	if isPlaced, err := c.placed.has(ctx, c.round, c.session.ID, id); isPlaced || err != nil {
		if isPlaced {
			c.found(Present, r)
		}
		return err
	}
	meeting, object, err := c.find(ctx, r, id)
	switch {
	case err != nil:
		return err
	case object != nil:
		return c.refresh(ctx, meeting, object, r)
	case c.age(r) < c.options.Grace:
		c.unsettled = true
		c.found(Waiting, r)
		return nil
	}
	return c.record(ctx, Recorded, meeting, r)
}

// unusable returns what is wrong with an entry, if anything is.
func (c *check) unusable(r rest.Recording) (Outcome, string) {
	switch {
	case r.Problem != "":
		return Unreadable, string(r.Problem)
	case r.SessionID != c.session.ID:
		return OtherSession, "the entry belongs to another session than the one that was asked for"
	case c.age(r) < -maxSkew:
		return Future, "the recording's time is in the future: " + r.Time.Format(time.RFC3339)
	}
	return "", ""
}

// age is how long ago the recording ended; more than any grace where the
// provider does not say.
func (c *check) age(r rest.Recording) time.Duration {
	if r.Time.IsZero() {
		return c.options.Lookback + c.options.Grace
	}
	return c.now.Sub(r.Time)
}

// find returns the object that has the file, and the meeting's id under which
// the session's objects are: webhooks may carry the id that the customer gave
// the room.
func (c *check) find(ctx context.Context, r rest.Recording, id string) (meeting string, _ *Object, _ error) {
	meeting = r.RoomID
	for _, candidate := range []string{r.RoomID, c.session.RoomID, c.session.CustomRoomID} {
		if candidate == "" {
			continue
		}
		chain := c.chains[candidate]
		if chain == nil {
			chain = newChain(c.round, candidate, c.session.ID)
			c.chains[candidate] = chain
		}
		object, err := chain.find(ctx, id)
		if err != nil || object != nil {
			return candidate, object, err
		}
		if len(chain.read) > 0 && c.chains[meeting].isEmpty() {
			meeting = candidate
		}
	}
	return meeting, nil, nil
}

// refresh records the address that the provider has now if the object's has
// expired and is still needed.
func (c *check) refresh(ctx context.Context, meeting string, object *Object, r rest.Recording) error {
	expires, ok := expiry(object.Status.File.URL)
	switch {
	case !ok || object.Finished:
		c.found(Present, r)
		return nil
	case expires.After(c.now) || r.FileURL == "" || r.FileURL == object.Status.File.URL:
		if c.expires.IsZero() || expires.Before(c.expires) {
			c.expires = expires
		}
		c.found(Present, r)
		return nil
	}
	return c.record(ctx, Refreshed, meeting, r)
}

// record makes an event of what the provider lists.
func (c *check) record(ctx context.Context, outcome Outcome, meeting string, r rest.Recording) error {
	c.unsettled = true // the next round sees whether it worked
	if c.options.Plan != nil {
		c.found(outcome, r)
		c.options.Plan(Finding{Outcome: outcome, MeetingID: meeting, SessionID: c.session.ID, FilePath: r.FilePath, Time: r.Time})
		return nil
	}
	name, result, err := c.objects.Record(ctx, meeting, c.session.ID, c.event(r))
	switch {
	case errors.Is(err, ErrRejected):
		c.skip(Rejected, c.session.ID, r.ID, err.Error())
		return nil
	case err != nil:
		c.failed = fmt.Errorf("record file %s: %w", r.FilePath, err)
		return c.failed
	case result == lifecycle.Duplicate && outcome == Recorded:
		c.found(Present, r) // what was read was out of date
		return nil
	}
	c.found(outcome, r)
	c.log.Info("File backfilled", "outcome", outcome, "recording", name, "file", r.FilePath)
	return nil
}

// event is what the provider lists, as if a webhook had brought it.
func (c *check) event(r rest.Recording) lifecycle.Event {
	ev := lifecycle.Event{
		Type: v1alpha1.EventStopped, Source: v1alpha1.EventSourceBackfill,
		ID: r.ID, FilePath: r.FilePath, FileURL: r.FileURL, ReceivedAt: r.Time,
	}
	if c.options.IgnoreIDs {
		ev.ID = ""
	}
	if r.Time.IsZero() {
		ev.ReceivedAt = c.now
	}
	if r.Encryption.Encrypted {
		ev.Encryption = &v1alpha1.FileEncryption{KeyURL: r.Encryption.KeyURL, MetadataURL: r.Encryption.MetadataURL}
	}
	return ev
}

// found counts an entry.
func (c *check) found(outcome Outcome, r rest.Recording) {
	c.count(func(s *Summary) { s.Found[outcome]++ })
	c.log.V(1).Info("Entry checked", "outcome", outcome, "session", r.SessionID, "recordingID", r.ID)
}

// chain reads the objects of a session one after another, as far as it must.
type chain struct {
	round              *round
	meeting, sessionID string
	read               []*Object
	complete           bool
}

func newChain(r *round, meeting, session string) *chain {
	return &chain{round: r, meeting: meeting, sessionID: session}
}

func (c *chain) isEmpty() bool { return c == nil || len(c.read) == 0 }

// find returns the object that has the file; nil if none has.
func (c *chain) find(ctx context.Context, id string) (*Object, error) {
	for _, object := range c.read {
		if object.has(id) {
			return object, nil
		}
	}
	for !c.complete {
		next := int32(len(c.read)) + 1 //nolint:gosec // at most lifecycle.MaxSegment
		c.round.placed.count()
		object, err := c.round.objects.Get(ctx, c.meeting, c.sessionID, next)
		if err != nil {
			return nil, fmt.Errorf("read the session's recordings: %w", err)
		}
		if object == nil || next == lifecycle.MaxSegment {
			c.complete = true
			break
		}
		c.read = append(c.read, object)
		if object.has(id) {
			return object, nil
		}
	}
	return nil, nil
}

func (o *Object) has(id string) bool {
	return !o.Foreign && o.Status.File != nil && lifecycle.FileID(o.Status.File.Path) == id
}
