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
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/test/bench/proc"
	"github.com/meetingops/meeting-recording-operator/test/harness"
	"github.com/meetingops/meeting-recording-operator/test/harness/controlplane"
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
	// writers is how many recordings are set up at once.
	writers = 64
	// interval is the time between two rounds: long enough that a round is measured alone.
	interval = 10 * time.Second
)

// settings are how large the benchmark is.
type settings struct {
	binary              string
	recordings, missing int
}

func main() {
	var s settings
	flag.StringVar(&s.binary, "binary", "bin/backfill", "the program")
	flag.IntVar(&s.recordings, "recordings", 100_000, "recordings in the lookback, each of a session of its own")
	flag.IntVar(&s.missing, "missing", 100, "those of them that no webhook delivered")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, s)
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "bench-backfill:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	if s.recordings < 1 || s.missing < 1 || s.missing > s.recordings {
		return errors.New("-missing must be from 1 to -recordings")
	}
	api, err := controlplane.Start(controlplane.Options{})
	if err != nil {
		return err
	}
	defer api.Stop()
	if err := api.Client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}); err != nil {
		return err
	}
	began := time.Now()
	account, err := fill(ctx, api, s)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(os.Stdout, "%d recordings set up in %s\n", s.recordings, time.Since(began).Round(time.Second)); err != nil {
		return err
	}
	return measure(ctx, api, account, s)
}

// fill makes the account, and the recordings whose webhooks arrived.
func fill(ctx context.Context, api *controlplane.ControlPlane, s settings) (*provider.Account, error) {
	store, err := recorder.NewRESTStore(api.Config, recorder.NewMetrics(prometheus.NewRegistry()))
	if err != nil {
		return nil, err
	}
	writer := &recorder.Writer{Store: store, Windows: lifecycle.Windows{Reorder: time.Minute, Redelivery: 10 * time.Second}}
	account := provider.NewAccount()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(writers)
	every := s.recordings / s.missing
	now := time.Now()
	for i := range s.recordings {
		// Spread over the lookback, but for its last hours and its first one.
		end := now.Add(-time.Hour - time.Duration(i)*(40*time.Hour)/time.Duration(s.recordings))
		session := provider.Session{ID: provider.ID('5', i), RoomID: provider.Room(i), Start: end.Add(-time.Hour), End: end}
		recording := provider.Recording{ID: provider.ID('a', i), SessionID: session.ID, RoomID: session.RoomID, FileID: provider.ID('f', i), Created: end}
		account.AddSession(session)
		account.AddRecording(recording)
		if i%every == 0 && i/every < s.missing {
			continue
		}
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			written := writer.Write(ctx, recorder.Session{Namespace: namespace, MeetingID: session.RoomID, SessionID: session.ID}, []lifecycle.Event{{
				Type: v1alpha1.EventStopped, Source: v1alpha1.EventSourceWebhook, FilePath: recording.WebhookPath(), FileURL: recording.FileURL(), ReceivedAt: end,
			}})
			return written[0].Err
		})
	}
	return account, group.Wait()
}

// measure runs the program, and compares what it does with the targets.
func measure(ctx context.Context, api *controlplane.ControlPlane, account *provider.Account, s settings) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: account, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	defer func() { _ = server.Close() }()
	health, err := harness.FreeAddress()
	if err != nil {
		return err
	}
	key, secret := filepath.Join(api.Folder, "api-key"), filepath.Join(api.Folder, "api-secret")
	if err := errors.Join(os.WriteFile(key, []byte(account.Key), 0o600), os.WriteFile(secret, []byte(account.Secret), 0o600)); err != nil {
		return err
	}
	readsBefore, err := reads(ctx, api)
	if err != nil {
		return err
	}
	began := time.Now()
	program, err := harness.Run("backfill", "", s.binary, "--kubeconfig", api.Kubeconfig, "--namespace", namespace, "--api-url", "http://"+listener.Addr().String(),
		"--api-key-file", key, "--api-secret-file", secret, "--interval", interval.String(), "--metrics-bind-address", "0",
		"--health-probe-bind-address", health, "--diagnostics-bind-address", "0")
	if err != nil {
		return err
	}
	defer program.Kill()
	if err := program.WaitReady(ctx, 10*time.Minute, health); err != nil {
		return err
	}
	found := time.Since(began)
	readsAfter, err := reads(ctx, api)
	if err != nil {
		return err
	}
	first, err := proc.ReadUsage(program.PID())
	if err != nil {
		return err
	}
	// Some rounds that find nothing: their CPU time is what the program uses meanwhile.
	const rounds = 4
	listed := account.Requests("/v2/sessions")
	pages := (s.recordings + account.MaxPerPage - 1) / account.MaxPerPage
	if err := harness.Await(ctx, 10*time.Minute, "idle rounds", func(context.Context) error {
		if done := account.Requests("/v2/sessions") - listed; done < rounds*pages {
			return fmt.Errorf("%d of %d pages", done, rounds*pages)
		}
		return nil
	}); err != nil {
		return err
	}
	last, err := proc.ReadUsage(program.PID())
	if err != nil {
		return err
	}
	return report(s, found, (last.CPU-first.CPU)/rounds, last.PeakRSS, readsAfter-readsBefore)
}

func report(s settings, found, idle time.Duration, memory int64, gets int) error {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	missed := 0
	row := func(what string, value, target any, met bool) {
		verdict := "met"
		if !met {
			verdict, missed = "missed", missed+1
		}
		_, _ = fmt.Fprintf(table, "%s\t%v\t%v\t%s\n", what, value, target, verdict)
	}
	_, _ = fmt.Fprintf(table, "%d recordings, %d missing\tmeasured\ttarget\t\n", s.recordings, s.missing)
	row("found and written after", found.Round(10*time.Millisecond), targetFound, found <= targetFound)
	// Each missing recording is read again to place it.
	row("reads of the API server for each session", fmt.Sprintf("%.3f", float64(gets)/float64(s.recordings)), "1, and 2 for each missing", gets <= s.recordings+2*s.missing)
	row("memory (RSS), MiB", memory>>20, targetMemory>>20, memory <= targetMemory)
	row("CPU time of a round that finds nothing", idle.Round(time.Millisecond), targetIdle, idle <= targetIdle)
	if err := table.Flush(); err != nil {
		return err
	}
	if missed > 0 {
		return fmt.Errorf("%d targets are missed", missed)
	}
	return nil
}
