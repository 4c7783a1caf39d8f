// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package backfill finds recordings that no webhook delivered: it lists the
// provider's sessions and their recordings, and records each file that no
// MeetingRecording has.
//
// A round depends only on the provider's list. A round that is interrupted, or
// runs in two replicas at once, records no file twice, because the recorder
// places each file by its identity. Memory has only the time when each session
// must be checked again.
package backfill

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk/rest"
)

const (
	// sessionsInFlight is how many sessions are checked at once.
	sessionsInFlight = 8
	// maxFailures is how many sessions in a row may fail, or list nothing that can
	// be read, before a round ends: then it is not one of them that is at fault.
	maxFailures = 20
	// maxLogged is how many entries of an outcome a round logs.
	maxLogged = 20
	// maxRecheck is the longest time until a session is checked again.
	maxRecheck = 6 * time.Hour
	// maxSkew is how far the provider's clock may differ from ours. A recording
	// from further in the future is skipped.
	maxSkew = time.Hour
)

// Provider lists sessions and recordings, see rest.Client.
type Provider interface {
	Sessions(ctx context.Context, since time.Time, visit func(rest.Session) error) error
	Recordings(ctx context.Context, sessionID string, visit func([]rest.Recording) error) (total int, err error)
}

// Object is the part of a MeetingRecording that backfill reads.
type Object struct {
	MeetingID, SessionID string
	File                 *v1alpha1.RecordingFile
	EndTime              *metav1.MicroTime
	// Finished is true where nothing needs the file's address any more, because
	// processing has succeeded or there is none.
	Finished bool
}

// Objects are the MeetingRecordings.
type Objects interface {
	// First returns the object of a session's first segment, possibly out of date;
	// nil if there is none.
	First(ctx context.Context, meetingID, sessionID string) (*Object, error)
	// Each calls visit with each object, or with each of a session if that is not
	// empty, possibly out of date.
	Each(ctx context.Context, sessionID string, visit func(*Object)) error
	// Record makes an event durable, and returns the name of its object and
	// whether the event was new to it.
	Record(ctx context.Context, meetingID, sessionID string, ev lifecycle.Event) (name string, result lifecycle.Result, err error)
}

// ErrRejected says that the API server will never accept an object.
var ErrRejected = errors.New("rejected by the API server")

// Options configure a Backfill.
type Options struct {
	// Lookback is how long ago a session may have begun.
	Lookback time.Duration
	// Interval is the time between two rounds.
	Interval time.Duration
	// Grace is how old a file must be: its webhook may still arrive.
	Grace time.Duration
	// IgnoreIDs leaves the recordings' ids out of events.
	IgnoreIDs bool
	// Owns, if not nil, reports whether a session belongs to this shard. Others are left to the backfills of theirs.
	Owns func(sessionID string) bool
	// Plan, if not nil, is called in place of recording anything.
	Plan func(Finding)
	// Now is the clock.
	Now func() time.Time
}

// Backfill does rounds. It does one at a time.
type Backfill struct {
	provider Provider
	objects  Objects
	options  Options
	metrics  *Metrics
	log      logr.Logger
	// readAllAfter is the constant of that name, but in tests.
	readAllAfter int

	mu       sync.Mutex
	schedule schedule
}

// New returns a Backfill.
func New(provider Provider, objects Objects, options Options, metrics *Metrics, log logr.Logger) *Backfill {
	return &Backfill{
		provider: provider, objects: objects, options: options, metrics: metrics, log: log, readAllAfter: readAllAfter, schedule: schedule{},
	}
}

// round is one pass over the provider's list.
type round struct {
	*Backfill
	now    time.Time
	placed placed

	mu      sync.Mutex
	summary Summary
	failed  error
	// In a row: sessions that failed, and sessions that listed nothing readable.
	failures, unreadable int
	// readable is the number of sessions that could be read, and problem is why
	// another could not.
	readable int
	problem  rest.Problem
}

// since is the time before which nothing is of interest.
func (r *round) since() time.Time { return r.now.Add(-r.options.Lookback - maxSkew) }

