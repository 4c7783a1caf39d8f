// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
)

// maxBackoff is the longest wait before a retry.
const maxBackoff = time.Hour

// tryAgain makes a step that has just failed wait for its next attempt, where it has a backoff, retries left, and a failure that
// may mend itself. The attempt that failed goes to the history. A step without a backoff has been tried again by its Job already.
func (w *walk) tryAgain(step *v1alpha1.StepStatus, observed outcomes.Observation) {
	template := w.template(step.Step)
	if template == nil || template.Backoff == nil || observed.Permanent {
		return
	}
	if allowed := ptr.Deref(template.Retries, jobs.DefaultBackoffLimit); step.Retries >= allowed {
		return
	}
	due := retryDue(w.in.Now, observed.EndedAt.Time, backoff(template.Backoff.Duration, step.Retries))
	w.history = append(w.history[:len(w.history):len(w.history)], AttemptOf(step))
	next := planned(w.in, step.Pipeline, step.Step, step.Attempt+1)
	next.Retries = step.Retries + 1
	next.RetryTime = &due
	next.Message = w.cut(fmt.Sprintf("Attempt %d failed, the next starts at %s: %s",
		step.Attempt, due.UTC().Format(time.RFC3339), step.Message))
	*step = next
}

// backoff returns how long to wait after a failure that so many retries came before.
func backoff(first time.Duration, retries int32) time.Duration {
	wait := max(first, time.Second)
	for ; retries > 0 && wait < maxBackoff; retries-- {
		wait *= 2
	}
	return min(wait, maxBackoff)
}

// retryDue is when the wait is over, in whole seconds as the status has them, and never in the past: what is written before the
// next Job is created is that the last one failed.
func retryDue(now, failed time.Time, wait time.Duration) metav1.Time {
	due := failed.Add(wait)
	if earliest := now.Add(time.Second); due.Before(earliest) {
		due = earliest
	}
	return metav1.NewTime(due.Add(time.Second - time.Nanosecond).Truncate(time.Second))
}

// backoffLeft is how long a step waits yet for its next attempt; not positive where it does not.
func backoffLeft(in Input, step *v1alpha1.StepStatus) time.Duration {
	if step.RetryTime == nil {
		return 0
	}
	return step.RetryTime.Sub(in.Now)
}
