// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/outbox"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
	"github.com/meetingops/meeting-recording-operator/internal/startup"
)

// spoolCommand is the first argument of the spool commands.
const spoolCommand = "spool"

const spoolUsage = `Usage: sidecar spool list|export|import|retry|delete --spool-dir DIR [--all] [ID...]

  list    prints the events that wait, and the dead letters with their reasons
  export  prints all of them as JSON, one event on a line
  import  adds the events that export printed, from standard input
  retry   writes dead letters again: those with the IDs, or --all
  delete  deletes dead letters: those with the IDs, or --all

It asks the running sidecar; if none runs, it reads the files. In a Pod:
  kubectl -n meeting-recording-system exec deploy/meeting-recording-operator -c sidecar -- /sidecar spool list --spool-dir /var/spool/sidecar

`

// spoolRequest is a command line of `sidecar spool`.
type spoolRequest struct {
	verb      string
	directory string
	all       bool
	ids       []uint64
}

// needsIDs reports whether the command needs the IDs of dead letters.
func (r spoolRequest) needsIDs() bool { return r.verb == "retry" || r.verb == "delete" }

// errUsage says that what is wrong with the command line is printed.
var errUsage = errors.New("usage")

// parseSpoolRequest returns errUsage if it has printed what is wrong.
func parseSpoolRequest(args []string, stderr io.Writer) (spoolRequest, error) {
	var r spoolRequest
	flags := flag.NewFlagSet("sidecar spool", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&r.directory, "spool-dir", "", "The sidecar's own --spool-dir; with --shard, the shard's folder in it.")
	flags.BoolVar(&r.all, "all", false, "Retry or delete all dead letters.")
	flags.Usage = func() {
		_, _ = fmt.Fprint(stderr, spoolUsage) // there is nobody left to tell if this fails
		flags.PrintDefaults()
	}
	if len(args) == 0 {
		flags.Usage()
		return r, errUsage
	}
	r.verb = args[0]
	switch r.verb {
	case "-h", "--help":
		flags.Usage()
		return r, flag.ErrHelp
	case "list", "export", "import", "retry", "delete":
	default:
		flags.Usage()
		return r, errUsage
	}
	if err := flags.Parse(args[1:]); err != nil {
		return r, cmp.Or(map[bool]error{true: flag.ErrHelp}[errors.Is(err, flag.ErrHelp)], errUsage)
	}
	var err error
	if r.ids, err = parseIDs(flags.Args()); err != nil {
		_, _ = fmt.Fprintln(stderr, "sidecar:", err)
		return r, errUsage
	}
	if isChosen := r.all != (len(r.ids) > 0); r.directory == "" || (r.needsIDs() && !isChosen) || (!r.needsIDs() && (r.all || len(r.ids) > 0)) {
		flags.Usage()
		return r, errUsage
	}
	return r, nil
}

// runSpool is `sidecar spool`; it returns the exit code.
func runSpool(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	request, err := parseSpoolRequest(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return startup.OK
	case err != nil:
		return startup.Usage
	}
	tool, isRunning, closeTool, err := openTool(ctx, request.directory, stderr)
	if err == nil {
		err = errors.Join(request.do(tool, isRunning, os.Stdin, stdout), closeTool())
	}
	return startup.Exit("sidecar", err, stdout, stderr)
}

func (r spoolRequest) do(tool spoolTool, isRunning bool, stdin io.Reader, stdout io.Writer) (err error) {
	var n int
	var done string
	switch r.verb {
	case "list":
		return listSpool(tool, stdout)
	case "export":
		return tool.Export(stdout)
	case "import":
		done = "events imported"
		n, err = tool.Import(stdin)
	case "retry":
		done = "dead letters will be written again"
		n, err = tool.Retry(r.ids)
	case "delete":
		done = "dead letters deleted"
		n, err = tool.Delete(r.ids)
	}
	if err != nil {
		return fmt.Errorf("%d %s, but not all: %w", n, done, err)
	}
	if r.verb == "retry" && !isRunning {
		done += " when the sidecar runs"
	}
	if len(r.ids) > n {
		return fmt.Errorf("%d %s: the other IDs are not dead letters", n, done)
	}
	_, err = fmt.Fprintf(stdout, "%d %s\n", n, done)
	return err
}

// listSpool prints line by line: there may be more than fits into the memory of the sidecar's Pod.
func listSpool(tool spoolTool, stdout io.Writer) error {
	const line = "%-17v %-8v %-20v %-9v %-20v %-18v %-28v %v\n"
	if _, err := fmt.Fprintf(stdout, line, "ID", "STATE", "RECEIVED", "TYPE", "NAMESPACE", "MEETING", "SESSION", "REASON"); err != nil {
		return err
	}
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(tool.Export(writer)) }()
	defer func() { _ = reader.Close() }() // which ends the export
	for decoder := json.NewDecoder(bufio.NewReader(reader)); ; {
		var r spool.Record
		switch err := decoder.Decode(&r); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read the spool: %w", err)
		}
		ev, err := outbox.Decode(r)
		if err != nil {
			ev.Type = "?"
		}
		if _, err := fmt.Fprintf(stdout, line, r.ID, r.State, ev.ReceivedAt.UTC().Format(time.RFC3339), ev.Type,
			ev.Namespace, strconv.Quote(ev.MeetingID), strconv.Quote(ev.SessionID), strconv.Quote(ev.Reason)); err != nil {
			return err
		}
	}
}
