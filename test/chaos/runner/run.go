// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/meetingops/meeting-recording-operator/test/chaos/audit"
	"github.com/meetingops/meeting-recording-operator/test/chaos/plan"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

const (
	// patience is how long after the last fault everything that was acknowledged may take to come about.
	patience = 10 * time.Minute
	// quiet is how long nothing may change then, for a Job that is created twice to show itself: more than the 10 s for which a manager may go on
	// that has lost its Lease.
	quiet = 12 * time.Second
	// redeliveryWindow is the sidecar's default.
	redeliveryWindow = 10 * time.Second
)

// Outcome is what is known of a run.
type Outcome struct {
	*audit.Report
	// Deliveries counts webhooks, and Attempts how often they were sent; Ignored are those that are about no recording.
	Deliveries, Attempts, Ignored int
	// Answers counts attempts by their answer, and Faults by their name.
	Answers, Faults map[string]int
	// Endings counts how often each program ended by itself, such as a manager that leads no longer.
	Endings map[string]int
	// LongestDelay is the longest time from an acknowledgement to the status; Sending, Settling and Total say how long what took.
	LongestDelay             time.Duration
	Sending, Settling, Total time.Duration
	// Disks says how a full disk was made.
	Disks string
}

// Run brings up a world, has it suffer a plan, and audits what came of it. It returns an error where that could not be
// done, and with an Outcome where only some of the faults could not be made.
func Run(ctx context.Context, size plan.Size, options Options) (*Outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	begin := time.Now()
	w, err := newWorld(ctx, options)
	defer w.close()
	if err != nil {
		return nil, err
	}
	w.observer.onJob = func(job *batchv1.Job) { w.kubelet.runJob(ctx, job) }
	w.watch(ctx)
	sessions, deliveries := plan.Sessions(size)
	s := newSender(w.provider, sessions, w.links["webhooks of "+plan.SidecarA].address(), w.links["webhooks of "+plan.SidecarB].address())
	i := &injector{world: w, counts: map[string]int{}}
	w.Out("everything runs after %s: %d webhooks of %d sessions", time.Since(begin).Round(time.Second), len(deliveries), len(sessions))

	started := time.Now()
	var listed []string
	if size.LostPercent > 0 || w.Backfill {
		listed = w.list(sessions, started)
	}
	disturb, calm := context.WithCancel(ctx)
	defer calm()
	var sending, disturbing sync.WaitGroup
	if w.Backfill {
		disturbing.Go(func() { w.disturbBackfill(disturb, size.Seed) })
	}
	sending.Go(func() { s.send(ctx, deliveries, size.Seed) })
	failed := i.run(ctx, plan.Faults(size))
	sending.Wait()
	calm()
	disturbing.Wait()
	sent := time.Now()
	w.Out("all webhooks are sent and all faults are over after %s", sent.Sub(started).Round(time.Second))
	if err := w.settle(ctx, s.events, listed); err != nil {
		w.Out("%v: what is missing follows", err)
	}
	outcome := &Outcome{
		Deliveries: len(deliveries), Attempts: s.attempts, Ignored: s.ignored, Answers: s.answers, Faults: i.counts, Endings: map[string]int{},
		Sending: sent.Sub(started), Settling: time.Since(sent), Disks: w.kindOfDisks(),
	}
	if err := w.evaluate(ctx, outcome, s, listed); err != nil {
		return nil, err
	}
	outcome.Total = time.Since(begin)
	if failed != nil {
		return outcome, fmt.Errorf("faults did not happen as they should: %w", failed)
	}
	return outcome, nil
}

// evaluate audits what the API server has.
func (w *world) evaluate(ctx context.Context, outcome *Outcome, s *sender, listed []string) error {
	objects, err := w.objects(ctx)
	if err != nil {
		return err
	}
	steps, err := w.steps(ctx)
	if err != nil {
		return err
	}
	outcome.Report = audit.Audit(audit.Input{
		Sessions: s.recordings(), Events: s.events, Objects: objects, Jobs: w.observer.seenJobs(), Steps: steps, Window: redeliveryWindow,
		Listed: listed, Skews: w.skews.all,
	})
	outcome.LongestDelay = audit.Longest(w.observer.sightings.Delays(s.events))
	for name, process := range w.processes {
		outcome.Endings[name] = process.Endings()
	}
	return nil
}

// settle waits until what was acknowledged has come about, the spools are empty, and nothing changes any more.
func (w *world) settle(ctx context.Context, events []audit.Event, listed []string) error {
	if err := w.control.AwaitReady(ctx, nil); err != nil {
		return err
	}
	if err := w.awaitPrograms(ctx); err != nil {
		return err
	}
	return harness.Await(ctx, patience, "everything that was acknowledged comes about", func(ctx context.Context) error {
		if missing := w.observer.missing(events); missing != "" {
			return fmt.Errorf("%s", missing)
		}
		if err := w.awaitBackfilled(listed); err != nil {
			return err
		}
		for _, name := range sidecars {
			waiting, err := metric(ctx, "http://"+w.metrics[name]+"/metrics", "meetingrecording_spool_events")
			if err != nil {
				return err
			}
			if waiting > 0 {
				return fmt.Errorf("%.0f events wait in the spool of %s", waiting, name)
			}
		}
		if still := w.observer.quietFor(); still < quiet {
			return fmt.Errorf("something changed %s ago", still.Round(time.Millisecond))
		}
		return nil
	})
}

// metric reads a metric without labels.
func metric(ctx context.Context, url, name string) (float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if value, found := strings.CutPrefix(lines.Text(), name+" "); found {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, fmt.Errorf("%s has no %s", url, name)
}

func (w *world) kindOfDisks() string {
	if w.disks[plan.SidecarA] == nil {
		return "no disk of its own (not root): --spool-max-bytes=1Mi"
	}
	return fmt.Sprintf("ENOSPC of a tmpfs of %d MiB", diskBytes>>20)
}
