// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command chaos runs the operator's real binaries against a real API server, breaks everything on a schedule that is drawn with a seed,
// and audits that nothing which was acknowledged is lost, and no Job is created twice. `make chaos` runs it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/meetingops/meeting-recording-operator/test/chaos/plan"
	"github.com/meetingops/meeting-recording-operator/test/chaos/runner"
)

// Exit codes.
const (
	exitPassed = iota
	exitFound  // something was lost, doubled or wrong
	exitFailed // the run could not be made
)

func main() {
	if code, done := runner.WithOwnMounts(); done {
		os.Exit(code)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	cancel()
	os.Exit(code)
}

// settings are how the program was called.
type settings struct {
	size    plan.Size
	root    string
	assets  string
	folder  string
	perTime time.Duration
	outage  runner.Outage
	// acknowledge is the sidecars' flag of that name.
	acknowledge string
	backfill    bool
}

func parse(args []string, output io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("chaos", flag.ContinueOnError)
	flags.SetOutput(output)
	flags.Uint64Var(&s.size.Seed, "seed", 1, "What the run is drawn with.")
	flags.IntVar(&s.size.Recordings, "recordings", 300, "How many recordings are made.")
	flags.DurationVar(&s.size.Duration, "duration", 2*time.Minute, "How long webhooks are sent and faults happen.")
	flags.DurationVar(&s.perTime, "fault-every", 4*time.Second, "How much time there is for each fault.")
	flags.DurationVar(&s.outage.Away, "outage", 0, "Instead of all that, stop the API server for so long under a steady load.")
	flags.IntVar(&s.outage.PerSecond, "per-second", 100, "With -outage: how many webhooks are sent in a second.")
	flags.StringVar(&s.acknowledge, "acknowledge", "api", "The sidecars' --acknowledge: api or spool.")
	flags.IntVar(&s.size.LostPercent, "lost", 0, "How many of 100 webhooks are lost permanently.")
	flags.BoolVar(&s.backfill, "backfill", false, "Run backfill, which finds what they were about, and have the provider's API fail meanwhile.")
	flags.StringVar(&s.root, "root", ".", "The project's folder, with the binaries in bin/.")
	flags.StringVar(&s.assets, "assets", "", "The folder of etcd, kube-apiserver and kubectl. Default: bin/k8s of the project.")
	flags.StringVar(&s.folder, "folder", "", "Where logs and data go, and stay. Default: a temporary folder, which stays if something is found.")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	switch {
	case flags.NArg() > 0:
		return s, fmt.Errorf("%q is not a flag: all settings are", flags.Arg(0))
	case s.size.Recordings < 1:
		return s, errors.New("-recordings must be at least 1")
	case s.size.Duration < 10*time.Second:
		return s, errors.New("-duration must be at least 10s")
	case s.outage.Away != 0 && s.outage.Away < 8*time.Second:
		return s, errors.New("-outage must be at least 8s")
	case s.outage.PerSecond < 4 || s.outage.PerSecond > 1000:
		return s, errors.New("-per-second must be from 4 to 1000")
	case s.size.LostPercent < 0 || s.size.LostPercent > 100:
		return s, errors.New("-lost must be from 0 to 100")
	case s.acknowledge != "api" && s.acknowledge != "spool":
		return s, errors.New("-acknowledge must be api or spool")
	case s.perTime <= 0:
		return s, errors.New("-fault-every must be more than 0")
	}
	s.outage.Seed = s.size.Seed
	s.size.Faults = int(s.size.Duration / s.perTime)
	if s.assets == "" {
		s.assets = filepath.Join(s.root, "bin", "k8s")
	}
	return s, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	s, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitPassed
	}
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "chaos:", err)
		return exitFailed
	}
	ctrl.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
	keep := s.folder != ""
	if !keep {
		if s.folder, err = os.MkdirTemp("", fmt.Sprintf("chaos-%d-", s.size.Seed)); err != nil {
			_, _ = fmt.Fprintln(stderr, "chaos:", err)
			return exitFailed
		}
	}
	do, again := s.chaos, fmt.Sprintf("make chaos CHAOS_SEED=%d CHAOS_RECORDINGS=%d CHAOS_DURATION=%s CHAOS_FAULT_EVERY=%s CHAOS_ACKNOWLEDGE=%s CHAOS_LOST=%d CHAOS_BACKFILL=%t",
		s.size.Seed, s.size.Recordings, s.size.Duration, s.perTime, s.acknowledge, s.size.LostPercent, s.backfill)
	if s.outage.Away > 0 {
		do, again = s.stopAPIServer, fmt.Sprintf("make outage OUTAGE=%s OUTAGE_PER_SECOND=%d CHAOS_SEED=%d CHAOS_ACKNOWLEDGE=%s",
			s.outage.Away, s.outage.PerSecond, s.outage.Seed, s.acknowledge)
	}
	code, err := do(ctx, stdout, runner.Options{
		Root: s.root, Assets: s.assets, Folder: s.folder, Acknowledge: s.acknowledge, Backfill: s.backfill,
		Out: func(format string, args ...any) { _, _ = fmt.Fprintf(stderr, "chaos: "+format+"\n", args...) },
	})
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "chaos:", err)
		code = exitFailed
	}
	if code == exitPassed && !keep {
		_ = os.RemoveAll(s.folder)
		return code
	}
	_, _ = fmt.Fprintf(stdout, "logs of all programs are in %s\nrun it again with: %s\n", s.folder, again)
	return code
}

// chaos makes the run, and prints its table.
func (s settings) chaos(ctx context.Context, stdout io.Writer, options runner.Options) (int, error) {
	outcome, err := runner.Run(ctx, s.size, options)
	if outcome != nil {
		err = errors.Join(err, printTable(stdout, s.size, outcome), keepOutcome(s.folder, outcome))
	}
	if err != nil {
		return exitFailed, err
	}
	if !outcome.Passed() {
		return exitFound, nil
	}
	return exitPassed, nil
}

// stopAPIServer makes an outage, and prints its figures.
func (s settings) stopAPIServer(ctx context.Context, stdout io.Writer, options runner.Options) (int, error) {
	outcome, err := runner.RunOutage(ctx, s.outage, options)
	if err != nil {
		return exitFailed, err
	}
	if err := errors.Join(printOutage(stdout, s.outage, outcome), keepOutcome(s.folder, outcome)); err != nil {
		return exitFailed, err
	}
	if len(outcome.Problems()) > 0 {
		return exitFound, nil
	}
	return exitPassed, nil
}

// keepOutcome writes all that was found, of which only some is printed.
func keepOutcome(folder string, outcome any) error {
	text, err := json.MarshalIndent(outcome, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "outcome.json"), text, 0o600)
}
