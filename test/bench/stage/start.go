// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"context"
	"fmt"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/bench/player"
	"github.com/meetingops/meeting-recording-operator/test/bench/proc"
	"github.com/meetingops/meeting-recording-operator/test/bench/report"
	"github.com/meetingops/meeting-recording-operator/test/bench/script"
	"github.com/meetingops/meeting-recording-operator/test/bench/standin"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// afterStart is how long a manager is left alone before its memory is read.
const afterStart = 5 * time.Second

// TimeStart starts the manager again, while a recording that has ended waits for it, and returns how long it took from the start of the process
// until the recording's Job was seen.
func (s *Stage) TimeStart(ctx context.Context) (time.Duration, error) {
	s.StopManager()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	play := s.NextScript()
	play.Recordings, play.Senders, play.Events = 1, 1, script.Lifecycle
	waiting, err := player.Start(ctx, s.order(Spec{Mode: report.Ours}, play))
	if err != nil {
		return 0, err
	}
	if _, err := waiting.Play(); err != nil {
		return 0, err
	}
	if err := waiting.Stop(); err != nil {
		return 0, err
	}
	follower, err := standin.Start(ctx, s.Control.Config, OursNamespace, true)
	if err != nil {
		return 0, err
	}
	if err := s.StartManager(ctx); err != nil {
		return 0, err
	}
	jobs, err := follower.AwaitJobs(ctx, 1)
	if err != nil {
		return 0, err
	}
	took := jobs[play.Recording(0).Name].Sub(s.Manager.Began)
	if took < 0 {
		return 0, fmt.Errorf("recording %s had a Job before the manager was started", play.Recording(0).Name)
	}
	_, err = follower.AwaitFinished(ctx, 1)
	return took, err
}

// ManagerMemory waits until all is quiet, and returns the manager's resident memory in bytes.
func (s *Stage) ManagerMemory(ctx context.Context) (int64, error) {
	if !harness.Sleep(ctx, afterStart) {
		return 0, ctx.Err()
	}
	usage, err := proc.ReadUsage(s.Manager.PID())
	return usage.RSS, err
}

// Fill adds finished recordings, which are copies of one that the operator has finished.
func (s *Stage) Fill(ctx context.Context, template string, recordings int) error {
	copies := s.NextScript()
	copies.Recordings = recordings
	return s.Control.Fill(ctx, OursNamespace, template, copies)
}
