// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
)

const (
	// burstFrom is how many recordings may wait in the work queue before that is a burst. It is more than there are at once if
	// recordings end one by one and the API server answers within milliseconds.
	burstFrom = 4
	// In a burst the first status write waits burstPause for each recording in the work queue, within minBurstPause and maxBurstPause,
	// which is less than cacheDelay; and burstPatience in all at most.
	burstPause    = 10 * time.Millisecond
	minBurstPause = 250 * time.Millisecond
	maxBurstPause = 3 * time.Second
	burstPatience = 15 * time.Second
)

// burstWait returns how long the first status write of a recording waits whose Jobs were just created, because others wait for theirs; 0
// if it does not. So the API server creates Jobs first, and a recording whose Jobs end meanwhile is written once less. Until then only
// this process knows about Jobs that the cache does not have, so it remembers them for longer.
func (r *Reconciler) burstWait(facts *facts, decision planning.Decision) time.Duration {
	if !decision.Begins(facts.Recording) || len(facts.Queued) > 0 || len(facts.Jobs) == 0 {
		return 0
	}
	for name, observed := range facts.Jobs {
		created := facts.known.job(name).createTime
		if observed.State != outcomes.JobActive || created.IsZero() || facts.Now.Sub(created) >= burstPatience {
			return 0
		}
	}
	waiting := r.scheduler.backlog()
	if waiting <= burstFrom {
		return 0
	}
	for name := range facts.Jobs {
		if job := facts.known.job(name); !job.awaitedUntil.IsZero() {
			job.awaitedUntil = facts.Now.Add(cacheDelay)
		}
	}
	return min(max(time.Duration(waiting)*burstPause, minBurstPause), maxBurstPause)
}
