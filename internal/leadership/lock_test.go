// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package leadership

import (
	"context"
	"errors"
	"testing"
	"time"

	"k8s.io/client-go/tools/leaderelection/resourcelock"
	clocktesting "k8s.io/utils/clock/testing"
)

// lease is one as the API server has it.
type lease struct {
	resourcelock.Interface
	holder string
	err    error
	takes  func()
}

func (l *lease) Identity() string { return "me" }

func (l *lease) Get(context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	return &resourcelock.LeaderElectionRecord{HolderIdentity: l.holder}, nil, l.err
}

func (l *lease) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	return l.Update(ctx, record)
}

func (l *lease) Update(_ context.Context, record resourcelock.LeaderElectionRecord) error {
	if l.takes != nil {
		l.takes()
	}
	if l.err == nil {
		l.holder = record.HolderIdentity
	}
	return l.err
}

func TestTerm(t *testing.T) {
	const trust = 10 * time.Second
	now := clocktesting.NewFakePassiveClock(time.Unix(0, 0))
	pass := func(d time.Duration) { now.SetTime(now.Now().Add(d)) }
	there := &lease{}
	lock := Guard(there, trust, now)
	mine := resourcelock.LeaderElectionRecord{HolderIdentity: "me"}
	expect := func(when string, wantTerm int64, wantLeads bool) {
		t.Helper()
		if term, leads := lock.Term(); term != wantTerm || leads != wantLeads {
			t.Errorf("%s: term %d, leads %t; want %d, %t", when, term, leads, wantTerm, wantLeads)
		}
	}
	update := func(record resourcelock.LeaderElectionRecord) { _ = lock.Update(t.Context(), record) }
	get := func() { _, _, _ = lock.Get(t.Context()) }

	expect("at first", 0, false)
	if err := lock.Create(t.Context(), mine); err != nil {
		t.Fatal(err)
	}
	expect("acquired", 1, true)
	pass(9 * time.Second)
	update(mine)
	pass(9 * time.Second)
	expect("renewed", 1, true)
	pass(time.Second)
	expect("not renewed in time", 1, false)
	get()
	update(mine)
	expect("nobody else has had it: the API server took the renewal", 1, true)

	there.err = errors.New("conflict")
	pass(5 * time.Second)
	update(mine)
	get()
	expect("not renewed, and not known who has it", 1, true)
	pass(5 * time.Second)
	expect("that for longer", 1, false)

	there.err, there.holder = nil, "other"
	update(mine)
	get()
	expect("renewed", 1, true)
	there.holder = "other"
	get()
	expect("another has it", 1, false)
	there.holder = "" // and has given it back
	get()
	update(mine)
	expect("acquired again", 2, true)

	update(resourcelock.LeaderElectionRecord{})
	expect("released", 2, false)

	update(mine)
	there.takes = func() { pass(20 * time.Second) }
	update(mine)
	expect("stopped while it was renewed", 3, false)
}
