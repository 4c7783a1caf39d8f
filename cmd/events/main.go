// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command events serves live events of recordings: Server-Sent Events to apps and people who may see them.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/config"

	"github.com/meetingops/meeting-recording-operator/internal/startup"
	"github.com/meetingops/meeting-recording-operator/internal/version"
)

// gcPercent is how much garbage there may be for each 100 bytes in use, where GOGC does not say otherwise: streams are many and quiet, so
// memory is dearer here than the collector's time.
const gcPercent = 40

func main() {
	os.Exit(run(ctrl.SetupSignalHandler(), os.Args[1:], os.Stdout, os.Stderr))
}

// run serves until the context ends, and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags, err := parse(args, stderr)
	if err == nil {
		err = work(ctx, &flags, flags.server.Log(stderr))
	}
	return startup.Exit("events", err, stdout, stderr)
}

func work(ctx context.Context, flags *flags, log logr.Logger) error {
	defer flags.server.Diagnose(ctx, log)()
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	log.Info("Starting", "version", version.String(), "namespaces", flags.namespaces)
	cfg, err := config.GetConfig()
	if err != nil {
		return fmt.Errorf("no API server: set --kubeconfig or KUBECONFIG outside a cluster: %w", err)
	}
	cfg.QPS = -1 // the API server's priority and fairness limits us
	cfg.UserAgent = "meeting-recording-events/" + version.String()
	return serve(ctx, flags, cfg, log)
}
