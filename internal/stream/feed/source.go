// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package feed

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings,verbs=get;list;watch

const (
	// inFlight selects the recordings whose processing is not over.
	inFlight = "status.processing.state!=Succeeded,status.processing.state!=Failed,status.processing.state!=Skipped"
	// pageSize bounds what one answer of the API server has, about 2 MiB.
	pageSize = 500
	// watchTimeout is when the API server ends a watch, which then goes on from where it was.
	watchTimeout = 30 * time.Minute
)

// errCompacted is returned where the API server no longer has a version.
var errCompacted = errors.New("the API server no longer has that version")

// source is what a Feed needs of Source.
type source interface {
	list(ctx context.Context, version uint64, each func(*v1alpha1.MeetingRecording)) (uint64, error)
	reached(ctx context.Context, version uint64) error
	follow(ctx context.Context, version uint64, apply func(watch.EventType, *v1alpha1.MeetingRecording, uint64) error) (uint64, error)
}

// Source reads one namespace's recordings, or with "" those of all.
type Source struct {
	Client client.WithWatch
	// REST asks whether the API server has come as far as a version. It does so without the retries of Client, which would take most of a
	// minute over a no.
	REST      rest.Interface
	Namespace string
}

// list calls each for every recording in flight, as of a version exactly, or with 0 as of now, and returns as of which. It returns
// errCompacted where the version is too old.
func (s Source) list(ctx context.Context, version uint64, each func(*v1alpha1.MeetingRecording)) (uint64, error) {
	options := metav1.ListOptions{FieldSelector: inFlight, Limit: pageSize}
	if version != 0 {
		options.ResourceVersion = strconv.FormatUint(version, 10)
		options.ResourceVersionMatch = metav1.ResourceVersionMatchExact
	}
	for {
		var page v1alpha1.MeetingRecordingList
		if err := s.Client.List(ctx, &page, &client.ListOptions{Namespace: s.Namespace, Raw: &options}); err != nil {
			return 0, sortOut("list meetingrecordings", err)
		}
		for i := range page.Items {
			each(&page.Items[i])
		}
		if page.Continue == "" {
			return versionOf(page.ResourceVersion)
		}
		options.Continue, options.ResourceVersion, options.ResourceVersionMatch = page.Continue, "", ""
	}
}

// reached is nil where the API server has come as far as a version, and errCompacted where it never was there, as after etcd was
// restored from a backup.
func (s Source) reached(ctx context.Context, version uint64) error {
	path := []string{"apis", v1alpha1.GroupVersion.Group, v1alpha1.GroupVersion.Version}
	if s.Namespace != "" {
		path = append(path, "namespaces", s.Namespace)
	}
	err := s.REST.Get().AbsPath(append(path, "meetingrecordings")...).
		Param("limit", "1").Param("resourceVersion", strconv.FormatUint(version, 10)).
		Param("resourceVersionMatch", string(metav1.ResourceVersionMatchNotOlderThan)).MaxRetries(0).Do(ctx).Error()
	if apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge) || apierrors.IsTimeout(err) {
		return errCompacted
	}
	return sortOut("look for a version", err)
}

// follow calls apply with everything that comes after a version, until the watch ends, and returns how far it came. Errors are
// errCompacted, those of apply, and those of reaching the API server, after which it can be called again.
func (s Source) follow(ctx context.Context, version uint64, apply func(watch.EventType, *v1alpha1.MeetingRecording, uint64) error) (uint64, error) {
	timeout := int64(watchTimeout.Seconds())
	watcher, err := s.Client.Watch(ctx, &v1alpha1.MeetingRecordingList{}, &client.ListOptions{Namespace: s.Namespace, Raw: &metav1.ListOptions{
		ResourceVersion: strconv.FormatUint(version, 10), AllowWatchBookmarks: true, TimeoutSeconds: &timeout,
	}})
	if err != nil {
		return version, sortOut("watch meetingrecordings", err)
	}
	defer watcher.Stop()
	for event := range watcher.ResultChan() {
		if event.Type == watch.Error {
			return version, sortOut("watch meetingrecordings", apierrors.FromObject(event.Object))
		}
		object, ok := event.Object.(*v1alpha1.MeetingRecording)
		if !ok {
			return version, fmt.Errorf("watch meetingrecordings: got a %T", event.Object)
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

func sortOut(doing string, err error) error {
	if err == nil {
		return nil
	}
	if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) || apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge) {
		return fmt.Errorf("%s: %w: %w", doing, errCompacted, err)
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
