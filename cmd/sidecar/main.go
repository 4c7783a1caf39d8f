// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// The sidecar receives the provider's webhooks and writes them into the status
// of MeetingRecordings.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-logr/logr"

	"github.com/meetingops/meeting-recording-operator/internal/confine"
	"github.com/meetingops/meeting-recording-operator/internal/startup"
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
	if err == nil {
		limitMemory()
		surviveFileSizeLimit()
		err = serve(ctx, options, options.server.Log(stderr))
	}
	return startup.Exit("sidecar", err, stdout, stderr)
}

// serve builds the sidecar and runs it.
func serve(ctx context.Context, options options, log logr.Logger) error {
	if err := options.complete(); err != nil {
		return err
	}
	home, err := homeCluster(options)
	if err != nil {
		return err
	}
	s, err := newSidecar(ctx, options, home, log)
	if err != nil {
		return err
	}
	options.server.Diagnostics.Metrics = s.registry
	defer options.server.Diagnose(ctx, log)()
	// An attacker who takes over this process could open the manager's ports while it restarts, and get the token of its scraper.
	if err := giveUpPorts(); err != nil {
		log.Error(err, "Cannot forbid opening ports")
	}
	return s.run(ctx)
}
