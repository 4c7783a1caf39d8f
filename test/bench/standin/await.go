// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package standin

import (
	"context"
	"fmt"
	"maps"
	"time"
)

// patience is for how long nothing may change before the rest is given up for lost.
const patience = time.Minute

// AwaitJobs waits until so many recordings have a Job, and returns when each Job was seen, by recording. It gives up when none was seen
// for a minute.
func (s *Standin) AwaitJobs(ctx context.Context, n int) (map[string]time.Time, error) {
	return s.await(ctx, n, "have a Job", func() map[string]time.Time { return s.jobs })
}

// AwaitFinished does the same for recordings that were processed.
func (s *Standin) AwaitFinished(ctx context.Context, n int) (map[string]time.Time, error) {
	return s.await(ctx, n, "were processed", func() map[string]time.Time { return s.finished })
}

func (s *Standin) await(ctx context.Context, n int, what string, of func() map[string]time.Time) (map[string]time.Time, error) {
	quiet := time.NewTimer(patience)
	defer quiet.Stop()
	before := -1
	for {
		s.mu.Lock()
		seen, changed := len(of()), s.changed
		if seen >= n {
			defer s.mu.Unlock()
			return maps.Clone(of()), nil
		}
		s.mu.Unlock()
		if seen > before {
			before = seen
			quiet.Reset(patience)
		}
		select {
		case <-changed:
		case <-quiet.C:
			return nil, fmt.Errorf("%d of %d recordings %s, and no further one for %s", seen, n, what, patience)
		case <-s.ctx.Done():
			return nil, fmt.Errorf("the stand-in for the Job controller: %w", context.Cause(s.ctx))
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