// Round lists the provider's recordings and records the missing ones. It
// returns a summary even with an error: then the round is incomplete.
func (b *Backfill) Round(ctx context.Context) (Summary, error) {
	r := &round{Backfill: b, now: b.options.Now(), summary: Summary{Found: map[Outcome]int{}, DryRun: b.options.Plan != nil}}
	began := time.Now()
	group, limited := errgroup.WithContext(ctx)
	group.SetLimit(sessionsInFlight)
	err := b.provider.Sessions(limited, r.now.Add(-b.options.Lookback), func(s rest.Session) error {
		return r.visit(limited, group, s)
	})
	err = errors.Join(ignoreCanceled(limited, err), group.Wait())
	if err == nil && ctx.Err() == nil {
		b.forget(r.now)
		err = errors.Join(r.failed, r.otherShape())
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	r.summary.Took = time.Since(began)
	b.metrics.observe(r.summary, err, r.now)
	return r.summary, err
}

// ignoreCanceled drops the error of a list that ended because a session failed,
// which is an error of its own.
func ignoreCanceled(limited context.Context, err error) error {
	if errors.Is(err, context.Canceled) && limited.Err() != nil {
		return nil //nolint:nilerr // the session that failed has the error
	}
	return err
}

// visit checks a session of the list, unless that is not due.
func (r *round) visit(ctx context.Context, group *errgroup.Group, s rest.Session) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.Problem != "" {
		r.problem = s.Problem
		r.skip(Unreadable, s.ID, "", string(s.Problem))
		return nil
	}
	r.readable++
	if began := cmp.Or(s.Start, s.End); !began.IsZero() && began.Before(r.since()) {
		return nil // the provider was asked for later ones
	}
	if r.options.Owns != nil && !r.options.Owns(s.ID) {
		return nil
	}
	r.count(func(sum *Summary) { sum.Sessions++ })
	r.Backfill.mu.Lock()
	due := r.schedule.isDue(s.ID, r.now)
	r.Backfill.mu.Unlock()
	if due {
		group.Go(func() error { return r.session(ctx, s) })
	}
	return nil
}

// session checks one session. It returns an error only if the round must end.
func (r *round) session(ctx context.Context, s rest.Session) error {
	c := &check{round: r, session: s, files: map[string]placement{}}
	total, err := r.provider.Recordings(ctx, s.ID, func(page []rest.Recording) error { return c.page(ctx, page) })
	if err == nil {
		err = c.failed
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.summary.Checked++
	if err == nil {
		r.failures = 0
		r.plan(s, c, total)
		return r.noteReadable(c)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	r.failures++
	r.failed = fmt.Errorf("check session %s: %w", s.ID, err)
	r.log.Error(err, "Session not checked, retrying in the next round", "session", s.ID)
	if needsEnd(err) || r.failures >= maxFailures {
		return r.failed
	}
	return nil
}

// needsEnd reports whether no other session can succeed either.
func needsEnd(err error) bool {
	var failed *rest.Error
	return errors.As(err, &failed) && (failed.NeedsUser() || failed.RetryAfter > 0)
}

// plan says when the session is due again. It is called with r.mu locked.
func (r *round) plan(s rest.Session, c *check, total int) {
	r.Backfill.mu.Lock()
	defer r.Backfill.mu.Unlock()
	next := r.now
	if !c.unsettled && !s.End.IsZero() && c.entries >= total {
		next = r.now.Add(min(max(r.now.Sub(s.End), r.options.Interval), maxRecheck))
	}
	if !c.expires.IsZero() && c.expires.Before(next) {
		next = c.expires
	}
	before := r.schedule[keyOf(s.ID)]
	r.summary.Webhooks.add(deliveries{c.deliveries.minus(before.webhooks), c.deliveries.failedTypes})
	r.schedule[keyOf(s.ID)] = checked{next: seconds(next), seen: seconds(r.now), webhooks: c.deliveries.counts}
}

// noteReadable returns an error after so many sessions in a row of whose recordings
// none can be read that the provider must have changed what it answers. It is
// called with r.mu locked.
func (r *round) noteReadable(c *check) error {
	switch {
	case c.entries == 0:
	case c.problem == "" || c.entries > c.unreadable:
		r.unreadable = 0
	default:
		if r.unreadable++; r.unreadable >= maxFailures {
			return fmt.Errorf("no recording of %d sessions in a row can be read (%s): %w", r.unreadable, c.problem, errOtherShape)
		}
	}
	return nil
}

// otherShape returns an error if the provider lists sessions, and none can be read.
func (r *round) otherShape() error {
	if r.problem == "" || r.readable > 0 {
		return nil
	}
	return fmt.Errorf("list sessions: none can be read (%s): %w", r.problem, errOtherShape)
}

var errOtherShape = errors.New("the provider's API may have changed: check for a newer version of backfill")

func (r *round) count(change func(*Summary)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.summary)
}

// skip counts an entry that cannot be recorded, and says why.
func (r *round) skip(outcome Outcome, session, recording, reason string) {
	var n int
	r.count(func(s *Summary) {
		s.Found[outcome]++
		n = s.Found[outcome]
	})
	if n > maxLogged {
		return // the metric and the summary count them
	}
	r.log.Info("Entry skipped", "outcome", outcome, "session", session, "recordingID", recording, "reason", reason)
}

// forget drops what the provider no longer lists.
func (b *Backfill) forget(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.schedule.dropBefore(now)
}
