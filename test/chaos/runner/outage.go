// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/meetingops/meeting-recording-operator/test/chaos/audit"
	"github.com/meetingops/meeting-recording-operator/test/chaos/plan"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// Outage is how long the API server is unavailable, and how many webhooks come meanwhile.
type Outage struct {
	// Seed makes the sessions' ids.
	Seed uint64
	// PerSecond is how many webhooks are sent in a second, and Away for how long the API server is stopped.
	PerSecond int
	Away      time.Duration
}

// Promises on an outage.
const (
	AnswerWithin  = 2500 * time.Millisecond
	CaughtUpAfter = 30 * time.Second
	// before is for how long webhooks are sent before the API server goes away.
	before = 5 * time.Second
)

// OutageOutcome is what is known of an outage.
type OutageOutcome struct {
	*audit.Report
	// Answers counts webhooks by their answer; Cut are those that were sent again because the sidecar that had them was killed.
	Answers map[string]int
	Cut     int
	// Slowest is the longest time from sending to the answer, with sending again included.
	Slowest time.Duration
	// CaughtUp is how long after the API server's return all was in the status.
	CaughtUp time.Duration
}

// Problems says which promises were not kept.
func (o *OutageOutcome) Problems() []string {
	problems := append(append(append([]string{}, o.Lost...), o.Doubled...), o.Wrong...)
	for answer, count := range o.Answers {
		if answer[0] != '2' {
			problems = append(problems, fmt.Sprintf("%d webhooks were answered %s", count, answer))
		}
	}
	if o.Slowest > AnswerWithin {
		problems = append(problems, fmt.Sprintf("an answer took %s, more than %s", o.Slowest, AnswerWithin))
	}
	if o.CaughtUp > CaughtUpAfter {
		problems = append(problems, fmt.Sprintf("all was in the status only %s after the API server's return, more than %s", o.CaughtUp, CaughtUpAfter))
	}
	return problems
}

// RunOutage stops the API server under load: it hangs for the first half, and refuses connections for the second. In the middle of the first a
// sidecar is killed and started again.
func RunOutage(ctx context.Context, outage Outage, options Options) (*OutageOutcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := newWorld(ctx, options)
	defer w.close()
	if err != nil {
		return nil, err
	}
	w.observer.onJob = func(job *batchv1.Job) { w.kubelet.runJob(ctx, job) }
	w.watch(ctx)
	sessions, deliveries := plan.Steady(outage.Seed, outage.PerSecond, before+outage.Away)
	s := newSender(w.provider, sessions, "sidecars")
	service := &service{addresses: []string{w.webhooks[plan.SidecarA], w.webhooks[plan.SidecarB]}}
	w.provider.Client, s.pause = service.client(), 20*time.Millisecond

	var sending sync.WaitGroup
	sending.Go(func() { s.send(ctx, deliveries, 0) })
	back, err := w.sufferOutage(ctx, outage.Away)
	if err != nil {
		return nil, err
	}
	sending.Wait()
	w.Out("the API server is back, and %d webhooks are sent", len(deliveries))
	outcome := &Outcome{Endings: map[string]int{}}
	caughtUp := harness.Await(ctx, patience, "everything is in the status", func(context.Context) error {
		if !w.observer.hasSeen(s.events) {
			return errors.New("events are missing")
		}
		return nil
	})
	result := &OutageOutcome{Answers: s.answers, Cut: s.answers[noAnswer], Slowest: s.slowest, CaughtUp: time.Since(back)}
	delete(result.Answers, noAnswer)
	w.Out("all is in the status (%v); waiting for the Jobs", caughtUp == nil)
	if err := w.settle(ctx, s.events, nil); err != nil {
		w.Out("%v: what is missing follows", err)
	}
	if err := w.evaluate(ctx, outcome, s, nil); err != nil {
		return nil, err
	}
	result.Report = outcome.Report
	return result, nil
}

// sufferOutage returns when the API server is ready again, and when that was.
func (w *world) sufferOutage(ctx context.Context, away time.Duration) (back time.Time, err error) {
	harness.Sleep(ctx, before)
	w.Out("the API server hangs")
	if err := w.control.APIServer.Signal(syscall.SIGSTOP); err != nil {
		return back, err
	}
	harness.Sleep(ctx, away/4)
	w.Out("SIGKILL of a sidecar, which is started again")
	w.processes[plan.SidecarA].Kill()
	if err := w.processes[plan.SidecarA].Start(); err != nil {
		return back, err
	}
	harness.Sleep(ctx, away/4)
	w.Out("the API server refuses connections")
	w.control.APIServer.Kill()
	harness.Sleep(ctx, away/2)
	w.Out("the API server is started again")
	if err := w.control.APIServer.Start(); err != nil {
		return back, err
	}
	err = w.control.AwaitReady(ctx, nil)
	return time.Now(), err
}

// service dials one of several addresses after another, and leaves out those that refuse, as a Service does with Pods that are not there.
type service struct {
	addresses []string
	next      atomic.Uint32
}

func (s *service) client() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: s.dial, DisableKeepAlives: true}}
}

func (s *service) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	first := s.next.Add(1)
	var err error
	for i := range uint32(len(s.addresses)) {
		var connection net.Conn
		connection, err = new(net.Dialer).DialContext(ctx, network, s.addresses[(first+i)%uint32(len(s.addresses))])
		if err == nil {
			return connection, nil
		}
	}
	return nil, err
}
