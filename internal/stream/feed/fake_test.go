// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package feed

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/follow"
)

// errNetwork is what the fake API server fails with.
var errNetwork = errors.New("connection refused")

// written is one write, and what a watch reports it.
type written struct {
	kind    watch.EventType
	object  *v1alpha1.MeetingRecording
	version uint64
}

// apiServer is an API server that keeps what was written since it was last compacted.
type apiServer struct {
	mu        sync.Mutex
	history   []written
	version   uint64
	compacted uint64 // versions before it are gone
	down      bool
	grown     chan struct{} // closed and made again with every change
	lists     int
	latency   time.Duration // of each event in a watch
}

func newAPIServer() *apiServer { return &apiServer{version: 100, grown: make(chan struct{})} }

func (a *apiServer) changed() {
	close(a.grown)
	a.grown = make(chan struct{})
}

// write stores an object, nil deletes it, and returns the version.
func (a *apiServer) write(name string, object *v1alpha1.MeetingRecording) uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	kind, before := watch.Added, a.stored(a.version)[name]
	switch {
	case object == nil:
		kind, object = watch.Deleted, before
	case before != nil:
		kind = watch.Modified
	}
	a.version += 3 // others write too
	object = object.DeepCopy()
	object.Name, object.ResourceVersion = name, strconv.FormatUint(a.version, 10)
	a.history = append(a.history, written{kind, object, a.version})
	a.changed()
	return a.version
}

// bookmark has watches told how far they are.
func (a *apiServer) bookmark() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.version++
	a.history = append(a.history, written{watch.Bookmark, &v1alpha1.MeetingRecording{}, a.version})
	a.changed()
}

// compact forgets what was before now.
func (a *apiServer) compact() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.compacted = a.version
}

// set brings the API server up or down; watches that run break.
func (a *apiServer) set(down bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.down = down
	a.changed()
}

// stored returns the objects as of a version.
func (a *apiServer) stored(version uint64) map[string]*v1alpha1.MeetingRecording {
	objects := map[string]*v1alpha1.MeetingRecording{}
	for _, w := range a.history {
		switch {
		case w.version > version || w.kind == watch.Bookmark:
		case w.kind == watch.Deleted:
			delete(objects, w.object.Name)
		default:
			objects[w.object.Name] = w.object
		}
	}
	return objects
}

func (a *apiServer) List(_ context.Context, _ string, version uint64, each func(*v1alpha1.MeetingRecording)) (uint64, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lists++
	switch {
	case a.down:
		return 0, errNetwork
	case version == 0:
		version = a.version
	case version < a.compacted:
		return 0, fmt.Errorf("list: %w", follow.ErrCompacted)
	}
	for _, object := range a.stored(version) {
		if !object.Status.Processing.State.IsFinal() {
			each(object)
		}
	}
	return version, nil
}

func (a *apiServer) Reached(_ context.Context, version uint64) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.down:
		return errNetwork
	case version > a.version:
		return follow.ErrCompacted
	}
	return nil
}

func (a *apiServer) Follow(ctx context.Context, version uint64, apply func(watch.EventType, *v1alpha1.MeetingRecording, uint64) error) (uint64, error) {
	a.mu.Lock()
	latency := a.latency * time.Duration(1+a.lists%5) // some watches lag behind others
	a.mu.Unlock()
	for {
		a.mu.Lock()
		grown, down, gone := a.grown, a.down, version < a.compacted
		history := a.history
		a.mu.Unlock()
		switch {
		case down:
			return version, errNetwork
		case gone:
			return version, follow.ErrCompacted
		}
		for _, w := range history {
			if w.version <= version {
				continue
			}
			time.Sleep(latency) //nolint:forbidigo // the bubble's clock
			if err := apply(w.kind, w.object, w.version); err != nil {
				return version, err
			}
			version = w.version
		}
		select {
		case <-ctx.Done():
			return version, ctx.Err()
		case <-grown:
		}
	}
}

// recordingOf returns an object of the meeting.
func recordingOf(meeting string, recording v1alpha1.RecordingStatus, processing v1alpha1.ProcessingState) *v1alpha1.MeetingRecording {
	return &v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{Namespace: "meetings"},
		Spec:       v1alpha1.MeetingRecordingSpec{MeetingID: meeting, SessionID: "s", Segment: 1},
		Status: v1alpha1.MeetingRecordingStatus{
			Recording: recording, Processing: v1alpha1.ProcessingStatus{State: processing},
		},
	}
}
