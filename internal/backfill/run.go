// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backfill

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/videosdk/rest"
)

// maxWait bounds what the provider may ask a round to wait.
const maxWait = time.Hour

// Runner does rounds until its context ends.
type Runner struct {
	Backfill *Backfill
	// state is the error of the last round, wrapped so that nil can be stored.
	state atomic.Pointer[state]
}

type state struct{ err error }

var errNoRound = errors.New("the first round is not complete")

// Start does a round after each interval, until ctx is done. Replicas do not do theirs at once: each
// interval is up to a tenth longer.
func (r *Runner) Start(ctx context.Context) error {
	for {
		summary, err := r.Backfill.Round(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the program ends
		}
		r.state.Store(&state{err})
		wait := r.Backfill.options.Interval + rand.N(r.Backfill.options.Interval/10+1)
		if err != nil {
			wait = max(wait, askedWait(err))
			r.Backfill.log.Error(err, "Backfill round failed, retrying", "after", wait.String(), "checked", summary.Checked)
		} else {
			r.Backfill.log.Info("Backfill round complete", "sessions", summary.Sessions, "checked", summary.Checked,
				"recorded", summary.Found[Recorded], "took", summary.Took.String())
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
	}
}

// askedWait is how long the provider asked to wait.
func askedWait(err error) time.Duration {
	var failed *rest.Error
	if errors.As(err, &failed) {
		return min(failed.RetryAfter, maxWait)
	}
	return 0
}

// Ready returns nil if the last round was complete.
func (r *Runner) Ready() error {
	last := r.state.Load()
	if last == nil {
		return errNoRound
	}
	return last.err
}

// NeedLeaderElection is false: replicas may run at the same time.
func (r *Runner) NeedLeaderElection() bool { return false }
