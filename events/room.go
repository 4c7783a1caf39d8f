// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// RecordingEvent names an event that is reported by a status alone, as the provider's SDKs do.
type RecordingEvent string

// RecordingStateChanged is the event recordingStateChanged.
const RecordingStateChanged RecordingEvent = NameRecordingStateChanged

// Room is the recordings of a meeting. Set its handlers, then call Run; it is not safe for concurrent use. Handlers are called one
// after another, in the order of the events, and hold the next up while they work.
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
	told        told
	heard       bool // an event or a heartbeat, by the last connection
}

// Session restricts the room to one session of the meeting.
func (r *Room) Session(sessionID string) *Room {
	r.sessionID = sessionID
	return r
}

// On has a function called with the status of a recording of the room: first with the present one, then with every one that it comes
// to.
func (r *Room) On(_ RecordingEvent, handler func(Status)) { r.onStatus = append(r.onStatus, handler) }

// OnRecordingStateChanged is On with all that the event tells.
func (r *Room) OnRecordingStateChanged(handler func(RecordingChange)) {
	r.onRecording = append(r.onRecording, handler)
}

// OnProcessingStateChanged has a function called with the state of post-processing: first with the present one, where it has begun, then
// with every one that it comes to.
func (r *Room) OnProcessingStateChanged(handler func(ProcessingChange)) {
	r.onProcessing = append(r.onProcessing, handler)
}

// OnOutputReady has a function called with everything that a step made from now on.
func (r *Room) OnOutputReady(handler func(Output)) { r.onOutput = append(r.onOutput, handler) }

// OnReady has a function called when the present state has been told.
func (r *Room) OnReady(handler func()) { r.onReady = append(r.onReady, handler) }

// OnReset has a function called where changes may have been missed; the present state follows.
func (r *Room) OnReset(handler func()) { r.onReset = append(r.onReset, handler) }

// maxUnauthorized is how often in a row the server may refuse the token, each time asked for again.
const maxUnauthorized = 3

// Run connects, and calls the handlers until the context ends, whose error it then returns. When the connection breaks it is made
// again, and goes on where it was; also when Run is called again. Where that is of no use, Run returns a *StatusError: the token was
// refused three times (401), the caller may not get the MeetingRecordings (403), or the server does not serve the namespace (404).
func (r *Room) Run(ctx context.Context) error {
	failures, unauthorized := 0, 0
	for {
		r.heard = false
		err := r.stream(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if r.heard { // a connection alone proves little: a server that breaks each at once is one that fails
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
		pause := r.client.backoff.pause(failures)
		r.client.onRetry(err, pause)
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}
