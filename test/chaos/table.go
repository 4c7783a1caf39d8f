// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/chaos/plan"
	"github.com/meetingops/meeting-recording-operator/test/chaos/runner"
)

// maxFindings is how many findings of a kind are printed; all are in the folder.
const maxFindings = 20

// printTable prints what a run was and what came of it.
func printTable(out io.Writer, size plan.Size, o *runner.Outcome) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(what string, value any) { _, _ = fmt.Fprintf(table, "%s\t%v\n", what, value) }
	row("seed", size.Seed)
	row("recordings", size.Recordings)
	row("webhooks", fmt.Sprintf("%d, %d of them about no recording", o.Deliveries, o.Ignored))
	row("webhooks sent, with repetitions", o.Attempts)
	for _, answer := range slices.Sorted(maps.Keys(o.Answers)) {
		row("  answered "+answer, o.Answers[answer])
	}
	row("faults", total(o.Faults))
	for _, fault := range slices.Sorted(maps.Keys(o.Faults)) {
		row("  "+fault, o.Faults[fault])
	}
	row("disk full by", o.Disks)
	row("programs that ended by themselves", total(o.Endings))
	row("events acknowledged", o.EventsAcknowledged)
	row("deliveries in the status", o.EventsInStatus)
	row("files acknowledged", o.FilesAcknowledged)
	row("  on exactly one object", o.FilesOnOneObject)
	for _, jobs := range slices.Sorted(maps.Keys(o.FilesByJobs)) {
		row(fmt.Sprintf("files with %d Jobs ever created", jobs), o.FilesByJobs[jobs])
	}
	if o.FilesListed > 0 {
		row("files that the provider lists", o.FilesListed)
		row("  on exactly one object", o.ListedOnOneObject)
	}
	row("objects", o.Objects)
	row("sessions that had to be one object, and are checked for it", o.Wholes)
	row("longest from acknowledgement to status", o.LongestDelay.Round(10*time.Millisecond))
	row("time", fmt.Sprintf("%s: %s of sending, %s until all was settled", o.Total.Round(time.Second), o.Sending.Round(time.Second), o.Settling.Round(time.Second)))
	row("lost", len(o.Lost))
	row("doubled", len(o.Doubled))
	row("otherwise wrong", len(o.Wrong))
	if err := table.Flush(); err != nil {
		return err
	}
	return errors.Join(printFindings(out, "LOST", o.Lost), printFindings(out, "DOUBLED", o.Doubled), printFindings(out, "WRONG", o.Wrong))
}

func printFindings(out io.Writer, kind string, lines []string) error {
	for _, line := range lines[:min(len(lines), maxFindings)] {
		if _, err := fmt.Fprintf(out, "%s: %s\n", kind, line); err != nil {
			return err
		}
	}
	return nil
}

// printOutage prints what came of an outage.
func printOutage(out io.Writer, size runner.Outage, o *runner.OutageOutcome) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(what string, value any) { _, _ = fmt.Fprintf(table, "%s\t%v\n", what, value) }
	row("API server stopped for", size.Away)
	row("webhooks a second", size.PerSecond)
	row("webhooks", total(o.Answers))
	for _, answer := range slices.Sorted(maps.Keys(o.Answers)) {
		row("  answered "+answer, o.Answers[answer])
	}
	row("  cut off by the SIGKILL, and sent again", o.Cut)
	row("slowest answer", fmt.Sprintf("%s (promised: %s)", o.Slowest.Round(time.Millisecond), runner.AnswerWithin))
	row("all in the status after the API server's return", fmt.Sprintf("%s (promised: %s)", o.CaughtUp.Round(10*time.Millisecond), runner.CaughtUpAfter))
	row("files acknowledged", o.FilesAcknowledged)
	row("  on exactly one object", o.FilesOnOneObject)
	row("lost", len(o.Lost))
	row("doubled", len(o.Doubled))
	row("otherwise wrong", len(o.Wrong))
	if err := table.Flush(); err != nil {
		return err
	}
	return printFindings(out, "NOT KEPT", o.Problems())
}

func total(counts map[string]int) int {
	sum := 0
	for _, count := range counts {
		sum += count
	}
	return sum
}
