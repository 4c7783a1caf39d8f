// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controllers adds the controllers to a manager. Each has its own package.
package controllers

import (
	"cmp"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/controllers/delivery"
	"github.com/meetingops/meeting-recording-operator/controllers/pipeline"
	"github.com/meetingops/meeting-recording-operator/controllers/recording"
	"github.com/meetingops/meeting-recording-operator/controllers/retention"
	"github.com/meetingops/meeting-recording-operator/internal/expression"
	"github.com/meetingops/meeting-recording-operator/internal/follow"
	"github.com/meetingops/meeting-recording-operator/internal/kube"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
	rules "github.com/meetingops/meeting-recording-operator/internal/retention"
	"github.com/meetingops/meeting-recording-operator/internal/serverclock"
)

// Options configure the controllers, for users and for tests.
type Options struct {
	// Options configure the controller of recordings. Setup sets what comes from the manager. Without Leading the process has no replicas,
	// without Clock it uses the real one, and the zero Pace is the default.
	recording.Options
	// Namespaces are the namespaces to work in; none means all. They must equal those of CacheOptions.
	Namespaces []string
	// KeepRecordings is how long recordings are kept if no pipeline ran for them or it was deleted; 0 keeps them.
	KeepRecordings time.Duration
	// SweepEvery is how often retention looks for recordings to delete, an hour if it is 0, and SweepPage how many one request lists, 500 if
	// it is 0.
	SweepEvery time.Duration
	SweepPage  int64
	// Delivery configures the delivery of CloudEvents; without a sink there is none.
	Delivery delivery.Options
}

// Setup adds the controllers and retention to a manager, whose cache must have been made with CacheOptions.
func Setup(mgr ctrl.Manager, options Options) error {
	evaluator := expression.New() // of both controllers, so that each condition is compiled once
	if options.Clock == nil {
		options.Clock = clock.RealClock{}
	}
	if options.Leading == nil {
		options.Leading = recording.Alone
	}
	if options.Pace == (recording.Pace{}) {
		options.Pace = recording.DefaultPace
	}
	recorder, err := kube.NewEventRecorder(mgr)
	if err != nil {
		return fmt.Errorf("set up the writing of Kubernetes Events: %w", err)
	}
	reader, err := client.NewWithWatch(mgr.GetConfig(), client.Options{HTTPClient: mgr.GetHTTPClient(), Scheme: mgr.GetScheme(), Mapper: mgr.GetRESTMapper()})
	if err != nil {
		return fmt.Errorf("make a client to follow recordings: %w", err)
	}
	sources := follow.Sources(reader, options.Namespaces)
	serverClock, err := serverclock.New(mgr.GetConfig(), options.Clock)
	if err != nil {
		return err
	}
	options.Client, options.Live, options.Sources = mgr.GetClient(), mgr.GetAPIReader(), sources
	options.Recorder, options.Conditions, options.ServerClock = recorder, evaluator, serverClock
	recordings := recording.New(options.Options)
	if err := recordings.Register(mgr); err != nil {
		return fmt.Errorf("set up the controller of MeetingRecordings: %w", err)
	}
	if err := mgr.AddReadyzCheck("status-writes", recordings.StatusCheck); err != nil {
		return fmt.Errorf("set up the readiness check of status writes: %w", err)
	}
	sweeper := &retention.Sweeper{
		Rules: rules.Rules{Default: options.KeepRecordings, Sink: options.Delivery.Sink != nil}, Namespaces: options.Namespaces,
		Every: cmp.Or(options.SweepEvery, time.Hour), Page: cmp.Or(options.SweepPage, 500),
		Client: options.Client, Live: options.Live, Recorder: recorder, Clock: options.Clock, ServerClock: serverClock,
	}
	if err := mgr.Add(sweeper); err != nil {
		return fmt.Errorf("set up retention: %w", err)
	}
	if options.Delivery.Sink != nil {
		if err := delivery.Setup(mgr, options.Delivery, sources, recorder, options.Clock); err != nil {
			return fmt.Errorf("set up the delivery of CloudEvents: %w", err)
		}
	}
	if err := (&pipeline.Reconciler{Client: options.Client, Conditions: evaluator, Clock: options.Clock}).Register(mgr); err != nil {
		return fmt.Errorf("set up the controller of RecordingPipelines: %w", err)
	}
	return nil
}

// CacheOptions limit the cache to what is in flight: recordings whose processing has not ended, the Jobs of recordings without their Pod
// templates, and pipelines. An object that leaves the cache is not necessarily deleted. Without namespaces the cache covers the whole
// cluster.
func CacheOptions(namespaces []string) (cache.Options, error) {
	ours, err := labels.NewRequirement(v1alpha1.LabelRecording, selection.Exists, nil)
	if err != nil {
		return cache.Options{}, fmt.Errorf("select Jobs by label: %w", err)
	}
	inFlight, err := fields.ParseSelector(follow.InFlight)
	if err != nil {
		return cache.Options{}, fmt.Errorf("select recordings by state: %w", err)
	}
	options := cache.Options{
		DefaultTransform: cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&v1alpha1.MeetingRecording{}: {Field: inFlight},
			&batchv1.Job{}:               {Label: labels.NewSelector().Add(*ours), Transform: stripJob},
		},
	}
	for _, namespace := range namespaces {
		if options.DefaultNamespaces == nil {
			options.DefaultNamespaces = make(map[string]cache.Config)
		}
		options.DefaultNamespaces[namespace] = cache.Config{}
	}
	return options, nil
}

// stripJob removes the parts of a Job that no decision needs, which are most of it.
func stripJob(object any) (any, error) {
	if job, ok := object.(*batchv1.Job); ok {
		job.ManagedFields = outcomes.SuspendedBy(job)
		job.Annotations = nil
		job.Spec.Template = corev1.PodTemplateSpec{}
		if job.Spec.PodFailurePolicy != nil {
			job.Spec.PodFailurePolicy = &batchv1.PodFailurePolicy{} // whether there is one decides what a failure means
		}
		job.Spec.Selector = nil
	}
	return object, nil
}
