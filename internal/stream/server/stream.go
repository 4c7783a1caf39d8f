// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/access"
	"github.com/meetingops/meeting-recording-operator/internal/stream/feed"
)

// Why streams end, for metrics.
const (
	endClient    = "client"
	endSlow      = "slow"
	endRights    = "rights"
	endUnchecked = "unchecked"
	endShutdown  = "shutdown"
	endError     = "error"
)

var (
	// errDraining is returned when the server shuts down.
	errDraining = errors.New("shutting down")
	// errUnchecked is returned if the client's right could not be checked for too long.
	errUnchecked = errors.New("the right to see the recordings could not be checked")
)

// streamVerbs are those that a stream needs, as a watch of the API server that begins with the present state does.
var streamVerbs = []string{"list", "watch"}

// events serves GET /events.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 {
		fail(w, http.StatusBadRequest, "the request for a stream must have no body")
		return
	}
	query := r.URL.Query()
	filter := feed.Filter{Namespace: query.Get("namespace"), MeetingID: query.Get("meetingID"), SessionID: query.Get("sessionID")}
	ctx, cancel := context.WithTimeout(r.Context(), answerTimeout)
	defer cancel()
	user, indices, refused := s.admit(ctx, r, request{filter.Namespace, "", streamVerbs})
	if refused != nil {
		refused.write(w)
		return
	}
	for _, i := range indices {
		if !s.Feeds[i].Ready() {
			fail(w, http.StatusServiceUnavailable, "the server has not listed the recordings of namespace "+s.Feeds[i].Namespace()+" yet: try again")
			return
		}
	}
	free, refused := s.slots.take(user.Username)
	if refused != nil {
		s.Metrics.refused()
		refused.write(w)
		return
	}
	setHeaders(w.Header())
	if r.Method == http.MethodHead {
		free()
		return
	}
	st := &stream{server: s, filter: filter, address: s.address(r), token: strings.Clone(s.tokenOf(r)), checked: time.Now(), wake: make(chan struct{}, 1)}
	for _, i := range indices {
		st.feeds = append(st.feeds, s.Feeds[i])
	}
	lastEventID := strings.Clone(r.Header.Get("Last-Event-ID"))
	s.attend(w, r, func(ctx context.Context, out *writer) {
		defer free()
		st.out = out
		s.Metrics.opened()
		s.Metrics.closed(st.run(ctx, lastEventID))
	})
}

// stream is one client that reads events.
type stream struct {
	server  *Server
	filter  feed.Filter
	address netip.Addr
	token   string
	checked time.Time // when the client's right was last found good
	feeds   []*feed.Feed
	subs    []*feed.Subscription
	cursors []feed.Cursor // how far each feed's events were sent
	wake    chan struct{}
	due     <-chan time.Time // has an element when the client's right is to be looked at again
	out     *writer
}

// run serves the stream until it ends, and returns why.
func (st *stream) run(ctx context.Context, lastEventID string) string {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer st.unsubscribe()
	recheck := time.NewTicker(st.server.Recheck*3/4 + rand.N(st.server.Recheck/2))
	defer recheck.Stop()
	st.due = recheck.C
	err := st.begin(ctx, lastEventID)
	for err == nil {
		err = st.serve(ctx)
		if errors.Is(err, feed.ErrReset) {
			err = st.anew(ctx, true)
		}
	}
	switch {
	case errors.Is(err, errDraining):
		_ = st.out.retry(retryAfter + rand.N(retryAfter))
		return endShutdown
	case errors.Is(err, errUnchecked):
		_ = st.out.retry(retryAfter + rand.N(retryAfter))
		return endUnchecked
	case errors.Is(err, feed.ErrSlow), errors.Is(err, errStuck):
		return endSlow
	case errors.Is(err, access.ErrForbidden), errors.Is(err, access.ErrUnauthenticated):
		return endRights
	case errors.Is(err, errGone), ctx.Err() != nil:
		return endClient
	}
	st.server.Log.Error(err, "Stream failed")
	return endError
}

// begin subscribes where the client was, or again.
func (st *stream) begin(ctx context.Context, lastEventID string) error {
	if err := st.out.retry(retryAfter); err != nil {
		return err
	}
	if lastEventID == "" {
		return st.anew(ctx, false)
	}
	cursors, err := feed.ParseCursors(lastEventID)
	if err != nil || len(cursors) != len(st.feeds) {
		return st.anew(ctx, true)
	}
	st.cursors = cursors
	for i, f := range st.feeds {
		sub, err := f.Resume(ctx, st.filter, cursors[i], st.wake)
		if errors.Is(err, feed.ErrReset) {
			return st.anew(ctx, true)
		}
		if err != nil {
			return err
		}
		st.subs = append(st.subs, sub)
	}
	st.nudge()
	return nil
}

