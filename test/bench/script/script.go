// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package script says which recordings a leg of the benchmark plays, the same for whoever plays them. It is pure.
package script

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// Lifecycle are the events of a recording that goes well, in their order, as the provider calls them.
var Lifecycle = []string{"recording-starting", "recording-started", "recording-stopping", Stopped}

// Stopped is the event that ends a recording.
const Stopped = "recording-stopped"

// Script is what a leg plays: so many recordings, each with the events, by so many senders at once. A sender plays one recording
// after the other, and each to its end.
type Script struct {
	// Tag makes the recordings unlike all others: eight hexadecimal digits.
	Tag string `json:"tag"`
	// Recordings is how many there are, and Senders how many are played at once.
	Recordings int `json:"recordings"`
	Senders    int `json:"senders"`
	// PerSession is how many recordings each session has; 0 means one.
	PerSession int `json:"perSession,omitempty"`
	// Events are what is sent of each.
	Events []string `json:"events"`
}

// Check returns what is wrong with the script.
func (s Script) Check() error {
	_, err := strconv.ParseUint(s.Tag, 16, 32)
	switch {
	case err != nil || len(s.Tag) != 8:
		return fmt.Errorf("the tag is %q, and must be eight hexadecimal digits", s.Tag)
	case s.Recordings < 1 || s.Senders < 1:
		return errors.New("a script needs a recording and a sender at least")
	case len(s.Events) == 0:
		return errors.New("a script needs an event at least")
	}
	for _, event := range s.Events {
		if !slices.Contains(Lifecycle, event) {
			return fmt.Errorf("%q is not an event of a recording that goes well", event)
		}
	}
	return nil
}

// Recording is one of a script.
type Recording struct {
	MeetingID, SessionID string
	// Segment counts the recordings of its session from 1.
	Segment int32
	// Name is that of its object.
	Name              string
	FilePath, FileURL string
}

// Recording returns one, counted from 0. Its ids have the provider's own shape.
func (s Script) Recording(i int) Recording {
	session, segment := i/max(1, s.PerSession), i%max(1, s.PerSession)
	r := Recording{
		MeetingID: fmt.Sprintf("bnch-%04x-%04x", session>>16&0xffff, session&0xffff),
		SessionID: fmt.Sprintf("%s%016x", s.Tag, session),
		Segment:   int32(segment) + 1,
	}
	r.Name = lifecycle.Name(r.MeetingID, r.SessionID, r.Segment)
	r.FilePath = fmt.Sprintf("/encoded/videos/%s%012x%04x.mp4", s.Tag, session, segment)
	r.FileURL = "https://cdn.videosdk.live" + r.FilePath
	return r
}

// Body returns the webhook of an event.
func (r Recording) Body(event string) []byte {
	webhook := harness.Webhook{Type: event, MeetingID: r.MeetingID, SessionID: r.SessionID}
	if event == Stopped {
		webhook.FilePath = r.FilePath
	}
	return webhook.Body()
}
