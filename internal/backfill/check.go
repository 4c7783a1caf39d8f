// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backfill

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk/rest"
)

// check is one session under examination.
type check struct {
	*round
	session rest.Session

	files      map[string]placement // by id, of those that the list has had
	present    []*Object            // of the session, as far as they were read
	extent     extent
	entries    int
	unreadable int
	problem    rest.Problem // of one that is
	several    bool         // the session has more than one recording
	unsettled  bool         // something must be looked at again soon
	expires    time.Time    // when the first address expires that is still needed
	deliveries deliveries
	failed     error
}

// placement is where a listed file is.
type placement struct {
	meeting string
	// url is the address that something still needs; empty if nothing does.
	url string
}

// extent is what was read of a session's objects.
type extent int

const (
	readNone extent = iota
	readFirst
	readSession
)

// page examines a page of the session's list. It returns an error only if the rest
// of the list is of no use.
func (c *check) page(ctx context.Context, page []rest.Recording) error {
	c.several = c.several || len(page) > 1
	for _, r := range page {
		if err := c.recording(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

func (c *check) recording(ctx context.Context, r rest.Recording) error {
	c.entries++
	if r.Problem != "" {
		c.unreadable++
		c.problem = r.Problem
	}
	if earliest := cmp.Or(c.session.Start, c.now.Add(-c.options.Lookback)); r.Time.Before(earliest.Add(-maxSkew)) {
		r.Time = time.Time{} // it cannot be
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
	if at, again := c.files[id]; again {
		return c.again(ctx, at, r)
	}
	c.files[id] = placement{}
	if isPlaced, err := c.placed.has(ctx, c.round, c.session.ID, id); isPlaced || err != nil {
		if isPlaced {
			c.found(Present, r)
		}
		return err
	}
	object, err := c.find(ctx, r, id)
	switch {
	case err != nil:
		return err
	case object != nil:
		return c.refresh(ctx, object, r)
	case c.age(r) < c.options.Grace:
		c.unsettled = true
		c.found(Waiting, r)
		return nil
	}
	meeting := c.meeting(r)
	c.files[id] = placement{meeting, r.FileURL}
	return c.record(ctx, Recorded, meeting, r)
}

// again is for another entry of a file. It may have the address that does not
// expire so soon.
func (c *check) again(ctx context.Context, at placement, r rest.Recording) error {
	if at.url == "" || !c.replaces(r.FileURL, at.url) {
		c.skip(ListedTwice, c.session.ID, r.ID, "another entry of the session has the same file")
		return nil
	}
	c.files[lifecycle.FileID(r.FilePath)] = placement{at.meeting, r.FileURL}
	return c.record(ctx, Refreshed, at.meeting, r)
}

// unusable returns what is wrong with an entry, if anything is.
func (c *check) unusable(r rest.Recording) (Outcome, string) {
	switch {
	case r.Problem != "":
		return Unreadable, string(r.Problem)
	case r.SessionID != c.session.ID:
		return OtherSession, "the entry belongs to another session than the requested one"
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

// find returns the object that has the file; nil if none has. It reads no more of
// the session's objects than it must, and sends at most one request for a session
// with one recording of one meeting's id.
func (c *check) find(ctx context.Context, r rest.Recording, id string) (*Object, error) {
	for {
		for _, object := range c.present {
			if object.File != nil && lifecycle.FileID(object.File.Path) == id {
				return object, nil
			}
		}
		if c.extent == readSession || (c.extent == readFirst && c.age(r) < c.options.Grace) {
			return nil, nil // within the grace period it is looked for again soon
		}
		if err := c.readMore(ctx, r); err != nil {
			return nil, fmt.Errorf("read the session's recordings: %w", err)
		}
	}
}

// readMore reads the first object, which is mostly the only one, or else all of
// the session: webhooks may carry the id that the customer gave the room.
func (c *check) readMore(ctx context.Context, r rest.Recording) error {
	if c.extent == readNone && !c.several && c.session.CustomRoomID == "" && r.RoomID == c.session.RoomID {
		c.placed.spend(1)
		first, err := c.objects.First(ctx, r.RoomID, c.session.ID)
		c.extent = readFirst
		switch {
		case err != nil:
			return err
		case first == nil:
			c.extent = readSession // there are no others
		case first.SessionID == c.session.ID:
			c.present = append(c.present, first)
		}
		return nil
	}
	c.placed.spend(costOfSession)
	c.extent, c.present = readSession, nil
	return c.objects.Each(ctx, c.session.ID, func(o *Object) {
		if o.SessionID == c.session.ID {
			c.present = append(c.present, o)
		}
	})
}

// meeting is the meeting's id under which the session's objects are.
func (c *check) meeting(r rest.Recording) string {
	for _, candidate := range []string{r.RoomID, c.session.RoomID, c.session.CustomRoomID} {
		if slices.ContainsFunc(c.present, func(o *Object) bool { return o.MeetingID == candidate }) {
			return candidate
		}
	}
	return r.RoomID
}

// refresh records the address that the provider has now if the object's has
// expired and is still needed.
func (c *check) refresh(ctx context.Context, object *Object, r rest.Recording) error {
	expires, ok := expiry(object.File.URL)
	if !ok || object.Finished {
		c.found(Present, r)
		return nil
	}
	at := placement{object.MeetingID, object.File.URL}
	if c.replaces(r.FileURL, at.url) {
		at.url = r.FileURL
		c.files[lifecycle.FileID(r.FilePath)] = at
		return c.record(ctx, Refreshed, at.meeting, r)
	}
	if expires.After(c.now) && (c.expires.IsZero() || expires.Before(c.expires)) {
		c.expires = expires
	}
	c.files[lifecycle.FileID(r.FilePath)] = at
	c.found(Present, r)
	return nil
}

// replaces reports whether an address is good, and the one before has expired.
func (c *check) replaces(address, before string) bool {
	return address != "" && !c.hasExpired(address) && c.hasExpired(before)
}

func (c *check) hasExpired(address string) bool {
	at, ok := expiry(address)
	return ok && !at.After(c.now)
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
