// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// RecordingEvent names an event whose handlers get only a status, as in the provider's SDKs.
type RecordingEvent string

// RecordingStateChanged is the event recordingStateChanged.
const RecordingStateChanged RecordingEvent = NameRecordingStateChanged

// Room is the recordings of a meeting. Set its handlers, then call Run; it is not safe for concurrent use. Handlers are called one
// after another, in the order of the events. A slow handler delays the next events.
type Room struct {
	client                          *Client
	namespace, meetingID, sessionID string

	onStatus     []func(Status)
	onRecording  []func(RecordingChange)
	onProcessing []func(ProcessingChange)
	onOutput     []func(Output)
	onReady      []func()
	onReset      []func()

	lastEventID string
	reported    reported
	heard       bool // the last connection brought an event or a heartbeat
}

// Session restricts the room to one session of the meeting.
func (r *Room) Session(sessionID string) *Room {
	r.sessionID = sessionID
	return r
}

// On calls a function with the status of each recording of the room: first with the current one, then with each new one.
func (r *Room) On(_ RecordingEvent, handler func(Status)) { r.onStatus = append(r.onStatus, handler) }

// OnRecordingStateChanged is On with the whole event.
func (r *Room) OnRecordingStateChanged(handler func(RecordingChange)) {
	r.onRecording = append(r.onRecording, handler)
}

// OnProcessingStateChanged calls a function with the state of post-processing: first with the current one, if it has begun, then with each
// new one.
func (r *Room) OnProcessingStateChanged(handler func(ProcessingChange)) {
	r.onProcessing = append(r.onProcessing, handler)
}

// OnOutputReady calls a function with each output that steps make from now on.
func (r *Room) OnOutputReady(handler func(Output)) { r.onOutput = append(r.onOutput, handler) }

// OnReady calls a function when the current state is complete.
func (r *Room) OnReady(handler func()) { r.onReady = append(r.onReady, handler) }

// OnReset calls a function if changes may have been missed; the current state follows.
func (r *Room) OnReset(handler func()) { r.onReset = append(r.onReset, handler) }

// maxUnauthorized is how often in a row the server may refuse the token, which is read again each time.
const maxUnauthorized = 3

// Run connects and calls the handlers until the context ends, and returns the context's error. When the connection breaks, Run reconnects
// and resumes; so does another call of Run. If retrying cannot help, Run returns a *StatusError: the token was refused three times (401),
// the caller may not list and watch the MeetingRecordings (403), or the server does not serve the namespace (404).
func (r *Room) Run(ctx context.Context) error {
	failures, unauthorized := 0, 0
	for {
		r.heard = false
		err := r.stream(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if r.heard { // a connection alone is no success: a failing server may close each at once
			failures, unauthorized = 0, 0
		}
		failures++
		var answer *StatusError
		if errors.As(err, &answer) {
			if answer.Code == http.StatusUnauthorized {
				unauthorized++
			}
			if answer.final() || unauthorized >= maxUnauthorized {
				return err
			}
		}
		wait := r.client.backoff.wait(failures)
		r.client.onRetry(err, wait)
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}
