// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command bench measures the operator beside the API server's own limit: the real binaries with a real API server and an etcd that syncs its
// disk, alternating with a bare program that makes the same writes. `make bench` and `make bench-scale` run it; docs/explanation/performance.md says how to
// read what it prints.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/meetingops/meeting-recording-operator/test/bench/player"
	"github.com/meetingops/meeting-recording-operator/test/bench/report"
)

// Exit codes.
const (
	exitMet    = iota
	exitMissed // a target is missed by more than a tenth
	exitFailed // the run could not be made
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	cancel()
	os.Exit(code)
}

// run is main. Its first argument may say what else to do than to measure: to be a player, or to print a result for benchstat.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	ctrl.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
	var err error
	switch {
	case len(args) == 1 && args[0] == player.Argument:
		err = player.Run(ctx, os.Stdin, stdout)
	case len(args) == 2 && args[0] == "benchfmt":
		err = benchfmt(args[1], stdout)
	default:
		var met bool
		if met, err = measure(ctx, args, stdout, stderr); err == nil && !met {
			_, _ = fmt.Fprintln(stderr, "bench: a target is missed by more than a tenth, see MISSED above")
			return exitMissed
		}
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		_, _ = fmt.Fprintln(stderr, "bench:", err)
		return exitFailed
	}
	return exitMet
}

// benchfmt prints a result for benchstat.
func benchfmt(file string, w io.Writer) error {
	result, err := report.Read(file)
	if err != nil {
		return err
	}
	return result.Benchfmt(w)
}

// settings are how the program was called.
type settings struct {
	root, assets, folder, out, commit string

	senders                   senderList
	recordings, rounds, burst int
	strangers                 int // genuine webhooks among strangers
	limitEvents, short        bool

	scale                  bool
	finished, flight, stop int
}

// senderList is a flag of numbers.
type senderList []int

func (l *senderList) String() string { return strings.Trim(fmt.Sprint([]int(*l)), "[]") }

// Set reads numbers that are separated by commas.
func (l *senderList) Set(text string) error {
	*l = nil
	for word := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 || n > 1000 {
			return fmt.Errorf("%q is not a number of senders from 1 to 1000", word)
		}
		*l = append(*l, n)
	}
	return nil
}

func parse(args []string, output io.Writer) (settings, error) {
	s := settings{senders: senderList{1, 8, 32}}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(output)
	flags.StringVar(&s.root, "root", ".", "The project's folder, with the binaries in bin/.")
	flags.StringVar(&s.assets, "assets", "", "The folder of etcd, kube-apiserver and kubectl. Default: bin/k8s of the project.")
	flags.StringVar(&s.folder, "folder", "", "Where etcd's data and the logs go, on a disk. Default: a new folder in bin/bench, which stays if the run fails.")
	flags.StringVar(&s.out, "out", "", "The file of the result. Default: bin/bench/COMMIT.json; for a scale run COMMIT-scale.json.")
	flags.StringVar(&s.commit, "commit", "unknown", "What is measured, as the result calls it.")
	flags.Var(&s.senders, "senders", "How many recordings are played at once, separated by commas.")
	flags.IntVar(&s.recordings, "recordings", 300, "How many recordings a leg has; with few senders fewer, 125 for each.")
	flags.IntVar(&s.rounds, "rounds", 4, "How often the limit and the operator take their turns, in bursts half as often. Every second round is the other way about.")
	flags.IntVar(&s.strangers, "strangers", 1000, "How many genuine webhooks are sent while strangers hold every connection, plain and over TLS; 0: none.")
	flags.IntVar(&s.burst, "burst", 1500, "How many recordings end at once in the burst, from the most senders; 0: no burst.")
	flags.BoolVar(&s.limitEvents, "limit-events", true, "Have the limit write the two Kubernetes Events of a recording too, as the operator does.")
	flags.BoolVar(&s.short, "short", false, "Try the benchmark itself, in a minute, without a verdict.")
	flags.BoolVar(&s.scale, "scale", false, "Measure what many finished recordings, many in flight and many ends in one second change.")
	flags.IntVar(&s.finished, "finished", 100000, "With -scale: how many finished recordings there are.")
	flags.IntVar(&s.flight, "in-flight", 5000, "With -scale: how many recordings are in flight at once.")
	flags.IntVar(&s.stop, "stops", 2000, "With -scale: how many of those end in the same second.")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if s.short {
		s.senders, s.recordings, s.rounds, s.burst = senderList{1, 8}, 40, 1, min(s.burst, 100)
		s.strangers = min(s.strangers, 100)
		s.finished, s.flight, s.stop = min(s.finished, 1000), min(s.flight, 200), min(s.stop, 100)
	}
	if s.assets == "" {
		s.assets = filepath.Join(s.root, "bin", "k8s")
	}
	if s.out == "" {
		s.out = filepath.Join(s.root, "bin", "bench", s.commit+map[bool]string{true: "-scale"}[s.scale]+".json")
	}
	return s, s.check(flags.Args())
}

// check returns what is wrong with the flags, and how to fix it.
func (s settings) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("%q is not a flag: all settings are", rest[0])
	case s.recordings < 1 || s.rounds < 1:
		return errors.New("-recordings and -rounds must be at least 1")
	case s.strangers < 0:
		return errors.New("-strangers must not be negative; 0 is none")
	case s.burst < 0:
		return errors.New("-burst must not be negative; 0 is no burst")
	case s.finished < 1 || s.stop < 1 || s.flight < s.stop:
		return errors.New("-finished and -stops must be at least 1, and -in-flight at least -stops")
	}
	return nil
}

// measure makes a run, and reports whether no target is missed by more than a tenth.
func measure(ctx context.Context, args []string, stdout, stderr io.Writer) (met bool, err error) {
	s, err := parse(args, stderr)
	if err != nil {
		return false, err
	}
	if s.folder == "" {
		parent := filepath.Join(s.root, "bin", "bench")
		if err := os.MkdirAll(parent, 0o755); err != nil {
			return false, err
		}
		if s.folder, err = os.MkdirTemp(parent, "run-"); err != nil {
			return false, err
		}
		defer func() {
			if err == nil {
				err = os.RemoveAll(s.folder)
			}
		}()
	}
	if s.folder, err = filepath.Abs(s.folder); err != nil {
		return false, err
	}
	if err := os.MkdirAll(s.folder, 0o755); err != nil {
		return false, err
	}
	r := &runner{settings: s, out: func(format string, args ...any) {
		_, _ = fmt.Fprintf(stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
	}}
	result, err := r.run(ctx)
	if err != nil {
		return false, fmt.Errorf("%w\n(logs are in %s)", err, s.folder)
	}
	if _, err := fmt.Fprintf(stdout, "%s, %s\n%s\n", result.Commit, result.Began.UTC().Format(time.RFC3339), result.Machine); err != nil {
		return false, err
	}
	if err := report.Print(stdout, result.Rows); err != nil {
		return false, err
	}
	return s.short || report.AllMet(result.Rows), result.Write(s.out)
}
