// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/internal/expression"
	"github.com/meetingops/meeting-recording-operator/internal/processing"
)

// What tests of the package's own API need besides.
var (
	StoreDecision = storeDecision
	ErrConflict   = errConflict
)

// NewLooseReconciler returns a reconciler without a manager, for tests that decide when it runs. Its memory is empty.
func NewLooseReconciler(through client.Client, now clock.PassiveClock, settings processing.Settings, pace Pace, term Term,
) *RecordingReconciler {
	return &RecordingReconciler{
		client: through, live: through, recorder: events.NewFakeRecorder(1000),
		clock: now, settings: settings, pace: pace, term: term, memory: newMemory(),
		scheduler: newScheduler(), reruns: &reruns{tokens: through}, conditions: expression.New(),
	}
}

// NewReconciler makes one that reads from a cache of the test's, and asks an API server of the test's.
func NewReconciler(cached client.Client, live client.Reader, options Options) *RecordingReconciler {
	return &RecordingReconciler{
		client: cached, live: live, recorder: events.NewFakeRecorder(10), clock: options.Clock, settings: options.Settings, pace: options.Pace, term: options.Term,
		memory: newMemory(), scheduler: newScheduler(), reruns: &reruns{tokens: live}, conditions: expression.New(),
	}
}

// ForgetJobs has the reconciler forget which Jobs it has created, as time does.
func ForgetJobs(r *RecordingReconciler) *RecordingReconciler {
	for _, known := range r.memory.recordings {
		clear(known.jobs)
	}
	return r
}
