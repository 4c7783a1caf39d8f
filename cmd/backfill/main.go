// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command backfill records what no webhook delivered: it lists the recordings
// of the provider's REST API, and writes those that no MeetingRecording has.
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

// memoryTarget is what the garbage collector keeps the memory below, where
// GOMEMLIMIT does not say otherwise. With the program's own pages, some 30 MiB,
// it stays within the 64 MiB that its Pod may have.
const memoryTarget = 26 << 20

func main() {
	os.Exit(run(ctrl.SetupSignalHandler(), os.Args[1:], os.Stdout, os.Stderr))
}

// run is main: it works until ctx is done, and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseOptions(args, stderr)
	if err == nil {
		err = work(ctx, o, stdout, o.server.Log(stderr))
	}
	return startup.Exit("backfill", err, stdout, stderr)
}

func work(ctx context.Context, o options, stdout io.Writer, log logr.Logger) error {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryTarget)
	}
	cluster, err := config.GetConfig()
	if err != nil {
		return fmt.Errorf("no API server: set --kubeconfig or KUBECONFIG outside a cluster: %w", err)
	}
	cluster.UserAgent = "meeting-recording-backfill/" + version.String()
	if o.once || o.dryRun {
		return runOnce(ctx, o, cluster, stdout, log)
	}
	defer o.server.Diagnose(ctx, log)()
	return serve(ctx, o, cluster, log)
}
