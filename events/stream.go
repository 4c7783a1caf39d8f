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
	// maxErrorBytes limits what is read of a response that is not a stream.
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
	idle := time.AfterFunc(r.client.idle, func() { cancel(errIdle) })
	defer idle.Stop()
	response, err := r.connect(ctx)
	if err != nil {
		return because(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	body := &watched{response.Body, func() { idle.Reset(r.client.idle) }}
	for event, err := range sse.Read(body, &sse.ReadConfig{MaxEventSize: maxEventBytes}) {
		if err != nil {
			return because(ctx, fmt.Errorf("read events: %w", err))
		}
		r.heard = true
		idle.Stop() // a handler may be slow
		if err := r.dispatch(event); err != nil {
			return err
		}
		if event.LastEventID != "" {
			r.lastEventID = event.LastEventID
		}
		if ctx.Err() != nil {
			return because(ctx, ctx.Err())
		}
		idle.Reset(r.client.idle)
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
		return errors.New("the response is not a stream of events: check the server's address")
	}
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBytes)) // the status matters more than an incomplete body
	var answer struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Error == "" {
		answer.Error = http.StatusText(response.StatusCode)
	}
	return &StatusError{Code: response.StatusCode, Message: answer.Error}
}

// dispatch calls the handlers of an event. It ignores unknown events, which a newer server may send.
func (r *Room) dispatch(event sse.Event) error {
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

func each[T any](event sse.Event, handle func(T)) error {
	var data T
	if err := json.Unmarshal([]byte(event.Data), &data); err != nil {
		return fmt.Errorf("decode event %s: %w", event.Type, err)
	}
	handle(data)
	return nil
}

func call[T any](handlers []func(T), value T) {
	for _, handler := range handlers {
		handler(value)
	}
}

func (r *Room) onRecordingChange(change RecordingChange) {
	if !r.reported.changes("recording/"+change.Namespace+"/"+change.Name, string(change.Status)) && change.Snapshot {
		return
	}
	call(r.onStatus, change.Status)
	call(r.onRecording, change)
}

func (r *Room) onProcessingChange(change ProcessingChange) {
	if !r.reported.changes("processing/"+change.Namespace+"/"+change.Name, change.State) && change.Snapshot {
		return
	}
	call(r.onProcessing, change)
}

// reported caches what was last reported of each recording, so that a snapshot does not repeat it. The oldest are evicted.
type reported struct{ young, old map[string]string }

// maxReported is how many states are cached at least.
const maxReported = 10000

// changes stores the value, and reports whether it differs from the last one.
func (r *reported) changes(key, value string) bool {
	last, cached := r.young[key]
	if !cached {
		last = r.old[key]
	}
	if r.young == nil || len(r.young) >= maxReported {
		r.young, r.old = map[string]string{}, r.young
	}
	r.young[key] = value
	return last != value
}
