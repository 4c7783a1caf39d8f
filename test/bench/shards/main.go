// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command shards measures one receiver in front of several clusters: the CPU time of all programs for a recording with one shard and with
// three, and what a lost shard does to the sessions of the others. It starts three control planes with a manager each, and exits with 1
// where a target is missed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/meetingops/meeting-recording-operator/test/bench/proc"
)

// perSecond is how many recordings begin in a second: what two cores with three control planes bear.
const perSecond = 8

// limit is how long a run may take on a busy machine. It takes three minutes on an idle one.
const limit = 15 * time.Minute

// settings are how large the run is, and where things are.
type settings struct {
	root, assets       string
	recordings, rounds int
	lost               time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		_, _ = fmt.Fprintln(os.Stderr, "bench-shards:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	ctrl.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
	var s settings
	flags := flag.NewFlagSet("bench-shards", flag.ContinueOnError)
	flags.StringVar(&s.root, "root", ".", "The project's folder, with the binaries in bin/.")
	flags.StringVar(&s.assets, "assets", "", "The folder of etcd, kube-apiserver and kubectl. Default: bin/k8s of the project.")
	flags.IntVar(&s.recordings, "recordings", 100, "How many recordings a leg has.")
	flags.IntVar(&s.rounds, "rounds", 3, "How often one shard and three take their turns; every second time the other way about.")
	flags.DurationVar(&s.lost, "lost", 20*time.Second, "How long a shard is lost.")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if s.recordings < 1 || s.rounds < 1 || s.lost < time.Second {
		return errors.New("-recordings and -rounds must be at least 1, and -lost at least 1s")
	}
	if s.assets == "" {
		s.assets = filepath.Join(s.root, "bin", "k8s")
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return s.measure(ctx)
}

// measure makes a run in a folder of its own, which stays if the run fails.
func (s settings) measure(ctx context.Context) error {
	parent, err := filepath.Abs(filepath.Join(s.root, "bin", "bench"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	folder, err := os.MkdirTemp(parent, "shards-")
	if err != nil {
		return err
	}
	if err := proc.CheckDisk(folder); err != nil {
		return err
	}
	b := &bench{settings: s, folder: folder}
	err = b.start(ctx)
	if err == nil {
		err = b.run(ctx)
	}
	b.stop()
	if err != nil {
		return fmt.Errorf("%w\n(logs are in %s)", err, folder)
	}
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	return b.report.print(os.Stdout)
}

func (b *bench) run(ctx context.Context) error {
	if err := b.measureCPU(ctx); err != nil {
		return err
	}
	return b.measureLoss(ctx)
}

func tell(format string, args ...any) {
	_, _ = fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}
