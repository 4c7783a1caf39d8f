// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/meetingops/meeting-recording-operator/test/harness/memoryapi"
)

var (
	errRefused = errors.New("dial tcp: connection refused")
	errLost    = errors.New("read tcp: connection reset by peer")
	errDead    = errors.New("the process is dead")
)

// weather is what goes wrong at what time.
type weather struct {
	world  *World
	faults []Fault

	mu    sync.Mutex
	calm  bool
	calls map[string]int // of processes that are killed at a call
}

// is returns the faults of these kinds that happen to a process now.
func (w *weather) is(who string, kinds ...Kind) []Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.calm {
		return nil
	}
	var on []Fault
	now := time.Since(w.world.begin)
	for _, f := range w.faults {
		if f.isOn(now) && f.concerns(who) && slices.Contains(kinds, f.Kind) {
			on = append(on, f)
		}
	}
	return on
}

// end ends all faults.
func (w *weather) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calm = true
}

var callFaults = []Kind{Refused, Slow, Errors, LostAnswers, Throttled, NoRights, QuotaFull, BadStatus, Frozen, KilledAtCall}

// fault is what happens to a call of a process.
func (w *weather) fault(p *process, call memoryapi.Call) memoryapi.Fault {
	if p.isDead() {
		return memoryapi.Fault{Refused: errDead}
	}
	r := w.world.dice.of(draw(p.name, call.Verb, call.Resource, call.Subresource, call.Namespace, call.Name))
	fault := memoryapi.Fault{Before: between(r, 100*time.Microsecond, 5*time.Millisecond), After: between(r, 100*time.Microsecond, 5*time.Millisecond)}
	for _, f := range w.is(p.name, callFaults...) {
		if f.Percent > 0 && !chance(r, f.Percent) {
			continue
		}
		w.add(p, f, call, &fault, between(r, f.Amount/4, f.Amount))
		if fault.Refused != nil || fault.Lost != nil {
			break
		}
	}
	if fault.Refused == nil && fault.Lost == nil {
		return p.guard(fault)
	}
	w.world.story.tell("%s: %s %s %s %s fails: %v", p.name, call.Verb, call.Resource, call.Name, call.Subresource, errors.Join(fault.Refused, fault.Lost))
	return p.guard(fault)
}

// add adds what a fault does to a call.
func (w *weather) add(p *process, f Fault, call memoryapi.Call, fault *memoryapi.Fault, amount time.Duration) { //nolint:gocyclo // one case for each kind
	resource := schema.GroupResource{Resource: call.Resource}
	isLease := call.Resource == "leases"
	switch f.Kind {
	case Refused:
		fault.Refused = errRefused
	case Slow:
		if isLease {
			amount /= 8
		}
		if amount%2 == 0 {
			fault.Before += amount
		} else {
			fault.After += amount
		}
	case Errors:
		fault.Refused = []error{
			apierrors.NewInternalError(errors.New("etcdserver: leader changed")),
			apierrors.NewServiceUnavailable("apiserver is shutting down"),
			apierrors.NewTimeoutError("request did not complete within the allotted timeout", 1),
			apierrors.NewConflict(resource, call.Name, errors.New("the object has been modified")),
		}[amount%4]
		if !call.IsWrite() || (call.Verb == "create" && apierrors.IsConflict(fault.Refused)) {
			fault.Refused = apierrors.NewServiceUnavailable("apiserver is shutting down")
		}
	case Throttled:
		fault.Refused = apierrors.NewTooManyRequests("the server has received too many requests", 1)
	case LostAnswers:
		fault.Lost = errLost
	case NoRights:
		if !isLease {
			fault.Refused = apierrors.NewForbidden(resource, call.Name, errors.New("RBAC: not allowed"))
		}
	case QuotaFull:
		if call.Resource == "jobs" && call.Verb == "create" {
			fault.Refused = apierrors.NewForbidden(resource, call.Name, errors.New("exceeded quota: jobs"))
		}
	case BadStatus:
		if call.Resource == "meetingrecordings" && call.Subresource == "status" {
			fault.Refused = apierrors.NewInvalid(schema.GroupKind{Kind: "MeetingRecording"}, call.Name, nil)
		}
	case Frozen:
		fault.Before += time.Until(w.world.begin.Add(f.To))
	case KilledAtCall:
		w.mu.Lock()
		key := fmt.Sprint(f)
		w.calls[key]++
		isIt := w.calls[key] == f.Nth
		w.mu.Unlock()
		if isIt {
			fault.Lost = errLost
			if amount%2 == 0 {
				fault.Refused = errDead
			}
			w.world.story.tell("%s is killed at its %s of %s %s", p.name, call.Verb, call.Resource, call.Name)
			p.dead.Store(true)
			w.world.later("kill", time.Nanosecond, func() { w.world.kill(p.name, f) })
		}
	}
}

// watch says how a change arrives at a process.
func (w *weather) watch(p *process, resource string, version uint64) (later time.Duration, ends bool) {
	r := w.world.dice.at(draw(p.name, "watch", resource), version)
	later = between(r, 50*time.Microsecond, 3*time.Millisecond)
	if p.isDead() {
		return later, true
	}
	for _, f := range w.is(p.name, WatchCut) {
		ends = ends || chance(w.world.dice.of(draw(p.name, "cut", resource, version)), f.Percent)
	}
	if frozen := w.is(p.name, Frozen); len(frozen) > 0 {
		later += max(0, time.Until(w.world.begin.Add(frozen[0].To)))
	}
	return later, ends
}
