// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"context"
	"fmt"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
)

const (
	// finishedPage is how many finished recordings one request lists, and pagePause how long to wait between two requests, so that a
	// start with many of them does not slow down those in flight.
	finishedPage = 250
	pagePause    = 250 * time.Millisecond
	// relistAfter is how soon the recordings are listed again after an error.
	relistAfter    = time.Second
	maxRelistAfter = time.Minute
)

// stateField is the field by which the API server selects recordings, see the CRD's selectableFields.
const stateField = "status.processing.state"

// Finished selects recordings whose processing has ended.
func Finished() fields.Selector {
	var all []fields.Selector
	for _, state := range []v1alpha1.ProcessingState{"", v1alpha1.ProcessingWaiting, v1alpha1.ProcessingQueued, v1alpha1.ProcessingRunning,
		v1alpha1.ProcessingSuspended} {
		all = append(all, fields.OneTermNotEqualSelector(stateField, string(state)))
	}
	return fields.AndSelectors(all...)
}

// Unfinished selects recordings whose processing has not ended.
func Unfinished() fields.Selector {
	var all []fields.Selector
	for _, state := range []v1alpha1.ProcessingState{v1alpha1.ProcessingSucceeded, v1alpha1.ProcessingFailed, v1alpha1.ProcessingSkipped} {
		all = append(all, fields.OneTermNotEqualSelector(stateField, string(state)))
	}
	return fields.AndSelectors(all...)
}

// needsObservation reports whether a finished recording requests a rerun, or has a spec that was not observed.
func needsObservation(recording *v1alpha1.MeetingRecording) bool {
	return !planning.IsObserved(recording) || planning.RerunIsDue(recording)
}

// finished finds finished recordings whose spec has changed: they are not in the manager's cache. It lists all of them once, by pages,
// and then watches, and keeps nothing but the keys of those that are to be reconciled.
type finished struct {
	reader client.WithWatch
	mu     sync.Mutex
	keys   map[types.NamespacedName]bool
	queue  requests
}

func newFinished() *finished { return &finished{keys: make(map[types.NamespacedName]bool)} }

// register adds one watch for each namespace to the manager, so that one that fails does not stop the others.
func (f *finished) register(mgr ctrl.Manager, namespaces []string) error {
	reader, err := client.NewWithWatch(mgr.GetConfig(), client.Options{HTTPClient: mgr.GetHTTPClient(), Scheme: mgr.GetScheme(), Mapper: mgr.GetRESTMapper()})
	if err != nil {
		return fmt.Errorf("set up the watch of finished recordings: %w", err)
	}
	f.reader = reader
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	for _, namespace := range namespaces {
		if err := mgr.Add(&finishedWatch{finished: f, namespace: namespace}); err != nil {
			return fmt.Errorf("set up the watch of finished recordings: %w", err)
		}
	}
	return nil
}

// source is given the controller's work queue.
func (f *finished) source() source.Source {
	return source.Func(func(_ context.Context, queue requests) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.queue = queue
		for key := range f.keys {
			queue.Add(reconcile.Request{NamespacedName: key})
		}
		return nil
	})
}

func (f *finished) add(recording *v1alpha1.MeetingRecording) {
	if !needsObservation(recording) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	key := client.ObjectKeyFromObject(recording)
	f.keys[key] = true
	if f.queue != nil {
		f.queue.Add(reconcile.Request{NamespacedName: key})
	}
}

func (f *finished) has(key types.NamespacedName) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.keys[key]
}

func (f *finished) observed(key types.NamespacedName) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.keys, key)
}

// finishedWatch is the watch of one namespace, or of all.
type finishedWatch struct {
	*finished
	namespace string
}

// NeedLeaderElection makes it run in the leader only.
func (w *finishedWatch) NeedLeaderElection() bool { return true }

// Start lists and watches until the context ends.
func (w *finishedWatch) Start(ctx context.Context) error {
	backoff := wait.Backoff{Duration: relistAfter, Factor: 2, Jitter: 0.5, Steps: 10, Cap: maxRelistAfter}
	for delay := backoff; ctx.Err() == nil; {
		version, err := w.list(ctx)
		if err == nil {
			delay = backoff
			err = w.watch(ctx, version)
		}
		if err != nil && ctx.Err() == nil {
			log.FromContext(ctx).Error(err, "Finished recordings are not watched, retrying", "namespace", w.namespace)
		}
		pause(ctx, delay.Step())
	}
	return nil
}

func pause(ctx context.Context, duration time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(duration):
	}
}

// list adds those of all finished recordings that need it, and returns the version to watch from.
func (w *finishedWatch) list(ctx context.Context) (version string, err error) {
	options := &client.ListOptions{Namespace: w.namespace, FieldSelector: Finished(), Limit: finishedPage}
	for {
		var page v1alpha1.MeetingRecordingList
		if err := w.reader.List(ctx, &page, options); err != nil {
			return "", fmt.Errorf("list the finished recordings: %w", err)
		}
		for i := range page.Items {
			w.add(&page.Items[i])
		}
		if version == "" {
			version = page.ResourceVersion
		}
		if options.Continue = page.Continue; options.Continue == "" {
			return version, nil
		}
		pause(ctx, pagePause)
	}
}

// watch adds the finished recordings that change, until the API server cannot continue from where it was.
func (w *finishedWatch) watch(ctx context.Context, version string) error {
	for ctx.Err() == nil {
		changes, err := w.reader.Watch(ctx, &v1alpha1.MeetingRecordingList{}, &client.ListOptions{
			Namespace: w.namespace, FieldSelector: Finished(),
			Raw: &metav1.ListOptions{ResourceVersion: version, AllowWatchBookmarks: true},
		})
		if err != nil {
			return fmt.Errorf("watch the finished recordings: %w", err)
		}
		again := w.follow(changes, &version)
		changes.Stop()
		if !again {
			return nil // list again
		}
		pause(ctx, relistAfter)
	}
	return nil
}

// follow reports whether the watch can be continued from the version.
func (w *finishedWatch) follow(changes watch.Interface, version *string) bool {
	for change := range changes.ResultChan() {
		recording, ok := change.Object.(*v1alpha1.MeetingRecording)
		if !ok || change.Type == watch.Error {
			return false
		}
		*version = recording.ResourceVersion
		if change.Type == watch.Added || change.Type == watch.Modified {
			w.add(recording)
		}
	}
	return true
}
