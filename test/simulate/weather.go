// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/meetingops/meeting-recording-operator/test/harness/memoryapi"
)

var (
	errRefused = fmt.Errorf("dial tcp: %w", syscall.ECONNREFUSED)
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
	tally map[Kind]int   // how often each kind had an effect
}

// applied counts an effect of a fault.
func (w *weather) applied(f Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tally[f.Kind]++
}

// is returns the faults of these kinds that happen to a process now.
func (w *weather) is(who string, kinds ...Kind) []Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	var on []Fault
	now := time.Since(w.world.begin)
	for _, f := range w.faults {
		if w.calm && f.Kind != KeptByPolicy {
			continue
		}
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

var callFaults = []Kind{
	Refused, Slow, Errors, LostAnswers, Throttled, NoRights, QuotaFull, BadStatus, Frozen, KilledAtCall, Restored, KeptByPolicy, SessionBroken,
}

// fault is what happens to a call of a process.
func (w *weather) fault(p *process, call memoryapi.Call) memoryapi.Fault {
	if p.isDead() {
		return memoryapi.Fault{Refused: errDead}
	}
	w.world.story.called(p.name, call)
	r := w.world.dice.of(p.name + call.Verb + call.Resource + call.Subresource + call.Name + call.Selector + digest(call.Body))
	fault := memoryapi.Fault{Before: between(r, 100*time.Microsecond, 5*time.Millisecond), After: between(r, 100*time.Microsecond, 5*time.Millisecond)}
	for _, f := range w.is(p.name, callFaults...) {
		if f.Percent > 0 && f.Kind != KeptByPolicy && f.Kind != SessionBroken && !chance(r, f.Percent) {
			continue
		}
		before := fault
		w.add(p, f, call, &fault, r)
		if fault != before {
			w.applied(f)
		}
		if fault.Refused != nil || fault.Lost != nil {
			break
		}
	}
	if err := cmp.Or(fault.Refused, fault.Lost); err != nil {
		w.world.story.tell("%s: %s %s %s %s fails: %v", p.name, call.Verb, call.Resource, call.Name, call.Subresource, err)
		seedJitter(w.world.dice.at("jitter", uint64(time.Now().UnixNano())))
	}
	return fault
}

// add adds what a fault does to a call.
func (w *weather) add(p *process, f Fault, call memoryapi.Call, fault *memoryapi.Fault, r *rand.Rand) { //nolint:gocyclo // one case for each kind
	resource := schema.GroupResource{Resource: call.Resource}
	isLease := call.Resource == "leases"
	switch f.Kind {
	case Refused, Restored:
		fault.Refused = errRefused
	case Slow:
		amount := between(r, f.Amount/4, f.Amount)
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
		}[r.IntN(4)]
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
	case KeptByPolicy:
		if call.Verb == "delete" && call.Resource == "meetingrecordings" && w.world.isKept(f, call.Name) {
			fault.Refused = apierrors.NewForbidden(resource, call.Name, errors.New("denied by a policy"))
		}
	case SessionBroken:
		if call.Verb == "patch" && strings.HasPrefix(p.name, "sidecar") && w.world.isBroken(f, call.Name) {
			fault.Refused = apierrors.NewInternalError(errors.New("failed calling webhook"))
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
			if r.IntN(2) == 0 {
				fault.Refused = errDead
			}
			w.world.story.tell("%s is killed at its %s of %s %s", p.name, call.Verb, call.Resource, call.Name)
			p.dead.Store(true)
			w.world.later("kill", time.Nanosecond, func() { w.world.kill(p.name, f) })
		}
	}
}

// arrives says when a change arrives at a process that the watch cache has at a time. It is the same however often it is asked.
func (w *weather) arrives(p *process, watch memoryapi.Call, version uint64, cached time.Time) time.Time {
	r := w.world.dice.at(p.name+"watch"+watch.Resource+watch.Selector, version)
	later := between(r, 50*time.Microsecond, 3*time.Millisecond)
	for _, f := range w.faults {
		if end := w.world.begin.Add(f.To); f.Kind == Frozen && f.concerns(p.name) && f.isOn(cached.Sub(w.world.begin)) && cached.Before(end) {
			cached = end
		}
	}
	return cached.Add(later)
}

// ends reports whether a watch ends instead of bringing a change.
func (w *weather) ends(p *process, watch memoryapi.Call, version uint64) bool {
	if p.isDead() {
		return true
	}
	for _, f := range w.is(p.name, WatchCut) {
		if chance(w.world.dice.of(draw(p.name, "cut", watch.Resource, watch.Selector, version)), f.Percent) {
			w.applied(f)
			return true
		}
	}
	return false
}
