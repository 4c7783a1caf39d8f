// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command backfill measures backfill: how long it takes to find and to write what is missing, its reads of the API server, its memory, and
// the CPU time of a round that finds nothing. It runs the real binary against a real API server and a stand-in of the provider, and exits
// with 1 where a target is missed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"

	"github.com/meetingops/meeting-recording-operator/test/bench/controlplane"
	"github.com/meetingops/meeting-recording-operator/test/bench/proc"
	"github.com/meetingops/meeting-recording-operator/test/harness"
	"github.com/meetingops/meeting-recording-operator/test/harness/provider"
)

// The targets.
const (
	targetFound  = 60 * time.Second
	targetMemory = 64 << 20
	targetIdle   = time.Second
)

const (
	namespace = "recordings"
	// interval is the time between two rounds: long enough that a round is measured alone.
	interval = 10 * time.Second
	// idleRounds is how many rounds that find nothing are measured.
	idleRounds = 4
	// patience is how long the program may take for either, so that a slow machine shows by how much it is too slow.
	patience = 10 * time.Minute
)

// settings are how large the benchmark is, and where things are.
type settings struct {
	binary, assets, root            string
	recordings, perSession, missing int
}

func main() {
	var s settings
	flag.StringVar(&s.binary, "binary", "bin/backfill", "the program")
	flag.StringVar(&s.assets, "assets", "bin/k8s", "folder of etcd, kube-apiserver and kubectl")
	flag.StringVar(&s.root, "root", ".", "the project's folder")
	flag.IntVar(&s.recordings, "recordings", 100_000, "recordings in the lookback")
	flag.IntVar(&s.perSession, "per-session", 1, "recordings of each session")
	flag.IntVar(&s.missing, "missing", 100, "those that no webhook delivered, the last ones")
	flag.Parse()
	klog.SetLogger(logr.Discard())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, s)
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "bench-backfill:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	if s.recordings < 1 || s.perSession < 1 || s.missing < 1 || s.missing > s.recordings {
		return errors.New("-per-session must be at least 1, and -missing from 1 to -recordings")
	}
	folder, err := os.MkdirTemp("", "bench-backfill-")
	if err != nil {
		return err
	}
	if err = runIn(ctx, s, folder); err != nil {
		return fmt.Errorf("%w; logs of all programs are in %s", err, folder)
	}
	return os.RemoveAll(folder)
}

func runIn(ctx context.Context, s settings, folder string) error {
	api, err := controlplane.Start(ctx, folder, s.assets, s.root)
	defer api.Stop()
	if err != nil {
		return err
	}
	kubeconfig, err := api.AddNamespace(ctx, namespace)
	if err != nil {
		return err
	}
	account, err := fill(ctx, api, s)
	if err != nil {
		return err
	}
	m := &measurement{settings: s, api: api, account: account, folder: folder, kubeconfig: kubeconfig}
	if err := m.measure(ctx); err != nil {
		return err
	}
	return m.report()
}

// measurement is one run of the program.
type measurement struct {
	settings
	api                *controlplane.ControlPlane
	account            *provider.Account
	folder, kubeconfig string

	// found is when everything missing was written, idle the CPU time of a round that finds nothing, and memory the most that there was.
	found, idle time.Duration
	memory      int64
	// reads are requests for recordings, and uncached those that reached etcd.
	reads, uncached int
	present         int
	// used is the CPU time of each program in the round that found what was missing. The stand-in of the provider is in this one.
	used map[string]time.Duration
}

func (m *measurement) measure(ctx context.Context) error {
	before, err := m.api.Counts(ctx)
	if err != nil {
		return err
	}
	pids := map[string]int{"kube-apiserver": m.api.APIServer.PID(), "etcd": m.api.Etcd.PID(), "stand-in of the provider": os.Getpid()}
	if m.used, err = usedSince(pids, nil); err != nil {
		return err
	}
	program, health, err := m.start(ctx)
	if err != nil {
		return err
	}
	defer program.Kill()
	if err := program.WaitReady(ctx, patience, health); err != nil {
		return err
	}
	m.found = time.Since(program.Began)
	pids["backfill"] = program.PID()
	if m.used, err = usedSince(pids, m.used); err != nil {
		return err
	}
	after, err := m.api.Counts(ctx)
	if err != nil {
		return err
	}
	since := after.Since(before)
	m.reads, m.uncached = int(since.API["GET meetingrecordings"]+since.API["LIST meetingrecordings"]), int(since.UncachedGets)
	m.present, err = m.api.Recordings(ctx, namespace)
	if err != nil {
		return err
	}
	return m.measureIdle(ctx, program)
}

