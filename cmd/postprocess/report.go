// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/spf13/pflag"

	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// addTerminationLogFlag adds the flag that every subcommand of a step has.
func addTerminationLogFlag(f *pflag.FlagSet, terminationLog *string) {
	f.StringVar(terminationLog, "termination-log", *terminationLog,
		"file to write the outcome to; if it does not exist, outputs are printed")
}

// report writes what the step made. It returns an ExitError (IOErr) that begins with done, such as "the file is archived".
func report(p process, terminationLog, done string, message outputs.Message) error {
	if err := (outputs.Sink{Path: terminationLog, Stdout: p.stdout}).Write(message); err != nil {
		return sysexits.New(sysexits.IOErr, err, "%s, but the outcome cannot be written", done)
	}
	return nil
}
