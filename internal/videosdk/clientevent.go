// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import "strings"

// clientStatuses are the statuses of the event recordingStateChanged of the
// provider's SDKs, in the order of a recording's life. There is none for a
// failure.
var clientStatuses = []struct {
	status string
	event  EventType
}{
	{"RECORDING_STARTING", RecordingStarting},
	{"RECORDING_STARTED", RecordingStarted},
	{"RECORDING_STOPPING", RecordingStopping},
	{"RECORDING_STOPPED", RecordingStopped},
}

// ParseClientEvent reads the event recordingStateChanged of the provider's
// SDKs, as an app forwards it:
//
//	{"meetingId": "xxxx-xxxx-xxxx", "sessionId": "...", "status": "RECORDING_STARTED"}
//
// All three are required; the limits and tolerances are those of [Parse]. The
// Event has the Type that the status stands for, and never a file. Every error
// is a *FieldError.
func ParseClientEvent(body []byte) (Event, error) {
	top, err := decodeBody(body, "meetingId", "sessionId", "status")
	if err != nil {
		return Event{}, err
	}
	status, err := top.text("status")
	if err != nil {
		return Event{}, err
	}
	var event Event
	var known []string
	for _, s := range clientStatuses {
		if s.status == status.value {
			event.Type = s.event
		}
		known = append(known, s.status)
	}
	if event.Type == "" {
		return Event{}, fieldErrorf(status.field, "must be one of %s", strings.Join(known, ", "))
	}
	if event.MeetingID, err = top.id("meetingId"); err != nil {
		return Event{}, err
	}
	if event.SessionID, err = top.id("sessionId"); err != nil {
		return Event{}, err
	}
	return event, nil
}
