// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/processing"
)

const (
	// burstPause is how long the status waits, in a burst, to tell of Jobs that were created; and burstPatience how long at most. It is less
	// than cacheDelay, for which the controller remembers the Jobs.
	burstPause    = time.Second
	burstPatience = 5 * time.Second
)

// canWait says whether the first write about a recording may wait: its Jobs were just created, and more recordings that have ended have none
// yet than are worked on at once. What the API server can do in that moment goes into their Jobs.
func (r *RecordingReconciler) canWait(facts *facts, decision processing.Decision, known *recollection) bool {
	recording := facts.Recording
	if !decision.Begins(recording) || len(facts.Turns) > 0 || len(facts.Jobs) == 0 || r.scheduler.arrivals(recording.Namespace) <= concurrency {
		return false
	}
	for name, observed := range facts.Jobs {
		since := known.job(name).since
		if observed.State != processing.JobActive || since.IsZero() || facts.Now.Sub(since) >= burstPatience {
			return false
		}
	}
	return true
}
