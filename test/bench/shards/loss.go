// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/shard"
	"github.com/meetingops/meeting-recording-operator/test/bench/proc"
	"github.com/meetingops/meeting-recording-operator/test/bench/script"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

const (
	// gone is the shard that is lost.
	gone = "eu-2"
	// calm is how long there is load before it is lost, and after it is back.
	calm = 10 * time.Second
	// between is the time between two events of a recording, and ramp how long it takes until the first recordings send their last.
	between = 3 * time.Second
	ramp    = 3*between + time.Second
	// maxAnswer is how long an answer may take: --write-timeout and the disk.
	maxAnswer = 2500 * time.Millisecond
)

// measureLoss sends a steady load, kills the control plane of a shard in the middle of it, and starts it again.
func (b *bench) measureLoss(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	duration := ramp + calm + b.lost + calm
	receiver, err := b.startReceiver(ctx, "receiver", names)
	if err != nil {
		return err
	}
	defer receiver.Stop()
	l := b.newLoad(receiver, int(duration.Seconds())*perSecond)
	sent := make(chan error, 1)
	tell("send %d recordings in %s", l.script.Recordings, duration)
	go func() { sent <- l.sendSteadily(ctx) }()
	if !harness.Sleep(ctx, ramp+calm) {
		return ctx.Err()
	}
	tell("kill the control plane of %s", gone)
	lost := time.Now()
	b.clusters[gone].Kill()
	if !harness.Sleep(ctx, b.lost) {
		return ctx.Err()
	}
	back := time.Now()
	waiting, err := l.waiting(ctx)
	if err != nil {
		return err
	}
	tell("%d events of %s wait on disk; start its control plane again", waiting[gone], gone)
	if err := b.clusters[gone].Run(ctx); err != nil {
		return err
	}
	ready := time.Now()
	if err := <-sent; err != nil {
		return err
	}
	if err := harness.Await(ctx, time.Minute, "the spools are empty", func(ctx context.Context) error {
		left, err := l.waiting(ctx)
		for name, events := range left {
			if events > 0 {
				err = errors.Join(err, fmt.Errorf("%d events of %s wait", events, name))
			}
		}
		return err
	}); err != nil {
		return err
	}
	b.report.emptied = time.Since(ready)
	b.report.waiting = waiting
	usage, err := proc.ReadUsage(l.receiver.PID())
	if err != nil {
		return err
	}
	b.report.memory = usage.PeakRSS
	l.sort(lost, back)
	return l.check(ctx)
}

// waiting reads how many events wait on disk for each shard.
func (l *load) waiting(ctx context.Context) (map[string]int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, l.receiver.Metrics, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	waiting := map[string]int{}
	for _, name := range names {
		series := fmt.Sprintf("\nmeetingrecording_spool_events{shard=%q} ", name)
		_, after, found := strings.Cut(string(text), series)
		var events int
		if _, err := fmt.Sscan(after, &events); !found || err != nil {
			return nil, fmt.Errorf("no %s in the receiver's metrics", strings.TrimSpace(series))
		}
		waiting[name] = events
	}
	return waiting, nil
}

// sort puts the answers of the lost shard and of the others apart.
func (l *load) sort(lost, back time.Time) {
	r := &l.report
	for _, a := range l.answers {
		isMeanwhile := a.sent.After(lost) && a.sent.Before(back)
		switch {
		case a.shard == gone && isMeanwhile:
			r.lost = append(r.lost, a.took)
			if a.status == http.StatusAccepted && a.sent.Add(a.took).Before(back) {
				r.spooled++
			}
			if a.status != http.StatusAccepted {
				r.notSpooled++
			}
		case a.shard == gone:
		case isMeanwhile:
			r.while = append(r.while, a.took)
		case a.sent.Before(lost) && a.sent.After(lost.Add(-calm)):
			r.before = append(r.before, a.took)
		}
		if a.shard != gone && a.status != http.StatusOK {
			phase := 2
			if isMeanwhile {
				phase = 1
			} else if a.sent.Before(lost) {
				phase = 0
			}
			r.waited[phase]++
		}
	}
}

// check compares what the clusters have with what was acknowledged: everything that was sent.
func (l *load) check(ctx context.Context) error {
	expected := map[string]string{} // the shard of each recording
	for i := range l.script.Recordings {
		recording := l.script.Recording(i)
		expected[recording.Name] = shard.Of(names, recording.SessionID)
	}
	l.report.events = len(expected) * len(script.Lifecycle)
	err := harness.Await(ctx, time.Minute, "each recording has its Job", func(ctx context.Context) error {
		jobs := 0
		for _, c := range l.clusters {
			if c.manager.State() != nil { // it ends where etcd could have been restored, and a kubelet starts it again
				if err := l.startManager(ctx, c); err != nil {
					return err
				}
			}
			list, err := c.Clients.BatchV1().Jobs(namespace).List(ctx, metav1.ListOptions{})
			if err != nil {
				return err
			}
			for _, job := range list.Items {
				if _, isOurs := expected[recordingOf(job)]; isOurs {
					jobs++
				}
			}
		}
		if jobs != len(expected) {
			return fmt.Errorf("%d recordings have %d Jobs", len(expected), jobs)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for name, c := range l.clusters {
		var list v1alpha1.MeetingRecordingList
		if err := c.client.List(ctx, &list, client.InNamespace(namespace)); err != nil {
			return fmt.Errorf("list the recordings of %s: %w", name, err)
		}
		for _, recording := range list.Items {
			if !strings.HasPrefix(recording.Spec.SessionID, l.script.Tag) {
				continue
			}
			if expected[recording.Name] != name {
				l.report.misplaced++
			}
			l.report.count(recording.Status.Recording.Events)
		}
	}
	return nil
}

func recordingOf(job batchv1.Job) string { return job.Labels[v1alpha1.LabelRecording] }
