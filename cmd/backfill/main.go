// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command backfill records what no webhook delivered: it lists the recordings
// of the provider's REST API, and writes those that no MeetingRecording has.
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

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
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
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.Is(err, errUsage):
		return exitUsage // the flag package has said why
	case err != nil:
		_, _ = fmt.Fprintln(stderr, "backfill:", err)
		return exitUsage
	case o.showVersion:
		_, _ = fmt.Fprintln(stdout, version.String())
		return exitOK
	}
	level := diagnostics.NewLevel(&o.log)
	log := zap.New(zap.UseFlagOptions(&o.log), zap.WriteTo(stderr))
	ctrl.SetLogger(log)
	klog.SetLogger(log.WithName("client-go"))
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryTarget)
	}
	cluster, err := config.GetConfig()
	if err != nil {
		return fail(stderr, fmt.Errorf("no API server: set --kubeconfig or KUBECONFIG outside a cluster: %w", err))
	}
	cluster.UserAgent = "meeting-recording-backfill/" + version.String()
	if o.once || o.dryRun {
		err = runOnce(ctx, o, cluster, stdout, log)
	} else {
		defer diagnostics.Start(ctx, o.diagnostics, level, log.WithName("diagnostics"))()
		err = serve(ctx, o, cluster, log)
	}
	if err != nil {
		return fail(stderr, err)
	}
	return exitOK
}

func fail(stderr io.Writer, err error) int {
	_, _ = fmt.Fprintln(stderr, "backfill:", err)
	return exitFailed
}
