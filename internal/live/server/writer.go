// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/tmaxmax/go-sse"

	"github.com/meetingops/meeting-recording-operator/events"
	"github.com/meetingops/meeting-recording-operator/internal/live/feed"
	"github.com/meetingops/meeting-recording-operator/internal/live/transition"
)

var (
	// errGone is returned when the client is gone.
	errGone = errors.New("the client is gone")
	// errStuck is returned when the client has taken nothing for writeTimeout.
	errStuck = errors.New("the client takes nothing")
)

// writer writes Server-Sent Events. Every write has a deadline.
type writer struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func newWriter(w http.ResponseWriter) *writer {
	return &writer{w, http.NewResponseController(w)}
}

// beginStream sets a stream's headers.
func beginStream(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would hold events back
	w.WriteHeader(http.StatusOK)
}

// begin answers the request, and tells the client when to come again after the connection broke.
func (o *writer) begin(wait time.Duration) error {
	_ = o.control.SetReadDeadline(time.Time{}) // the request is read; the server's limit would end the stream
	beginStream(o.w)
	return o.retry(wait)
}

// write writes what is sent with the next flush, or earlier.
func (o *writer) write(text []byte) error {
	_ = o.control.SetWriteDeadline(time.Now().Add(writeTimeout)) // where it is not supported, nothing is slow
	_, err := o.w.Write(text)
	return problem(err)
}

func (o *writer) flush() error {
	_ = o.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	return problem(o.control.Flush())
}

func problem(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errStuck
	}
	return errGone
}

// send writes a message at once.
func (o *writer) send(message *sse.Message) error {
	text, err := message.MarshalText()
	if err != nil {
		return err
	}
	if err := o.write(text); err != nil {
		return err
	}
	return o.flush()
}

func (o *writer) retry(wait time.Duration) error { return o.send(&sse.Message{Retry: wait}) }

// reset tells the client that events may be missing.
func (o *writer) reset() error {
	message := &sse.Message{Type: sse.Type(events.NameReset)}
	message.AppendData(`{"reason":"events since then may be missing, because they are older than what is kept: the present state follows"}`)
	return o.send(message)
}

// present writes the states, those that changed first first. They have no ids: a client that loses the connection among them gets
// them all again.
func (o *writer) present(states []*transition.State) error {
	slices.SortFunc(states, func(a, b *transition.State) int {
		if order := a.At().Compare(b.At()); order != 0 {
			return order
		}
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	for _, state := range states {
		for _, event := range state.Present() {
			text, err := feed.Encode(event)
			if err != nil {
				return err
			}
			if err := o.write(text); err != nil {
				return err
			}
		}
	}
	return nil
}

// ready ends the present state.
func (o *writer) ready(cursors []feed.Cursor) error {
	message := &sse.Message{Type: sse.Type(events.NameReady), ID: sse.ID(feed.FormatCursors(cursors))}
	message.AppendData("{}")
	return o.send(message)
}

// heartbeat shows that the connection is alive, and moves the client's Last-Event-ID on, so that it can resume after a long silence.
func (o *writer) heartbeat(cursors []feed.Cursor) error {
	message := &sse.Message{ID: sse.ID(feed.FormatCursors(cursors))}
	message.AppendComment("heartbeat")
	return o.send(message)
}

// entry writes an event with its id.
func (o *writer) entry(cursors []feed.Cursor, entry *feed.Entry) error {
	if err := o.write([]byte("id: " + feed.FormatCursors(cursors) + "\n")); err != nil {
		return err
	}
	return o.write(entry.Text)
}
