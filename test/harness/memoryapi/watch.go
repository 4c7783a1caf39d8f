// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package memoryapi

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

// spacing is the least time between two changes in a watch: they never arrive at the very same moment, so their order is that of a replay.
const spacing = time.Microsecond

// stream is the body of a watch.
type stream struct {
	server    *Server
	request   *request
	ctx       context.Context
	selector  selector
	transport *Transport
	end       time.Time

	rest     []byte
	pending  []event
	version  uint64
	restores int
	last     time.Time
	isOver   bool
	isTyped  bool
	closed   chan struct{}
	close    sync.Once
}

// watch begins one at a version; without one, or at 0, with all that there is.
func (s *Server) watch(ctx context.Context, r *request, t *Transport) (*stream, *apierrors.StatusError) {
	sel, refused := newSelector(r)
	if refused != nil {
		return nil, refused
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	w := &stream{server: s, request: r, ctx: ctx, selector: sel, transport: t, restores: s.restores, closed: make(chan struct{})}
	if seconds, err := strconv.Atoi(r.query.Get("timeoutSeconds")); err == nil {
		w.end = s.Now().Add(time.Duration(seconds) * time.Second)
	}
	wanted := r.query.Get("resourceVersion")
	initial := r.query.Get("sendInitialEvents") == "true"
	if wanted == "" || wanted == "0" || initial {
		w.version = s.cacheVersion()
		if wanted == "" {
			w.version = s.version
		}
		for _, found := range s.allAsOf(sel, w.version) {
			w.add(watch.Added, found)
		}
		if initial {
			w.bookmark(true)
		}
		return w, nil
	}
	version, err := strconv.ParseUint(wanted, 10, 64)
	switch {
	case err != nil:
		return nil, apierrors.NewBadRequest("Invalid value: " + wanted)
	case version < s.compacted:
		return nil, apierrors.NewResourceExpired(fmt.Sprintf("too old resource version: %d (%d)", version, s.compacted))
	}
	w.version = version
	return w, nil
}

// event is one of a watch: a change, a bookmark, or the error that ends it.
type event struct {
	kind    watch.EventType
	of      *item
	refused *apierrors.StatusError
}

func (w *stream) add(kind watch.EventType, of *item) {
	w.pending = append(w.pending, event{kind: kind, of: of})
}

func (w *stream) bookmark(endsInitial bool) {
	metadata := Object{"resourceVersion": strconv.FormatUint(w.version, 10), "creationTimestamp": nil}
	if endsInitial {
		metadata["annotations"] = Object{metav1.InitialEventsAnnotationKey: "true"}
	}
	object := Object{"kind": w.request.kind.kind, "apiVersion": w.request.kind.apiVersion(), "metadata": metadata}
	w.pending = append(w.pending, event{kind: watch.Bookmark, of: &item{object: object}})
}

// encode is the event as a line of JSON.
func (w *stream) encode(e event) (line []byte) {
	var raw []byte
	switch {
	case e.refused != nil:
		_, raw = statusOf(e.refused)
	case e.kind == watch.Bookmark:
		raw = e.of.json()
	default:
		raw = w.request.encode(e.of)
	}
	line = append(line, `{"type":"`+string(e.kind)+`","object":`...)
	line = append(line, raw...)
	return append(line, "}\n"...)
}

// Read implements io.Reader: it waits for the next change.
func (w *stream) Read(into []byte) (int, error) {
	if w.isTyped { // next has the events
		select {
		case <-w.ctx.Done():
		case <-w.closed:
		}
		return 0, io.EOF
	}
	for len(w.rest) == 0 {
		e, err := w.next()
		if err != nil {
			return 0, err
		}
		w.rest = w.encode(e)
	}
	n := copy(into, w.rest)
	w.rest = w.rest[n:]
	return n, nil
}

// next waits for the next event.
func (w *stream) next() (event, error) {
	for len(w.pending) == 0 {
		next, wait := w.advance()
		if len(w.pending) > 0 {
			break
		}
		if w.isOver {
			return event{}, io.EOF
		}
		timer := time.NewTimer(wait)
		select {
		case <-next:
		case <-timer.C:
		case <-w.ctx.Done():
			timer.Stop()
			return event{}, w.ctx.Err()
		case <-w.closed:
			timer.Stop()
			return event{}, io.ErrClosedPipe
		}
		timer.Stop()
	}
	e := w.pending[0]
	w.pending = w.pending[1:]
	return e, nil
}

// Close implements io.Closer.
func (w *stream) Close() error {
	w.close.Do(func() { close(w.closed) })
	return nil
}

// advance adds what has arrived by now, and returns how to wait for more.
func (w *stream) advance() (<-chan struct{}, time.Duration) {
	s := w.server
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	wait := time.Hour
	if !w.end.IsZero() {
		if wait = w.end.Sub(now); wait <= 0 {
			w.isOver = true
		}
	}
	switch {
	case s.restores != w.restores:
		w.isOver = true // the API server was started again
	case w.version < s.compacted:
		w.pending = append(w.pending, event{kind: watch.Error, refused: apierrors.NewResourceExpired("too old resource version")})
		w.isOver = true
	}
	for i := w.first(); i < len(s.log) && !w.isOver; i++ {
		change := &s.log[i]
		if change.key.resource != w.request.kind.resource {
			continue
		}
		due := change.At.Add(s.lag)
		if w.transport.Arrives != nil {
			due = w.transport.Arrives(w.request.Call, change.Version, due)
		}
		if next := w.last.Add(spacing); due.Before(next) {
			due = next
		}
		if due.After(now) {
			return s.nextWrite(w.request.kind.resource), min(wait, due.Sub(now))
		}
		if w.isOver = w.transport.Ends != nil && w.transport.Ends(w.request.Call, change.Version); w.isOver {
			break
		}
		w.last, w.version = now, change.Version
		w.send(change)
	}
	return s.nextWrite(w.request.kind.resource), wait
}

// first returns where the log has what comes after the version.
func (w *stream) first() int {
	log := w.server.log
	low, high := 0, len(log)
	for low < high {
		if middle := (low + high) / 2; log[middle].Version <= w.version {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

func (w *stream) send(change *Change) {
	was, is := w.selector.matches(change.before), w.selector.matches(change.after)
	switch {
	case is && was:
		w.add(watch.Modified, change.after)
	case is:
		w.add(watch.Added, change.after)
	case was:
		w.add(watch.Deleted, change.last())
	}
}

// last returns an object that is gone, or matches no more, with the version of the change.
func (c *Change) last() *item {
	object := Object{}
	for member, value := range c.before.object {
		object[member] = value
	}
	metadata := Object{}
	for member, value := range child(object, "metadata") {
		metadata[member] = value
	}
	metadata["resourceVersion"] = strconv.FormatUint(c.Version, 10)
	object["metadata"] = metadata
	return &item{object: object}
}
