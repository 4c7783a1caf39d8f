// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/delivery"
)

// telling is what is known of a recording beyond what it says itself.
type telling struct {
	uid types.UID
	// told is what the sink has been told, and since when some of it is not written down; zero where all is.
	told    v1alpha1.DeliveryTold
	unsaved time.Time
	// refusals counts how often the sink has refused the next event, which is tried again at retryAt.
	refusals int
	retryAt  time.Time
	// gone is when the recording was first found in neither cache; zero where it was not.
	gone time.Time
}

// tellings has those of recordings of which something is known. It is what would be told again after a crash.
type tellings struct {
	mu    sync.Mutex
	known map[types.NamespacedName]telling
}

func newTellings() *tellings { return &tellings{known: make(map[types.NamespacedName]telling)} }

// of returns what is known of the recording, with what it says itself.
func (t *tellings) of(recording *v1alpha1.MeetingRecording) telling {
	t.mu.Lock()
	defer t.mu.Unlock()
	known := t.known[types.NamespacedName{Namespace: recording.Namespace, Name: recording.Name}]
	if known.uid != recording.UID {
		known = telling{uid: recording.UID}
	}
	known.told = delivery.Merge(delivery.Told(recording), known.told)
	known.gone = time.Time{}
	return known
}

// keep remembers what is known.
func (t *tellings) keep(key types.NamespacedName, known telling) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known[key] = known
}

func (t *tellings) forget(key types.NamespacedName) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.known, key)
}

// missing forgets a recording that has been missed for as long as the two caches may take to agree on where it is. It returns when
// to ask again; 0 is never.
func (t *tellings) missing(key types.NamespacedName, now time.Time, patience time.Duration) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	known, ok := t.known[key]
	if !ok {
		return 0
	}
	if known.gone.IsZero() {
		known.gone = now
		t.known[key] = known
	}
	if wait := known.gone.Add(patience).Sub(now); wait > 0 {
		return wait
	}
	delete(t.known, key)
	return 0
}

// unsaved returns those of which something is not written down.
func (t *tellings) unsaved() map[types.NamespacedName]telling {
	t.mu.Lock()
	defer t.mu.Unlock()
	unsaved := make(map[types.NamespacedName]telling)
	for key, known := range t.known {
		if !known.unsaved.IsZero() {
			unsaved[key] = known
		}
	}
	return unsaved
}
