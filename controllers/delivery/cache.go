// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/delivery"
	"github.com/meetingops/meeting-recording-operator/internal/kube"
)

// entry is the cached state of a recording with pending events, or with deliveries that are not stored.
type entry struct {
	uid types.UID
	// version is the newest resourceVersion that was seen, and object the recording as of then. It is nil once it was taken, so that a sink
	// that fails for long costs memory for names only; then it is read again. Only entries uses both; the reconciliation uses the rest.
	version string
	object  *v1alpha1.MeetingRecording
	// written is the resourceVersion of our last write. Until it was seen, older versions may follow that lack what it stored.
	written string
	// delivered is what was delivered, stored or not; unsaved is since when some of it is not stored, zero if everything is.
	delivered v1alpha1.DeliveryStatus
	unsaved   time.Time
	// failures has the failures of pending events, by id.
	failures map[string]failure
}

// failure is the failure of an event that the sink did not accept.
type failure struct {
	attempts  int
	retryTime time.Time
	reported  bool // by a Kubernetes Event
}

// entries caches entries. It can be lost: then events are delivered again.
type entries struct {
	mu    sync.Mutex
	known map[types.NamespacedName]*entry
}

// observe caches a recording from the API server, and reports whether it needs work.
func (e *entries) observe(recording *v1alpha1.MeetingRecording, isOurs func(*v1alpha1.MeetingRecording) bool) bool {
	key := client.ObjectKeyFromObject(recording)
	e.mu.Lock()
	defer e.mu.Unlock()
	cached := e.known[key]
	if cached != nil && cached.uid != recording.UID {
		delete(e.known, key)
		cached = nil
	}
	if cached == nil {
		if !isOurs(recording) || !hasWork(recording) {
			return false
		}
		cached = &entry{uid: recording.UID, failures: make(map[string]failure)}
		e.known[key] = cached
	}
	cached.version, cached.object = recording.ResourceVersion, recording
	return true
}

// hasWork reports whether events are pending, or everything is delivered and the state does not say so.
func hasWork(recording *v1alpha1.MeetingRecording) bool {
	return len(delivery.Pending(recording, recording.Status.Delivery)) > 0 ||
		recording.Status.Processing.State.IsFinal() && recording.Status.Delivery.State != v1alpha1.DeliveryDelivered
}

// take returns what is cached, the newest version, and the recording if that was observed since it was last taken. It returns nil if nothing
// is cached.
func (e *entries) take(key types.NamespacedName) (cached *entry, version string, observed *v1alpha1.MeetingRecording) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if cached = e.known[key]; cached != nil {
		version, observed, cached.object = cached.version, cached.object, nil
	}
	return cached, version, observed
}

func (e *entries) forget(key types.NamespacedName) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.known, key)
}

// done drops the entry of a recording for which there is nothing left to do, unless something newer was observed meanwhile, or our last write
// was not.
func (e *entries) done(key types.NamespacedName, cached *entry) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.known[key] == cached && cached.object == nil && !kube.IsOlder(cached.version, cached.written) {
		delete(e.known, key)
	}
}

func (e *entries) len() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.known)
}

func (e *entries) unsaved() map[types.NamespacedName]*entry {
	e.mu.Lock()
	defer e.mu.Unlock()
	unsaved := make(map[types.NamespacedName]*entry)
	for key, cached := range e.known {
		if !cached.unsaved.IsZero() {
			unsaved[key] = cached
		}
	}
	return unsaved
}
