// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/outbox"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

// spoolCommand is the first argument of what looks into a spool.
const spoolCommand = "spool"

const spoolUsage = `Usage: sidecar spool list|replay|export --spool-dir DIR

  list    shows the events that wait, and the dead letters with what the API server says against them
  replay  has the dead letters written again, once what refused them was mended
  export  prints all of it as JSON, one event on a line

It asks the sidecar that has the spool open, and reads the file where none runs. In a Pod:
  kubectl -n meeting-recording-system exec deploy/meeting-recording-operator -c sidecar -- /sidecar spool list --spool-dir /var/spool/sidecar

`

// runSpool is `sidecar spool`; it returns the exit code.
func runSpool(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	verbs := map[string]func(context.Context, spoolSource, bool, io.Writer) error{
		"list": listSpool, "replay": replaySpool, "export": exportSpool,
	}
	var directory string
	flags := flag.NewFlagSet("sidecar spool", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&directory, "spool-dir", "", "The sidecar's own --spool-dir.")
	flags.Usage = func() {
		// There is nobody left to tell if this fails.
		_, _ = fmt.Fprint(stderr, spoolUsage)
		flags.PrintDefaults()
	}
	if len(args) == 0 || verbs[args[0]] == nil {
		flags.Usage()
		if len(args) > 0 && (args[0] == "-h" || args[0] == "--help") {
			return exitOK
		}
		return exitUsage
	}
	verb := verbs[args[0]]
	switch err := flags.Parse(args[1:]); {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		return exitUsage
	case flags.NArg() > 0 || directory == "":
		flags.Usage()
		return exitUsage
	}
	if err := withSource(ctx, directory, stdout, verb); err != nil {
		return fail(stderr, err)
	}
	return exitOK
}

func withSource(ctx context.Context, directory string, stdout io.Writer, do func(context.Context, spoolSource, bool, io.Writer) error) (err error) {
	source, running, err := openSource(ctx, directory)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	return do(ctx, source, running, stdout)
}

func listSpool(_ context.Context, source spoolSource, _ bool, stdout io.Writer) error {
	// Line by line: there may be more than fits the memory of the sidecar's Pod.
	const line = "%-10v %-8v %-20v %-9v %-20v %-18v %-28v %v\n"
	if _, err := fmt.Fprintf(stdout, line, "ID", "STATE", "RECEIVED", "TYPE", "NAMESPACE", "MEETING", "SESSION", "REASON"); err != nil {
		return err
	}
	return source.Each(func(r spool.Record) error {
		var ev outbox.SpooledEvent
		if err := json.Unmarshal(r.Payload, &ev); err != nil {
			ev.Type = "?" // of another version; the reason says so
		}
		_, err := fmt.Fprintf(stdout, line, r.ID, r.State, ev.ReceivedAt.UTC().Format(time.RFC3339), ev.Type,
			cmp.Or(ev.Namespace, "-"), strconv.Quote(ev.MeetingID), strconv.Quote(ev.SessionID), strconv.Quote(r.Reason))
		return err
	})
}

func replaySpool(ctx context.Context, source spoolSource, running bool, stdout io.Writer) error {
	n, err := source.Revive(ctx)
	if err != nil {
		return fmt.Errorf("%d dead letters wait to be written again, not all: %w", n, err)
	}
	when := "now"
	if !running {
		when = "when the sidecar runs"
	}
	_, err = fmt.Fprintf(stdout, "%d dead letters will be written again %s\n", n, when)
	return err
}

func exportSpool(_ context.Context, source spoolSource, _ bool, stdout io.Writer) error {
	encoder := json.NewEncoder(stdout)
	return source.Each(func(r spool.Record) error { return encoder.Encode(r) })
}
