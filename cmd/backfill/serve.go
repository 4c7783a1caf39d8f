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

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/runtime"
	k8srest "k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/meetingops/meeting-recording-operator/internal/backfill"
	"github.com/meetingops/meeting-recording-operator/internal/diagnostics"
	"github.com/meetingops/meeting-recording-operator/internal/metricsserver"
	"github.com/meetingops/meeting-recording-operator/internal/outbox"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/shard"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk/rest"
	"github.com/meetingops/meeting-recording-operator/internal/watchedfile"
)

// newBackfill wires a backfill, with its metrics in the registry.
func newBackfill(o options, cluster *k8srest.Config, registry prometheus.Registerer, plan func(backfill.Finding), log logr.Logger) (*backfill.Backfill, error) {
	credentials, err := openCredentials(o, log)
	if err != nil {
		return nil, err
	}
	counts := backfill.NewMetrics(registry)
	api, err := rest.New(rest.Options{URL: o.apiURL, Credentials: credentials, Observe: counts.Request})
	if err != nil {
		return nil, fmt.Errorf("--api-url: %w", err)
	}
	store, err := recorder.NewRESTStore(cluster, recorder.NewMetrics(registry))
	if err != nil {
		return nil, err
	}
	store = store.Uncached() // the sidecar writes most of what is read
	writer := &recorder.Writer{Store: store, Windows: o.windows}
	objects := &backfill.Store{Namespace: o.namespace, Store: store, Outbox: outbox.New(outbox.Options{
		Write: writer.Write, Timeout: o.writeTimeout, Metrics: outbox.NewMetrics(registry), Log: log, Now: time.Now,
	})}
	options := backfill.Options{Lookback: o.lookback, Interval: o.interval, Grace: o.grace, IgnoreIDs: o.ignoreIDs, Plan: plan, Now: time.Now}
	if o.shard != "" {
		options.Owns = func(sessionID string) bool { return shard.Of(o.shards, sessionID) == o.shard }
	}
	return backfill.New(api, objects, options, counts, log), nil
}

// maxCredential bounds the files of the key and of the secret.
const maxCredential = 4096

// openCredentials reads the API key and its secret, again when they change.
func openCredentials(o options, log logr.Logger) (func() (rest.Credentials, error), error) {
	file, err := watchedfile.Open(func(contents []watchedfile.Content) (rest.Credentials, error) {
		for _, content := range contents {
			if strings.TrimSpace(string(content.Data)) == "" {
				return rest.Credentials{}, fmt.Errorf("%s is empty", content.Path)
			}
		}
		return rest.Credentials{Key: strings.TrimSpace(string(contents[0].Data)), Secret: strings.TrimSpace(string(contents[1].Data))}, nil
	}, watchedfile.Options{MaxBytes: maxCredential, OnError: func(err error) { log.Error(err, "Credentials not reloaded") }}, o.keyFile, o.secretFile)
	if err != nil {
		return nil, fmt.Errorf("read --api-key-file and --api-secret-file: %w", err)
	}
	return func() (rest.Credentials, error) { return file.Get(), nil }, nil
}

// runOnce does one round and prints what it found.
func runOnce(ctx context.Context, o options, cluster *k8srest.Config, stdout io.Writer, log logr.Logger) error {
	var plan func(backfill.Finding)
	if o.dryRun {
		plan = backfill.Printer(stdout)
	}
	b, err := newBackfill(o, cluster, prometheus.NewRegistry(), plan, log)
	if err != nil {
		return err
	}
	summary, err := b.Round(ctx)
	if _, writeErr := fmt.Fprintln(stdout, summary); writeErr != nil {
		err = errors.Join(err, writeErr)
	}
	return err
}

// serve does rounds until ctx is done.
func serve(ctx context.Context, o options, cluster *k8srest.Config, log logr.Logger) error {
	b, err := newBackfill(o, cluster, metrics.Registry, nil, log)
	if err != nil {
		return err
	}
	cluster.QPS = -1 // the API server's priority and fairness limits us
	mgr, err := ctrl.NewManager(cluster, ctrl.Options{
		Scheme: runtime.NewScheme(), Logger: log, HealthProbeBindAddress: o.healthAddress,
		Metrics: ctrlmetrics.Options{BindAddress: "0"},
	})
	if err != nil {
		return fmt.Errorf("set up: %w", err)
	}
	if err := metricsserver.Add(ctx, mgr, o.metrics, nil); err != nil {
		return err
	}
	diagnostics.RegisterBuild(metrics.Registry, "backfill")
	runner := &backfill.Runner{Backfill: b}
	ready := func(*http.Request) error { return runner.Ready() }
	if err := errors.Join(mgr.Add(runner), mgr.AddHealthzCheck("ping", healthz.Ping), mgr.AddReadyzCheck("round", ready)); err != nil {
		return fmt.Errorf("set up: %w", err)
	}
	log.Info("Starting", "namespace", o.namespace, "interval", o.interval.String(), "lookback", o.lookback.String())
	return mgr.Start(ctx)
}
