// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/chaos/audit"
	"github.com/meetingops/meeting-recording-operator/test/chaos/plan"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// injector makes faults happen, and counts them.
type injector struct {
	world *world

	mu     sync.Mutex
	counts map[string]int
	errs   []error
}

// run makes all faults happen at their times from now on, and returns when all are over.
func (i *injector) run(ctx context.Context, faults []plan.Fault) error {
	begin := time.Now()
	var lasting sync.WaitGroup
	for _, fault := range faults {
		if !harness.Sleep(ctx, time.Until(begin.Add(fault.At))) {
			break
		}
		lasting.Go(func() { i.happen(ctx, begin, fault) })
	}
	lasting.Wait()
	i.mu.Lock()
	defer i.mu.Unlock()
	return errors.Join(i.errs...)
}

func (i *injector) happen(ctx context.Context, begin time.Time, fault plan.Fault) {
	i.world.Out("%6.1fs %s%s for %s", time.Since(begin).Seconds(), fault.Name(), detail(fault), fault.For.Round(100*time.Millisecond))
	err := i.world.suffer(ctx, fault)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.counts[fault.Name()]++
	if err != nil {
		i.errs = append(i.errs, fmt.Errorf("%s of %s: %w", fault.Name(), fault.Target, err))
	}
}

func detail(fault plan.Fault) string {
	if fault.Skew != 0 {
		return fmt.Sprintf(" by %s at %s", fault.Skew.Round(time.Second), fault.Target)
	}
	if fault.Toxic == "" {
		return ""
	}
	return fmt.Sprintf(" on %d %% at %s", fault.Share, fault.Target)
}

// suffer makes a fault happen, and returns when it is over.
func (w *world) suffer(ctx context.Context, fault plan.Fault) error {
	process := w.processes[fault.Target]
	switch fault.Kind {
	case plan.Kill, plan.Away:
		process.Kill()
		harness.Sleep(ctx, fault.For)
		return process.Start()
	case plan.Terminate:
		process.Terminate()
		harness.Sleep(ctx, fault.For)
		return process.Start()
	case plan.Stop:
		return stop(ctx, process, fault.For)
	case plan.StopLeader:
		return stop(ctx, w.leader(), fault.For)
	case plan.RotateKey:
		w.provider.Rotate()
		return w.provider.WriteKey(w.keyFile)
	case plan.ToxicIn:
		return w.poison(ctx, w.links["webhooks of "+fault.Target], fault)
	case plan.ToxicBehind:
		return w.poison(ctx, w.links["API of "+fault.Target], fault)
	case plan.DiskFull:
		return w.fillDisk(ctx, fault)
	case plan.ClockAhead, plan.ClockBehind:
		return w.skewClock(ctx, fault)
	}
	return fmt.Errorf("no such kind of fault")
}

// skewClock has a sidecar's clock jump, and jump back.
func (w *world) skewClock(ctx context.Context, fault plan.Fault) error {
	path := w.spools[fault.Target] + ".clock"
	begin := time.Now()
	if err := os.WriteFile(path, []byte(fault.Skew.String()), 0o600); err != nil {
		return err
	}
	harness.Sleep(ctx, fault.For)
	err := os.Remove(path)
	w.skews.add(audit.Span{From: begin, To: time.Now()})
	return err
}

// spans are times when a clock was wrong.
type spans struct {
	mu  sync.Mutex
	all []audit.Span
}

func (s *spans) add(span audit.Span) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, span)
}

func stop(ctx context.Context, process *Process, d time.Duration) error {
	if err := process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	harness.Sleep(ctx, d)
	return process.Signal(syscall.SIGCONT)
}

// leader returns the manager that leads, or one of them where none does at the moment.
func (w *world) leader() *Process {
	for _, name := range managers {
		if w.processes[name].Said("Successfully acquired lease") {
			return w.processes[name]
		}
	}
	return w.processes[managers[0]]
}

func (w *world) poison(ctx context.Context, way *link, fault plan.Fault) error {
	undo, err := way.spoil(fault.Toxic, fault.Share)
	if err != nil {
		return err
	}
	harness.Sleep(ctx, fault.For)
	return undo()
}

// fillDisk replaces a sidecar, as a rollout does, fills the disk of its new spool, which has room for some events only, and takes the API server
// out of its reach, so that events have to go there. The API server is back before the disk has room again. Without disks of our own the
// bound on the spool is all there is to meet.
func (w *world) fillDisk(ctx context.Context, fault plan.Fault) error {
	begin := time.Now()
	if full := w.disks[fault.Target]; full != nil {
		process := w.processes[fault.Target]
		process.Terminate()
		if err := w.renewSpool(ctx, fault.Target); err != nil {
			return err
		}
		if err := process.Start(); err != nil {
			return err
		}
		if err := w.awaitOK(ctx, fault.Target, "/healthz"); err != nil {
			return err
		}
		if err := full.fill(); err != nil {
			return fmt.Errorf("fill the disk: %w", err)
		}
		defer func() { _ = full.empty() }()
	}
	way := w.links["API of "+fault.Target]
	way.proxy.Stop()
	harness.Sleep(ctx, time.Until(begin.Add(fault.For*4/5)))
	if err := way.proxy.Start(); err != nil {
		return err
	}
	harness.Sleep(ctx, time.Until(begin.Add(fault.For)))
	return nil
}

// renewSpool has a sidecar that has ended begin a new spool, as one in a new Pod does, unless there is something in it.
func (w *world) renewSpool(ctx context.Context, name string) error {
	folder := w.spools[name]
	segments, err := filepath.Glob(filepath.Join(folder, "*.spool"))
	if err != nil || len(segments) == 0 {
		return err
	}
	cmd := exec.CommandContext(ctx, w.binary("chaos-sidecar"), "spool", "export", "--spool-dir", folder)
	waiting, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("look into the spool: %w", err)
	}
	if len(waiting) > 0 {
		return nil
	}
	for _, segment := range segments {
		err = errors.Join(err, os.Remove(segment))
	}
	return err
}