// again subscribes from now on, and sends the present state.
func (st *stream) anew(ctx context.Context, reset bool) error {
	st.unsubscribe()
	if reset {
		if err := st.out.reset(); err != nil {
			return err
		}
	}
	st.cursors = make([]feed.Cursor, len(st.feeds))
	for i, f := range st.feeds {
		sub, states, err := f.Begin(ctx, st.filter, st.wake)
		if err != nil {
			return err
		}
		st.subs = append(st.subs, sub)
		st.cursors[i] = sub.Began()
		if err := present(states, func(text []byte) error { return st.write(ctx, text) }); err != nil {
			return err
		}
	}
	st.nudge()
	return st.out.ready(st.cursors)
}

// nudge has serve look at once.
func (st *stream) nudge() {
	select {
	case st.wake <- struct{}{}:
	default:
	}
}

func (st *stream) unsubscribe() {
	for _, sub := range st.subs {
		sub.Close()
	}
	st.subs = nil
}

// serve sends what comes, until an error ends it.
func (st *stream) serve(ctx context.Context) error {
	heartbeat := time.NewTicker(st.server.Heartbeat)
	defer heartbeat.Stop()
	for {
		select {
		case <-ctx.Done():
			return errGone
		case <-st.server.draining:
			return errDraining
		case <-st.wake:
			if _, err := st.send(ctx); err != nil {
				return err
			}
		case <-heartbeat.C:
			sent, err := st.send(ctx)
			if err == nil && !sent {
				err = st.out.heartbeat(st.cursors)
			}
			if err != nil {
				return err
			}
		case <-st.due:
			if err := st.recheck(ctx); err != nil {
				return err
			}
		}
	}
}

// buffers are what streams put events together in.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// send sends what has come, in as few writes as can be, and returns whether there was something.
func (st *stream) send(ctx context.Context) (sent bool, err error) {
	buffer := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buffer)
	buffer.Reset()
	for i, sub := range st.subs {
		entries, reached, err := sub.Next()
		if err != nil {
			return sent, err
		}
		for _, entry := range entries {
			st.cursors[i] = entry.At
			st.server.Metrics.sent(entry.Name)
			appendEntry(buffer, st.cursors, entry)
			if buffer.Len() >= maxBuffer {
				if err := st.write(ctx, buffer.Bytes()); err != nil {
					return true, err
				}
				buffer.Reset()
			}
			sent = true
		}
		st.cursors[i] = reached
	}
	if !sent {
		return false, nil
	}
	if err := st.write(ctx, buffer.Bytes()); err != nil {
		return true, err
	}
	return true, st.out.flush()
}

// write writes a part of what the client is to be told, unless the stream must end first: a reader that takes hours for what there is to tell loses its
// right, and the server, as soon as others do.
func (st *stream) write(ctx context.Context, text []byte) error {
	select {
	case <-st.server.draining:
		return errDraining
	case <-st.due:
		if err := st.recheck(ctx); err != nil {
			return err
		}
	default:
	}
	return st.out.write(text)
}

// recheck returns an error where the client may no longer see what it reads, or where that could not be checked for too long: a right
// that was taken away does not last because the API server is unavailable.
func (st *stream) recheck(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, recheckTimeout)
	defer cancel()
	err := st.review(ctx)
	switch {
	case err == nil:
		st.checked = time.Now()
	case errors.Is(err, access.ErrForbidden), errors.Is(err, access.ErrUnauthenticated):
		return err
	case time.Since(st.checked) >= maxUnchecked*st.server.Recheck:
		return errUnchecked
	}
	return nil
}

// review asks whether the client may see what it reads.
func (st *stream) review(ctx context.Context) error {
	user, err := st.server.Reviewer.Authenticate(ctx, st.address, st.token)
	if err != nil {
		return err
	}
	for _, f := range st.feeds {
		namespace := st.filter.Namespace
		if namespace == "" {
			namespace = f.Namespace()
		}
		if err := st.server.authorize(ctx, user, request{namespace, "", streamVerbs}); err != nil {
			return err
		}
	}
	return nil
}
