// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controllers holds the reconcilers: RecordingReconciler runs the Jobs of a recording that has ended and writes what
// became of them to its status; PipelineReconciler tells whether a pipeline can run. Each reads gather -> decide -> act ->
// report; what is decided is in internal/processing, and how a Job is built in internal/jobs.
package controllers

import (
	"fmt"
	"time"

	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/internal/expression"
	"github.com/meetingops/meeting-recording-operator/internal/processing"
	"github.com/meetingops/meeting-recording-operator/internal/tracing"
)

// FieldOwner is the field manager of all that the controllers write.
const FieldOwner = "meeting-recording-controller"

// concurrency is how many recordings are worked on at once: most of a reconciliation is waiting for the API server. With more, one that is short of
// CPU gets less done (docs/performance.md); with fewer, Jobs wait for workers that wait for its answers.
const concurrency = 12

// After an error an object is tried again, at first soon, then ever later. controller-runtime's own limits, 1000 s for an object and ten
// tries a second for all of them, would have recordings wait for long after the API server is back.
const (
	errorPause    = 5 * time.Millisecond
	maxErrorPause = 30 * time.Second
)

func afterErrors() workqueue.TypedRateLimiter[reconcile.Request] {
	return workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](errorPause, maxErrorPause)
}

// Options are what a user can set of the controllers, and what a test may.
type Options struct {
	// conditions checks and evaluates those of pipelines, for both controllers, so that each is compiled once; Setup makes it.
	conditions *expression.Evaluator

	// Settings are the durations after which a recording stalls, and the reorder window.
	Settings processing.Settings
	// Pace says how often things are looked at that do not tell of themselves; the zero Pace is DefaultPace.
	Pace Pace
	// Term tells whether we lead; nil is for who has nobody beside.
	Term Term
	// Namespaces are those to work in; none: all. They are those of CacheOptions.
	Namespaces []string
	// KeepRecordings is how long recordings are kept that no pipeline ran for, or whose pipelines are gone; 0 keeps them.
	KeepRecordings time.Duration
	// Delivery is that of events to a sink; without a sink there is none.
	Delivery Delivery
	// Clock is the time; nil is the real one.
	Clock clock.PassiveClock
	// Tracer is told of decisions and Jobs of recordings that have a trace; nil is nobody.
	Tracer *tracing.Tracer
}

// Term returns the number of a term of leadership, and whether we lead for sure: nobody else has between two calls that tell so of one term.
type Term func() (term int64, leads bool)

// alone is the Term of who has nobody beside.
func alone() (term int64, leads bool) { return 0, true }

// Pace says how often things are looked at that do not tell of themselves.
type Pace struct {
	// ProbeAfter is how long a Job may be without a ready Pod until its Pods are looked at, and at first how often. It doubles
	// up to ProbeMax.
	ProbeAfter, ProbeMax time.Duration
	// RetryAfter is how soon a Job that was refused, or whose name is taken, is tried again. It doubles up to RetryMax.
	RetryAfter, RetryMax time.Duration
	// ConflictAfter is how soon a recording is looked at again whose status another had written.
	ConflictAfter time.Duration
	// SweepEvery is how often recordings are looked for whose time is over.
	SweepEvery time.Duration
	// SweepPage is how many recordings one request then lists.
	SweepPage int64
}

// DefaultPace spares the API server.
var DefaultPace = Pace{
	ProbeAfter:    30 * time.Second,
	ProbeMax:      5 * time.Minute,
	RetryAfter:    10 * time.Second,
	RetryMax:      5 * time.Minute,
	ConflictAfter: time.Second,
	SweepEvery:    time.Hour,
	SweepPage:     500,
}

// Setup adds both controllers, and what deletes old recordings, to a manager, whose cache must have been made by CacheOptions.
func Setup(mgr ctrl.Manager, options Options) error {
	options.conditions = expression.New()
	if options.Clock == nil {
		options.Clock = clock.RealClock{}
	}
	if options.Term == nil {
		options.Term = alone
	}
	if options.Pace == (Pace{}) {
		options.Pace = DefaultPace
	}
	if options.Settings.RunningAfter == 0 {
		options.Settings.RunningAfter = processing.DefaultRunningAfter
	}
	recorder, err := newRecorder(mgr)
	if err != nil {
		return fmt.Errorf("set up the writing of Kubernetes Events: %w", err)
	}
	recordings, err := newRecordingReconciler(mgr, options, recorder)
	if err != nil {
		return err
	}
	if err := recordings.register(mgr); err != nil {
		return fmt.Errorf("set up the controller of MeetingRecordings: %w", err)
	}
	if err := mgr.Add(newSweeper(mgr, options)); err != nil {
		return fmt.Errorf("set up the deletion of old recordings: %w", err)
	}
	if err := mgr.Add(&tally{cache: mgr.GetCache()}); err != nil {
		return fmt.Errorf("set up the count of recordings: %w", err)
	}
	if options.Delivery.Sink != nil {
		if err := setUpDelivery(mgr, options, recorder); err != nil {
			return fmt.Errorf("set up the delivery of events: %w", err)
		}
	}
	if err := newPipelineReconciler(mgr, options).register(mgr); err != nil {
		return fmt.Errorf("set up the controller of RecordingPipelines: %w", err)
	}
	return nil
}
