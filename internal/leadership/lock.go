// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package leadership knows whether a manager leads for sure. client-go tells a manager that it leads, and ends it some seconds after it does
// no longer: one that was stopped for longer than its Lease, or cannot reach the API server, goes on for up to RenewDeadline beside the
// next one.
package leadership

import (
	"context"
	"sync"
	"time"

	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/utils/clock"
)

// Lock is a lock of a leader election that remembers when it was renewed.
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

// Guard returns a lock that is the given one. A renewal is trusted for as long as trust says: less than LeaseDuration, by what a write
// under way may take.
func Guard(lock resourcelock.Interface, trust time.Duration, clock clock.PassiveClock) *Lock {
	return &Lock{Interface: lock, trust: trust, clock: clock}
}

// Term returns the number of the term for which we lead, and whether we do for sure, now. Between two moments of one term nobody else has led.
func (l *Lock) Term() (term int64, leads bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.term, l.held && l.clock.Since(l.renewedAt) < l.trust
}

// Get implements resourcelock.Interface. Who sees another's name on the Lease leads no longer.
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

// Update implements resourcelock.Interface. The API server takes it only from who has seen the last one.
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
