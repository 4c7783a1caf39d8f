// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/tmaxmax/go-sse"

	"github.com/meetingops/meeting-recording-operator/events"
	"github.com/meetingops/meeting-recording-operator/internal/event"
	"github.com/meetingops/meeting-recording-operator/internal/stream/feed"
)

var (
	// errGone is returned when the client is gone.
	errGone = errors.New("the client disconnected")
	// errStuck is returned when the client has taken nothing for writeTimeout.
	errStuck = errors.New("the client reads nothing")
)

// writer writes Server-Sent Events. Every write has a deadline.
type writer struct {
	w           io.Writer
	setDeadline func(time.Time) error
	flushed     func() error // sends what was written
	deadline    time.Time    // of the last write
}

// write writes what is sent with the next flush, or earlier.
func (o *writer) write(text []byte) error {
	o.deadline = time.Now().Add(writeTimeout)
	_ = o.setDeadline(o.deadline) // where it is not supported, nothing is slow
	_, err := o.w.Write(text)
	return o.problem(err)
}

// flush sends what was written last, within the deadline of that. With HTTP/2 a deadline that passes ends the stream, also one that is silent since.
func (o *writer) flush() error {
	err := o.problem(o.flushed())
	_ = o.setDeadline(time.Time{})
	return err
}

// problem tells a client that is stuck from one that is gone. With HTTP/2 an error does not say that the deadline was its cause.
func (o *writer) problem(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded), !time.Now().Before(o.deadline):
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
	message.AppendData(`{"reason":"events since then may be missing, because they are older than the history: the current state follows"}`)
	return o.send(message)
}

// present writes the states, those that changed first first. They have no ids: a client that loses the connection among them gets
// them all again.
func present(states []*event.State, write func([]byte) error) error {
	slices.SortFunc(states, func(a, b *event.State) int {
		if order := a.At().Compare(b.At()); order != 0 {
			return order
		}
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	var buffer bytes.Buffer
	for _, state := range states {
		for _, event := range state.Present() {
			text, err := feed.Encode(event)
			if err != nil {
				return err
			}
			buffer.Write(text)
		}
		if buffer.Len() >= maxBuffer {
			if err := write(buffer.Bytes()); err != nil {
				return err
			}
			buffer.Reset()
		}
	}
	return write(buffer.Bytes())
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

// appendEntry puts an event with its id into a buffer.
func appendEntry(buffer *bytes.Buffer, cursors []feed.Cursor, entry *feed.Entry) {
	buffer.WriteString("id: ")
	buffer.WriteString(feed.FormatCursors(cursors))
	buffer.WriteByte('\n')
	buffer.Write(entry.Text)
}
