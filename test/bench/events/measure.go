// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/events"
	recordingevent "github.com/meetingops/meeting-recording-operator/internal/event"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// measured is what the benchmark found.
type measured struct {
	watch, stream, beyond []time.Duration
	idle, some, all       int64 // bytes
}

// moment is an event of a session.
type moment struct {
	sessionID string
	status    events.Status
}

// book keeps when each moment was seen, and by how many.
type book struct {
	mu       sync.Mutex
	accepted map[moment]time.Time
	watched  map[moment]time.Time
	streamed map[moment][]time.Time
	streams  int
	known    sync.Map      // of moments by the data that reported them, so that it is read once for all streams
	full     chan struct{} // told when a moment is in every stream and in the watch
}

func newBook(streams int) *book {
	return &book{
		accepted: map[moment]time.Time{}, watched: map[moment]time.Time{}, streamed: map[moment][]time.Time{}, streams: streams,
		full: make(chan struct{}, 1),
	}
}

func (b *book) see(where string, m moment, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch where {
	case "watch":
		if _, seen := b.watched[m]; !seen {
			b.watched[m] = at
		}
	case "stream":
		b.streamed[m] = append(b.streamed[m], at)
	}
	if _, watched := b.watched[m]; watched && len(b.streamed[m]) == b.streams {
		select {
		case b.full <- struct{}{}:
		default:
		}
	}
}

func (b *book) isFull(m moment) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, watched := b.watched[m]
	return watched && len(b.streamed[m]) >= b.streams
}

// measure opens streams, sends webhooks, and waits for each to be everywhere.
func (h *bench) measure(ctx context.Context, s settings) (*measured, error) {
	m := &measured{}
	var err error
	if m.idle, err = h.memory(); err != nil {
		return nil, err
	}
	b := newBook(s.streams)
	watcher, err := h.api.Client.Watch(ctx, &v1alpha1.MeetingRecordingList{}, client.InNamespace("default"))
	if err != nil {
		return nil, err
	}
	defer watcher.Stop()
	go follow(watcher, b)
	if err := h.open(ctx, s.streams, b); err != nil {
		return nil, err
	}
	for i := range s.recordings {
		for _, event := range []struct {
			webhook string
			status  events.Status
		}{
			{"recording-starting", events.RecordingStarting}, {"recording-started", events.RecordingStarted},
			{"recording-stopping", events.RecordingStopping}, {"recording-stopped", events.RecordingStopped},
		} {
			one := moment{fmt.Sprintf("%024x", i), event.status}
			if err := h.send(ctx, event.webhook, one, b); err != nil {
				return nil, err
			}
			if err := b.await(ctx, one); err != nil {
				return nil, err
			}
			harness.Sleep(ctx, s.pause)
		}
	}
	if m.some, err = h.memory(); err != nil {
		return nil, err
	}
	if err := h.open(ctx, s.many-s.streams, newBook(0)); err != nil {
		return nil, err
	}
	m.all, err = h.memory()
	b.sumUp(m)
	return m, err
}

// await waits until a moment is everywhere.
func (b *book) await(ctx context.Context, m moment) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for !b.isFull(m) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s of %s is not in every stream: %w", m.status, m.sessionID, ctx.Err())
		case <-b.full:
		}
	}
	return nil
}

// sumUp works out the delays. An event can be in a stream before the answer to its webhook is here: that counts as no delay.
func (b *book) sumUp(m *measured) {
	for one, accepted := range b.accepted {
		m.watch = append(m.watch, max(0, b.watched[one].Sub(accepted)))
		for _, at := range b.streamed[one] {
			m.stream = append(m.stream, max(0, at.Sub(accepted)))
			m.beyond = append(m.beyond, max(0, at.Sub(b.watched[one])))
		}
	}
	for _, all := range [][]time.Duration{m.watch, m.stream, m.beyond} {
		slices.Sort(all)
	}
}

// quantile is of sorted durations.
func quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// follow is the bare watch.
func follow(watcher watch.Interface, b *book) {
	for event := range watcher.ResultChan() {
		at := time.Now()
		if object, is := event.Object.(*v1alpha1.MeetingRecording); is && object.Status.Recording.State != "" {
			b.see("watch", moment{object.Spec.SessionID, recordingevent.StatusOf(object.Status.Recording.State)}, at)
		}
	}
}

// send sends a webhook, and notes when it was accepted.
func (h *bench) send(ctx context.Context, webhook string, m moment, b *book) error {
	body := harness.Webhook{Type: webhook, MeetingID: "benc-hing-live", SessionID: m.sessionID}
	if m.status == events.RecordingStopped {
		body.FilePath = "recordings/" + m.sessionID
	}
	answer, err := h.provider.Send(ctx, h.webhooks, body.Body())
	if err != nil {
		return err
	}
	at := time.Now()
	if answer.Status != http.StatusOK {
		return fmt.Errorf("the sidecar answered %d %s", answer.Status, answer.Error)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.accepted[m] = at
	return nil
}

// open opens streams, and returns when each has had the present state.
func (h *bench) open(ctx context.Context, n int, b *book) error {
	transport := &http.Transport{MaxConnsPerHost: 0, DisableCompression: true, ReadBufferSize: 1 << 10, WriteBufferSize: 1 << 10}
	web := &http.Client{Transport: transport}
	ready := make(chan error, n)
	limit := make(chan struct{}, 64)
	for range n {
		limit <- struct{}{}
		go func() {
			defer func() { <-limit }()
			response, err := h.connect(ctx, web) //nolint:bodyclose // streams stay open to the end of the process
			if err != nil {
				ready <- err
				return
			}
			lines := bufio.NewReaderSize(response.Body, 1<<10)
			err = await(lines)
			ready <- err
			if err == nil {
				go read(lines, b)
			}
		}()
	}
	for range n {
		if err := <-ready; err != nil {
			return fmt.Errorf("open a stream: %w", err)
		}
	}
	return nil
}

func (h *bench) connect(ctx context.Context, web *http.Client) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, h.events+"/events?namespace=default", http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+h.token)
	response, err := web.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		_ = response.Body.Close()
		return nil, fmt.Errorf("the events server answered %s", response.Status)
	}
	return response, nil
}

// await reads up to the end of the present state.
func await(lines *bufio.Reader) error {
	for {
		line, err := lines.ReadSlice('\n')
		if err != nil && err != bufio.ErrBufferFull { //nolint:errorlint // bufio returns it as it is
			return err
		}
		if bytes.HasPrefix(line, []byte("event: "+events.NameReady)) {
			return nil
		}
	}
}

// read notes what comes, until the stream ends.
func read(lines *bufio.Reader, b *book) {
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		at := time.Now()
		data, is := bytes.CutPrefix(line, []byte("data: "))
		if !is {
			continue
		}
		if m, is := b.moment(string(data)); is {
			b.see("stream", m, at)
		}
	}
}

// moment returns what the data of an event reports.
func (b *book) moment(data string) (moment, bool) {
	if m, known := b.known.Load(data); known {
		return m.(moment), true
	}
	var change events.RecordingChange
	if json.Unmarshal([]byte(data), &change) != nil || change.Status == "" {
		return moment{}, false
	}
	m := moment{change.SessionID, change.Status}
	b.known.Store(data, m)
	return m, true
}