// usedSince returns the CPU time of programs since it was so much.
func usedSince(pids map[string]int, before map[string]time.Duration) (map[string]time.Duration, error) {
	used := map[string]time.Duration{}
	for name, pid := range pids {
		usage, err := proc.ReadUsage(pid)
		if err != nil {
			return nil, err
		}
		used[name] = usage.CPU - before[name]
	}
	return used, nil
}

// start starts the program against a stand-in of the provider.
func (m *measurement) start(ctx context.Context) (program *harness.Program, health string, err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	server := &http.Server{Handler: m.account, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if health, err = harness.FreeAddress(); err != nil {
		return nil, "", err
	}
	key, secret := filepath.Join(m.folder, "api-key"), filepath.Join(m.folder, "api-secret")
	if err := errors.Join(os.WriteFile(key, []byte(m.account.Key), 0o600), os.WriteFile(secret, []byte(m.account.Secret), 0o600)); err != nil {
		return nil, "", err
	}
	program, err = harness.Run("backfill", m.folder, m.binary, "--kubeconfig", m.kubeconfig, "--namespace", namespace,
		"--api-url", "http://"+listener.Addr().String(), "--api-key-file", key, "--api-secret-file", secret, "--interval", interval.String(),
		"--metrics-bind-address", "0", "--health-probe-bind-address", health, "--diagnostics-bind-address", "0")
	return program, health, err
}

// measureIdle waits for some rounds that find nothing. Their CPU time is what the program uses meanwhile.
func (m *measurement) measureIdle(ctx context.Context, program *harness.Program) error {
	first, err := proc.ReadUsage(program.PID())
	if err != nil {
		return err
	}
	listed := m.account.Requests("/v2/sessions")
	sessions := (m.recordings + m.perSession - 1) / m.perSession
	pages := idleRounds * ((sessions + m.account.MaxPerPage - 1) / m.account.MaxPerPage)
	if err := harness.Await(ctx, patience, "idle rounds", func(context.Context) error {
		if done := m.account.Requests("/v2/sessions") - listed; done < pages {
			return fmt.Errorf("%d of %d pages", done, pages)
		}
		return program.Alive()
	}); err != nil {
		return err
	}
	last, err := proc.ReadUsage(program.PID())
	if err != nil {
		return err
	}
	m.idle, m.memory = (last.CPU-first.CPU)/idleRounds, last.PeakRSS
	return nil
}

// report prints what was measured, and returns an error if a target is missed.
func (m *measurement) report() error {
	sessions := (m.recordings + m.perSession - 1) / m.perSession
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	missed := 0
	row := func(what string, value, target any, met bool) {
		verdict := "met"
		if !met {
			verdict, missed = "missed", missed+1
		}
		_, _ = fmt.Fprintf(table, "%s\t%v\t%v\t%s\n", what, value, target, verdict)
	}
	_, _ = fmt.Fprintf(table, "%d recordings of %d sessions, %d missing\tmeasured\ttarget\t\n", m.recordings, sessions, m.missing)
	// One more than the provider lists is what the others were copied from.
	row("found and written", m.present-1-(m.recordings-m.missing), m.missing, m.present == m.recordings+1)
	row("  after", m.found.Round(10*time.Millisecond), targetFound, m.found <= targetFound)
	for _, name := range slices.Sorted(maps.Keys(m.used)) {
		_, _ = fmt.Fprintf(table, "  CPU time of %s\t%v\t\t\n", name, m.used[name].Round(time.Millisecond))
	}
	row("requests for recordings", m.reads, fmt.Sprintf("%d, one for each session", sessions), m.reads <= sessions)
	confirmed := 0
	if m.perSession > 1 {
		confirmed = 2 * m.missing // a recording that follows others is placed by fresh reads
	}
	row("  that reached etcd", m.uncached, confirmed, m.uncached <= confirmed)
	row("peak RSS, MiB", m.memory>>20, targetMemory>>20, m.memory <= targetMemory)
	row("CPU time of a round that finds nothing", m.idle.Round(time.Millisecond), targetIdle, m.idle <= targetIdle)
	if err := table.Flush(); err != nil {
		return err
	}
	if missed > 0 {
		return fmt.Errorf("%d targets are missed", missed)
	}
	return nil
}
