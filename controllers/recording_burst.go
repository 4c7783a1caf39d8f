// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/processing"
)

const (
	// burstFrom is how many recordings may have ended and have no Job yet before that is a burst. It is more than there are at once where
	// recordings end one by one and the API server answers within milliseconds.
	burstFrom = 4
	// In a burst the status waits to tell of Jobs that were created: burstPause for each recording that still has none, within minBurstPause and
	// maxBurstPause, which is less than cacheDelay; and burstPatience at most.
	burstPause    = 10 * time.Millisecond
	minBurstPause = 250 * time.Millisecond
	maxBurstPause = 3 * time.Second
	burstPatience = 15 * time.Second
)

// wait returns for how long the first write about a recording waits, 0 if it does not: its Jobs were just created, and others that have ended
// have none yet. What the API server can do in that moment goes into their Jobs; and a recording whose Jobs end meanwhile is written once less.
// While it waits nothing but the controller's memory tells of Jobs that the cache has not, so that lasts for longer.
func (r *RecordingReconciler) wait(facts *facts, decision processing.Decision, known *recollection) time.Duration {
	recording := facts.Recording
	if !decision.Begins(recording) || len(facts.Turns) > 0 || len(facts.Jobs) == 0 {
		return 0
	}
	for name, observed := range facts.Jobs {
		since := known.job(name).since
		if observed.State != processing.JobActive || since.IsZero() || facts.Now.Sub(since) >= burstPatience {
			return 0
		}
	}
	others := r.scheduler.arrivals(recording.Namespace)
	if others <= burstFrom {
		return 0
	}
	for name := range facts.Jobs {
		if job := known.job(name); !job.awaitedUntil.IsZero() {
			job.awaitedUntil = facts.Now.Add(cacheDelay)
		}
	}
	return min(max(time.Duration(others)*burstPause, minBurstPause), maxBurstPause)
}
