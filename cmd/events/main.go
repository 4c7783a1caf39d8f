// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command events serves live events of recordings: Server-Sent Events to apps and people who may see them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/meetingops/meeting-recording-operator/internal/diagnostics"
	"github.com/meetingops/meeting-recording-operator/internal/version"
)

// gcPercent is how much garbage there may be for each 100 bytes in use, where GOGC does not say otherwise: streams are many and quiet, so
// memory is dearer here than the collector's time.
const gcPercent = 40

func main() {
	os.Exit(run(ctrl.SetupSignalHandler(), os.Args[1:], os.Stdout, os.Stderr))
}

// run serves until the context ends, and returns the exit code: 0 when it ended as told, 1 when something failed, 2 when it was called
// wrongly.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		_, _ = fmt.Fprintln(stderr, "events:", err)
		return 2
	case flags.version:
		_, _ = fmt.Fprintln(stdout, version.String())
		return 0
	}
	level := diagnostics.NewLevel(&flags.zap)
	logger := zap.New(zap.UseFlagOptions(&flags.zap), zap.WriteTo(stderr))
	ctrl.SetLogger(logger)
	klog.SetLogger(logger.WithName("client-go"))
	defer diagnostics.Start(ctx, flags.diagnostics, level, logger.WithName("diagnostics"))()
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	logger.Info("Starting", "version", version.String(), "namespaces", flags.namespaces)
	cfg, err := config.GetConfig()
	if err != nil {
		logger.Error(err, "No API server: set --kubeconfig or KUBECONFIG outside a cluster")
		return 1
	}
	cfg.QPS = -1 // the API server's priority and fairness limits us
	cfg.UserAgent = "meeting-recording-events/" + version.String()
	if err := serve(ctx, &flags, cfg, logger); err != nil {
		logger.Error(err, "Server failed")
		return 1
	}
	return 0
}
