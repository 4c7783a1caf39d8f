// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// The sidecar receives the provider's webhooks and writes them into the status
// of MeetingRecordings.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/meetingops/meeting-recording-operator/internal/confine"
	"github.com/meetingops/meeting-recording-operator/internal/diagnostics"
	"github.com/meetingops/meeting-recording-operator/internal/version"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// giveUpPorts is called once every port is taken. Tests go on to take theirs, main does not.
var giveUpPorts = func() error { return nil }

func main() {
	giveUpPorts = confine.GiveUpPorts
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main: it serves until ctx is done, and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 && args[0] == spoolCommand {
		return runSpool(ctx, args[1:], stdout, stderr)
	}
	options, err := parseOptions(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.Is(err, errUsage):
		// The flag package has said what and how.
		return exitUsage
	case err != nil:
		return fail(stderr, err)
	}
	if options.showVersion {
		if _, err := fmt.Fprintln(stdout, version.String()); err != nil {
			return fail(stderr, err)
		}
		return exitOK
	}
	level := diagnostics.NewLevel(&options.log)
	log := zap.New(zap.UseFlagOptions(&options.log), zap.WriteTo(stderr))
	klog.SetLogger(log.WithName("client"))
	limitMemory()
	surviveFileSizeLimit()
	if err := serve(ctx, options, level, log); err != nil {
		return fail(stderr, err)
	}
	return exitOK
}

func fail(stderr io.Writer, err error) int {
	// There is nobody left to tell if this fails.
	_, _ = fmt.Fprintln(stderr, "sidecar:", err)
	return exitFailed
}

// serve builds the sidecar and runs it.
func serve(ctx context.Context, options options, level *diagnostics.Level, log logr.Logger) error {
	if err := options.complete(); err != nil {
		return err
	}
	cluster, err := config.GetConfig()
	if err != nil {
		return fmt.Errorf("no cluster to write to, give --kubeconfig or run in one: %w", err)
	}
	cluster.UserAgent = "meeting-recording-sidecar/" + version.String()
	s, err := newSidecar(ctx, options, cluster, log)
	if err != nil {
		return err
	}
	options.diagnostics.Metrics = s.registry
	defer diagnostics.Start(ctx, options.diagnostics, level, log.WithName("diagnostics"))()
	// Beside the manager, who takes over this process could take the manager's ports while it restarts, and so the token of who scrapes it.
	if err := giveUpPorts(); err != nil {
		log.Error(err, "Sidecar can open more ports")
	}
	return s.run(ctx)
}
