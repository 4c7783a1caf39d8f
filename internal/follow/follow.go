// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package follow lists and watches MeetingRecordings without a cache: callers keep what they need. [Source.Run] follows them until the context
// ends; [Source] has the single steps.
package follow

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings,verbs=get;list;watch

const (
	// InFlight selects the recordings whose processing has not ended.
	InFlight = "status.processing.state!=Succeeded,status.processing.state!=Failed,status.processing.state!=Skipped"
	// Finished selects the recordings whose processing has ended.
	Finished = "status.processing.state!=,status.processing.state!=Waiting,status.processing.state!=Queued," +
		"status.processing.state!=Running,status.processing.state!=Suspended"
	// pageSize limits one response of the API server to about 2 MiB.
	pageSize = 500
	// watchTimeout is how long the API server keeps a watch open. The next watch continues there.
	watchTimeout = 30 * time.Minute
	// reachedTimeout is how long Reached waits for the API server.
	reachedTimeout = 10 * time.Second
)

// ErrCompacted is returned if the API server no longer has a version, or never had it, or refused a connection: it may come back with an etcd
// that was restored, and is past that version again with other changes.
var ErrCompacted = errors.New("the API server no longer has that version")

// Source reads the recordings of one namespace, or of all with "".
type Source struct {
	Client    client.WithWatch
	Namespace string
	// Selector is the field selector of Follow; empty selects all.
	Selector string
	// Pause is the time between two pages of List, so that a long list does not slow down other requests.
	Pause time.Duration
}

// Sources returns one source for each of the namespaces, or one for all.
func Sources(reader client.WithWatch, namespaces []string) []Source {
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	sources := make([]Source, len(namespaces))
	for i, namespace := range namespaces {
		sources[i] = Source{Client: reader, Namespace: namespace}
	}
	return sources
}

// List calls each for every recording that the field selector matches, as of exactly the given version, or as of now with 0. It returns the
// version, or ErrCompacted if the version is too old.
func (s Source) List(ctx context.Context, selector string, version uint64, each func(*v1alpha1.MeetingRecording)) (uint64, error) {
	options := client.ListOptions{Namespace: s.Namespace, Limit: pageSize, Raw: &metav1.ListOptions{FieldSelector: selector}}
	if version != 0 {
		options.Raw.ResourceVersion = strconv.FormatUint(version, 10)
		options.Raw.ResourceVersionMatch = metav1.ResourceVersionMatchExact
	}
	for {
		var page v1alpha1.MeetingRecordingList
		if err := s.Client.List(ctx, &page, &options); err != nil {
			return 0, classify("list meetingrecordings", err)
		}
		for i := range page.Items {
			each(&page.Items[i])
		}
		if page.Continue == "" {
			return versionOf(page.ResourceVersion)
		}
		options.Continue, options.Raw.ResourceVersion, options.Raw.ResourceVersionMatch = page.Continue, "", ""
		pause(ctx, s.Pause)
	}
}

// Reached returns nil if the API server has reached a version, or ErrCompacted if it has not, such as after etcd was restored from a
// backup.
func (s Source) Reached(ctx context.Context, version uint64) error {
	ctx, cancel := context.WithTimeout(ctx, reachedTimeout)
	defer cancel()
	var page v1alpha1.MeetingRecordingList // as of now: a watch cache could lag, and the API server would wait for it
	if err := s.Client.List(ctx, &page, &client.ListOptions{Namespace: s.Namespace, Limit: 1}); err != nil {
		return classify("look for a version", err)
	}
	now, err := versionOf(page.ResourceVersion)
	if err == nil && now < version {
		err = fmt.Errorf("%w: it is at %d, behind %d", ErrCompacted, now, version)
	}
	return err
}

// Follow calls apply with every change after a version until the watch ends, and returns the last version. It returns ErrCompacted, errors
// of apply, and errors of the API server, after which it can be called again.
func (s Source) Follow(ctx context.Context, version uint64, apply func(watch.EventType, *v1alpha1.MeetingRecording, uint64) error) (uint64, error) {
	timeout := int64(watchTimeout.Seconds())
	watcher, err := s.Client.Watch(ctx, &v1alpha1.MeetingRecordingList{}, &client.ListOptions{Namespace: s.Namespace, Raw: &metav1.ListOptions{
		ResourceVersion: strconv.FormatUint(version, 10), AllowWatchBookmarks: true, TimeoutSeconds: &timeout, FieldSelector: s.Selector,
	}})
	if utilnet.IsConnectionRefused(err) {
		err = fmt.Errorf("%w: %w", ErrCompacted, err)
	}
	if err != nil {
		return version, classify("watch meetingrecordings", err)
	}
	defer watcher.Stop()
	// A watch from a version that the API server has not reached brings nothing until then, and never what was written meanwhile.
	if err := s.Reached(ctx, version); err != nil {
		return version, err
	}
	for event := range watcher.ResultChan() {
		if event.Type == watch.Error {
			return version, classify("watch meetingrecordings", apierrors.FromObject(event.Object))
		}
		object, ok := event.Object.(*v1alpha1.MeetingRecording)
		if !ok {
			return version, fmt.Errorf("watch meetingrecordings: unexpected object %T", event.Object)
		}
		reached, err := versionOf(object.ResourceVersion)
		if err != nil {
			return version, err
		}
		if err := apply(event.Type, object, reached); err != nil {
			return version, err
		}
		version = reached
	}
	return version, ctx.Err()
}

func classify(doing string, err error) error {
	if err == nil {
		return nil
	}
	if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) || apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge) {
		return fmt.Errorf("%s: %w: %w", doing, ErrCompacted, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

func versionOf(text string) (uint64, error) {
	version, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("the API server's resourceVersion %q is not a number", text)
	}
	return version, nil
}
