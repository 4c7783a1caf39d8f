// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package recording has the controller of MeetingRecordings: it runs the Jobs of recordings that have ended, and writes their outcome to
// status.processing and the conditions. Reconcile reads as gather -> decide -> act -> report; deciding is in internal/processing.
//
// Beside that there are these mechanisms, each for a promise that the project makes:
//
//   - epoch.go: a Job is created only by the leader, from a recording that no other leader has changed since, without a read of etcd for
//     each Job ("a step whose outcome is stored never runs again", "no get that reaches etcd");
//   - known.go: what this process knows and its cache may not show yet, so that nothing is decided twice ("8 writes a recording");
//   - burst.go: in a burst of stops the Jobs are created before the status is written (the benchmark's Jobs/s in a burst);
//   - scheduler.go: maxConcurrent holds exactly, whoever reconciles;
//   - health.go: no Job is created whose outcome could not be stored;
//   - finished.go: a finished recording whose spec changes is observed, without a cache of finished recordings ("memory grows with
//     recordings in flight");
//   - deletion.go: no Job disappears before its outcome is stored.
package recording

import (
	"time"

	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/internal/follow"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
	"github.com/meetingops/meeting-recording-operator/internal/serverclock"
	"github.com/meetingops/meeting-recording-operator/internal/tracing"
)

// Options are the dependencies and settings of the controller.
type Options struct {
	// Client reads from the cache and writes to the API server; Live reads from the API server.
	Client client.Client
	Live   client.Reader
	// Sources read the recordings of each namespace without a cache.
	Sources []follow.Source
	// Recorder writes Kubernetes Events.
	Recorder events.EventRecorder
	// Conditions evaluates those of pipelines and steps.
	Conditions planning.Expressions
	// Settings are the durations after which a recording stalls, and the reorder window.
	Settings planning.Settings
	Pace     Pace
	// Leading reports whether this process leads.
	Leading Leading
	Clock   clock.PassiveClock
	// ServerClock compares Clock with the API server's before a Job is deleted.
	ServerClock *serverclock.Checker
	// Tracer gets decisions and Jobs of recordings that have a trace; nil for none.
	Tracer *tracing.Tracer
}

// Leading returns the number of a period of leadership, its epoch, and whether this process leads for sure: no other process has led
// between two calls that return true for the same epoch.
type Leading func() (epoch int64, leads bool)

// Alone is Leading for a process without replicas.
func Alone() (epoch int64, leads bool) { return 0, true }

// Pace is how often things are observed that send no event.
type Pace struct {
	// ProbeAfter is how long a Job may be without a ready Pod until its Pods are observed, and at first how often. It doubles up to
	// ProbeMax.
	ProbeAfter, ProbeMax time.Duration
	// RetryAfter is how soon a Job that was rejected, or whose name is taken, is retried. It doubles up to RetryMax.
	RetryAfter, RetryMax time.Duration
	// ConflictAfter is how soon a recording is reconciled again that has changed meanwhile.
	ConflictAfter time.Duration
	// LostAfter is how soon a Job is observed again that is not in the cache, because its label was removed.
	LostAfter time.Duration
	// DeleteAfter is how soon the deletion of a Job is tried again whose outcome is not stored yet.
	DeleteAfter time.Duration
}

// DefaultPace spares the API server.
var DefaultPace = Pace{
	ProbeAfter:    30 * time.Second,
	ProbeMax:      5 * time.Minute,
	RetryAfter:    10 * time.Second,
	RetryMax:      5 * time.Minute,
	ConflictAfter: time.Second,
	LostAfter:     30 * time.Second,
	DeleteAfter:   30 * time.Second,
}

// concurrency is how many recordings are reconciled at once: most of a reconciliation is waiting for the API server. With more, one that
// is short of CPU gets less done (docs/explanation/performance.md); with fewer, Jobs wait for workers that wait for its answers.
const concurrency = 12
