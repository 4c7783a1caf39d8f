// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package leadership reports whether a manager certainly leads. client-go notices only after some seconds that a manager no longer leads: one
// that was stopped for longer than its Lease, or cannot reach the API server, continues for up to RenewDeadline beside the next leader.
package leadership

import (
	"context"
	"sync"
	"time"

	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/utils/clock"
)

// Lock is the lock of a leader election that records when it was renewed.
type Lock struct {
	resourcelock.Interface
	clock clock.PassiveClock
	trust time.Duration

	mu        sync.Mutex
	term      int64
	held      bool
	renewedAt time.Time
}

var _ resourcelock.Interface = (*Lock)(nil)

// Guard wraps a lock. A renewal counts for the duration trust, which must be shorter than LeaseDuration by the time of a write in flight.
func Guard(lock resourcelock.Interface, trust time.Duration, clock clock.PassiveClock) *Lock {
	return &Lock{Interface: lock, trust: trust, clock: clock}
}

// Term returns the number of the current term, and whether this process certainly leads now. Within one term no other process has led.
func (l *Lock) Term() (term int64, leads bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.term, l.held && l.clock.Since(l.renewedAt) < l.trust
}

// Get implements resourcelock.Interface. If the Lease has another holder, this process no longer leads.
func (l *Lock) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	record, raw, err := l.Interface.Get(ctx)
	if err == nil && record.HolderIdentity != l.Identity() {
		l.lose()
	}
	return record, raw, err
}

// Create implements resourcelock.Interface.
func (l *Lock) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	return l.write(record, func() error { return l.Interface.Create(ctx, record) })
}

// Update implements resourcelock.Interface. The API server accepts it only from a client that has seen the last update.
func (l *Lock) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	return l.write(record, func() error { return l.Interface.Update(ctx, record) })
}

func (l *Lock) write(record resourcelock.LeaderElectionRecord, do func() error) error {
	if record.HolderIdentity != l.Identity() {
		l.lose() // before others may have it
		return do()
	}
	began := l.clock.Now() // others count from no earlier
	err := do()
	if err == nil {
		l.renew(began)
	}
	return err
}

func (l *Lock) renew(at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.held {
		l.term++
	}
	l.held, l.renewedAt = true, at
}

func (l *Lock) lose() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = false
}
