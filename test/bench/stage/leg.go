// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/bench/controlplane"
	"github.com/meetingops/meeting-recording-operator/test/bench/player"
	"github.com/meetingops/meeting-recording-operator/test/bench/proc"
	"github.com/meetingops/meeting-recording-operator/test/bench/report"
	"github.com/meetingops/meeting-recording-operator/test/bench/script"
	"github.com/meetingops/meeting-recording-operator/test/bench/standin"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

const (
	// After the last outcome, what is written behind it is waited for, Kubernetes Events above all: until the API server uses less than a
	// tenth of a core. With a hundred thousand objects its own housekeeping takes it half a minute and more.
	quietFor  = 500 * time.Millisecond
	quietCPU  = quietFor / 10
	quietTry  = 240
	quietTold = "the API server is not idle %s after the last outcome: what keeps it at work?"
)

// Spec says what a leg is to be.
type Spec struct {
	Mode                       report.Mode
	Scene                      report.Scene
	Senders, Recordings, Round int
}

// Leg plays and measures one leg.
func (s *Stage) Leg(ctx context.Context, spec Spec) (report.Leg, error) {
	play := s.NextScript()
	play.Recordings, play.Senders, play.Events = spec.Recordings, spec.Senders, script.Lifecycle
	if spec.Scene == report.Burst {
		if err := s.Begin(ctx, spec, play); err != nil {
			return report.Leg{}, err
		}
		return s.End(ctx, spec, play)
	}
	return s.named(ctx, spec, play)
}

// Begin has the recordings of a script begin, unmeasured.
func (s *Stage) Begin(ctx context.Context, spec Spec, play script.Script) error {
	play.Events = script.Lifecycle[:1]
	if _, err := s.play(ctx, spec, play, false); err != nil {
		return fmt.Errorf("begin %d recordings: %w", play.Recordings, err)
	}
	return nil
}

// End has recordings of a script end that were begun, and measures it as a burst.
func (s *Stage) End(ctx context.Context, spec Spec, play script.Script) (report.Leg, error) {
	spec.Scene, play.Events = report.Burst, []string{script.Stopped}
	return s.named(ctx, spec, play)
}

func (s *Stage) named(ctx context.Context, spec Spec, play script.Script) (report.Leg, error) {
	leg, err := s.play(ctx, spec, play, true)
	if err != nil {
		return leg, fmt.Errorf("%s, %s, %d senders: %w", spec.Mode, spec.Scene, spec.Senders, err)
	}
	return leg, nil
}

// play plays a script whose recordings end, or do not.
func (s *Stage) play(ctx context.Context, spec Spec, play script.Script, ends bool) (leg report.Leg, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	inBurst := spec.Scene == report.Burst
	follower, err := standin.Start(ctx, s.Control.Config, s.namespace(spec.Mode), !inBurst)
	if err != nil {
		return leg, err
	}
	players, err := player.Start(ctx, s.order(spec, play))
	if err != nil {
		return leg, err
	}
	defer func() { err = errors.Join(err, players.Stop()) }()
	processes := s.processes(spec.Mode)
	processes[report.Player] = players.PID()
	before, err := s.measure(ctx, processes)
	if err != nil {
		return leg, err
	}
	played, err := players.Play()
	if err != nil {
		return leg, err
	}
	jobs, finished := map[string]time.Time{}, map[string]time.Time{}
	if ends {
		if jobs, err = follower.AwaitJobs(ctx, play.Recordings); err != nil {
			return leg, err
		}
	}
	if ends && !inBurst {
		if finished, err = follower.AwaitFinished(ctx, play.Recordings); err != nil {
			return leg, err
		}
	}
	if err := s.awaitQuiet(ctx); err != nil {
		return leg, err
	}
	after, err := s.read(ctx, processes)
	if err != nil {
		return leg, err
	}
	leg = newLeg(spec, play, played, jobs, finished)
	charge(&leg, before, after)
	if ends && inBurst && spec.Mode != report.Limit {
		follower.Complete() // what is left of the burst is not to be done during the next leg
		if _, err := follower.AwaitFinished(ctx, play.Recordings); err != nil {
			return leg, err
		}
	}
	return leg, nil
}

func (s *Stage) namespace(mode report.Mode) string {
	if mode == report.Limit {
		return LimitNamespace
	}
	return OursNamespace
}

func (s *Stage) order(spec Spec, play script.Script) player.Order {
	order := player.Order{Script: play}
	switch spec.Mode {
	case report.Limit:
		order.Limit = &player.Limit{
			Kubeconfig: s.limitKubeconfig, Namespace: LimitNamespace, PipelineFile: s.pipelineFile,
			JobsOnly: spec.Scene == report.Burst, Events: s.LimitEvents,
		}
	case report.Spool:
		order.Provider = &player.Provider{URL: s.Spool.URL, KeyFile: s.keyFile}
	default:
		order.Provider = &player.Provider{URL: s.Sidecar.URL, KeyFile: s.keyFile}
	}
	return order
}

// processes are those that are measured, by their numbers.
func (s *Stage) processes(mode report.Mode) map[string]int {
	processes := map[string]int{report.APIServer: s.Control.APIServer.PID(), report.Etcd: s.Control.Etcd.PID()}
	switch mode {
	case report.Ours:
		processes[report.Sidecar] = s.Sidecar.PID()
	case report.Spool:
		processes[report.Sidecar] = s.Spool.PID()
	}
	if mode != report.Limit {
		processes[report.Manager] = s.Manager.PID()
	}
	return processes
}

// reading is what was used and asked until some moment.
type reading struct {
	usage  map[string]proc.Usage
	counts controlplane.Counts
}

// measure reads before a leg: the counts first, since asking for them costs the API server something.
func (s *Stage) measure(ctx context.Context, processes map[string]int) (reading, error) {
	counts, err := s.Control.Counts(ctx)
	if err != nil {
		return reading{}, err
	}
	for name, pid := range processes {
		if err := proc.ResetPeak(pid); err != nil {
			return reading{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	usage, err := usageOf(processes)
	return reading{usage, counts}, err
}

// read reads after a leg: the counts last.
func (s *Stage) read(ctx context.Context, processes map[string]int) (reading, error) {
	usage, err := usageOf(processes)
	if err != nil {
		return reading{}, err
	}
	counts, err := s.Control.Counts(ctx)
	return reading{usage, counts}, err
}

func usageOf(processes map[string]int) (map[string]proc.Usage, error) {
	usage := map[string]proc.Usage{}
	for name, pid := range processes {
		var err error
		if usage[name], err = proc.ReadUsage(pid); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return usage, nil
}

// awaitQuiet waits until the API server has nothing to do.
func (s *Stage) awaitQuiet(ctx context.Context) error {
	before, err := proc.ReadUsage(s.Control.APIServer.PID())
	for range quietTry {
		if err != nil {
			return err
		}
		if !harness.Sleep(ctx, quietFor) {
			return ctx.Err()
		}
		after, problem := proc.ReadUsage(s.Control.APIServer.PID())
		if after.CPU-before.CPU < quietCPU {
			return problem
		}
		before, err = after, problem
	}
	return fmt.Errorf(quietTold, quietTry*quietFor)
}
