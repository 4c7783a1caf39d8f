// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/tmaxmax/go-sse"
)

const (
	// maxEventBytes is the longest event that is read: 256 steps with messages.
	maxEventBytes = 1 << 20
	// maxErrorBytes is what is read of an answer that is no stream.
	maxErrorBytes = 4 << 10
)

var (
	errEnded = errors.New("the server ended the stream")
	errIdle  = errors.New("the server was silent for too long")
)

// stream connects once, and reads until the connection ends.
func (r *Room) stream(parent context.Context) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	dead := time.AfterFunc(r.client.idle, func() { cancel(errIdle) })
	defer dead.Stop()
	response, err := r.connect(ctx)
	if err != nil {
		return because(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	alive := &watched{response.Body, func() { dead.Reset(r.client.idle) }}
	for event, err := range sse.Read(alive, &sse.ReadConfig{MaxEventSize: maxEventBytes}) {
		if err != nil {
			return because(ctx, fmt.Errorf("read events: %w", err))
		}
		r.heard = true
		dead.Stop() // a handler may take its time
		if err := r.tell(event); err != nil {
			return err
		}
		if event.LastEventID != "" {
			r.lastEventID = event.LastEventID
		}
		if ctx.Err() != nil {
			return because(ctx, ctx.Err())
		}
		dead.Reset(r.client.idle)
	}
	return because(ctx, errEnded)
}

// because returns why the context was cancelled, else the error.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// watched calls a function whenever something is read.
type watched struct {
	io.Reader
	read func()
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if n > 0 {
		w.read()
	}
	return n, err
}

// connect returns a stream, or a *StatusError.
func (r *Room) connect(ctx context.Context) (*http.Response, error) {
	query := url.Values{}
	for name, value := range map[string]string{"namespace": r.namespace, "meetingID": r.meetingID, "sessionID": r.sessionID} {
		if value != "" {
			query.Set(name, value)
		}
	}
	address := r.client.address.JoinPath("events")
	address.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "text/event-stream")
	if r.lastEventID != "" {
		request.Header.Set("Last-Event-ID", r.lastEventID)
	}
	if r.client.token != nil {
		token, err := r.client.token(ctx)
		if err != nil {
			return nil, err
		}
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := r.client.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("connect to the events server: %w", err)
	}
	if media, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type")); response.StatusCode == http.StatusOK && media == "text/event-stream" {
		return response, nil
	}
	defer func() { _ = response.Body.Close() }()
	return nil, statusError(response)
}

func statusError(response *http.Response) error {
	if response.StatusCode == http.StatusOK {
		return errors.New("the server answered with something else than a stream of events: is the address right?")
	}
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBytes)) // what is there says more than why the rest is not
	var told struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &told) != nil || told.Error == "" {
		told.Error = http.StatusText(response.StatusCode)
	}
	return &StatusError{Code: response.StatusCode, Message: told.Error}
}

// tell calls the handlers of an event. Others than those that are known are left out, so that a server may have more.
func (r *Room) tell(event sse.Event) error {
	switch event.Type {
	case NameRecordingStateChanged:
		return each(event, r.onRecordingChange)
	case NameProcessingStateChanged:
		return each(event, r.onProcessingChange)
	case NameOutputReady:
		return each(event, func(output Output) { call(r.onOutput, output) })
	case NameReady:
		for _, handler := range r.onReady {
			handler()
		}
	case NameReset:
		for _, handler := range r.onReset {
			handler()
		}
	}
	return nil
}

func each[T any](event sse.Event, tell func(T)) error {
	var data T
	if err := json.Unmarshal([]byte(event.Data), &data); err != nil {
		return fmt.Errorf("read a %s: %w", event.Type, err)
	}
	tell(data)
	return nil
}

func call[T any](handlers []func(T), value T) {
	for _, handler := range handlers {
		handler(value)
	}
}

func (r *Room) onRecordingChange(change RecordingChange) {
	if !r.told.changes("recording/"+change.Namespace+"/"+change.Name, string(change.Status)) && change.Snapshot {
		return
	}
	call(r.onStatus, change.Status)
	call(r.onRecording, change)
}

func (r *Room) onProcessingChange(change ProcessingChange) {
	if !r.told.changes("processing/"+change.Namespace+"/"+change.Name, change.State) && change.Snapshot {
		return
	}
	call(r.onProcessing, change)
}

// told remembers what was last reported each recording, so that a present state that is known is not reported again. It forgets the
// oldest.
type told struct{ young, old map[string]string }

// maxTold is how many recordings are remembered at least.
const maxTold = 10000

// changes is true where this is not what was last told.
func (t *told) changes(key, value string) bool {
	last, known := t.young[key]
	if !known {
		last = t.old[key]
	}
	if t.young == nil || len(t.young) >= maxTold {
		t.young, t.old = map[string]string{}, t.young
	}
	t.young[key] = value
	return last != value
}
