// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/live/access"
	"github.com/meetingops/meeting-recording-operator/internal/live/feed"
)

// Why streams end, as metrics tell it.
const (
	endClient   = "client"
	endSlow     = "slow"
	endRights   = "rights"
	endShutdown = "shutdown"
	endError    = "error"
)

// errDraining is returned where the server shuts down.
var errDraining = errors.New("shutting down")

// events serves GET /events.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	filter := feed.Filter{Namespace: query.Get("namespace"), MeetingID: query.Get("meetingId"), SessionID: query.Get("sessionId")}
	ctx, cancel := context.WithTimeout(r.Context(), answerTimeout)
	defer cancel()
	user, indices, refused := s.admit(ctx, r, filter.Namespace)
	if refused != nil {
		refused.write(w)
		return
	}
	if !s.Ready() {
		fail(w, http.StatusServiceUnavailable, "the server does not know the recordings yet: try again")
		return
	}
	free, refused := s.slots.take(user.Username)
	if refused != nil {
		s.Metrics.refused()
		refused.write(w)
		return
	}
	defer free()
	if r.Method == http.MethodHead {
		beginStream(w)
		return
	}
	s.Metrics.opened()
	st := &stream{server: s, filter: filter, token: access.Token(r), out: newWriter(w), wake: make(chan struct{}, 1)}
	for _, i := range indices {
		st.feeds = append(st.feeds, s.Feeds[i])
	}
	s.Metrics.closed(st.run(r.Context(), r.Header.Get("Last-Event-ID")))
}

// stream is one client that reads events.
type stream struct {
	server  *Server
	filter  feed.Filter
	token   string
	feeds   []*feed.Feed
	subs    []*feed.Subscription
	cursors []feed.Cursor // how far each feed's events were sent
	wake    chan struct{}
	out     *writer
}

// run serves the stream until it ends, and returns why.
func (st *stream) run(ctx context.Context, lastEventID string) string {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer st.unsubscribe()
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
	case errors.Is(err, feed.ErrSlow), errors.Is(err, errStuck):
		return endSlow
	case errors.Is(err, access.ErrForbidden), errors.Is(err, access.ErrUnknown):
		return endRights
	case errors.Is(err, errGone), ctx.Err() != nil:
		return endClient
	}
	st.server.Log.Error(err, "A stream ended")
	return endError
}

// begin subscribes where the client was, or anew.
func (st *stream) begin(ctx context.Context, lastEventID string) error {
	if err := st.out.begin(retryAfter); err != nil {
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

// anew subscribes from now on, and sends the present state.
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
		if err := st.out.present(states); err != nil {
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
	recheck := time.NewTicker(st.server.Recheck*3/4 + rand.N(st.server.Recheck/2))
	defer recheck.Stop()
	for {
		select {
		case <-ctx.Done():
			return errGone
		case <-st.server.draining:
			return errDraining
		case <-st.wake:
			if _, err := st.send(); err != nil {
				return err
			}
		case <-heartbeat.C:
			sent, err := st.send()
			if err == nil && !sent {
				err = st.out.heartbeat(st.cursors)
			}
			if err != nil {
				return err
			}
		case <-recheck.C:
			if err := st.recheck(ctx); err != nil {
				return err
			}
		}
	}
}

// send sends what has come, and returns whether there was something.
func (st *stream) send() (sent bool, err error) {
	for i, sub := range st.subs {
		entries, reached, err := sub.Next()
		if err != nil {
			return sent, err
		}
		for _, entry := range entries {
			st.cursors[i] = entry.At
			st.server.Metrics.sent(entry.Name)
			if err := st.out.entry(st.cursors, entry); err != nil {
				return sent, err
			}
			sent = true
		}
		st.cursors[i] = reached
	}
	if sent {
		err = st.out.flush()
	}
	return sent, err
}

// recheck returns an error where the client may no longer see what it reads. It stays where the API server cannot be asked.
func (st *stream) recheck(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, recheckTimeout)
	defer cancel()
	user, err := st.server.Reviewer.WhoIs(ctx, st.token)
	for _, f := range st.feeds {
		if err != nil {
			break
		}
		namespace := st.filter.Namespace
		if namespace == "" {
			namespace = f.Namespace()
		}
		err = st.server.Reviewer.MaySee(ctx, user, namespace)
	}
	if errors.Is(err, access.ErrForbidden) || errors.Is(err, access.ErrUnknown) {
		return err
	}
	return nil
}
