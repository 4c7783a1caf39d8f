// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command postprocess has the steps that a RecordingPipeline's Jobs run. docs/reference/postprocess.md is its reference.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
	"github.com/meetingops/meeting-recording-operator/internal/version"
)

// memoryLimit is what the Go runtime keeps to, as well as it can, unless GOMEMLIMIT says otherwise. An upload in parts
// needs up to 26 MiB.
const memoryLimit = 30 << 20

func main() {
	log.SetOutput(io.Discard) // where net/http would log the first bytes of a body that is too long
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, process{args: os.Args[1:], getenv: os.Getenv, stdout: os.Stdout, stderr: os.Stderr}))
}

// process is what a program gets from outside.
type process struct {
	args           []string
	getenv         func(string) string
	stdout, stderr io.Writer
}

// run runs the program and returns its exit code.
func run(ctx context.Context, p process) int {
	terminationLog := outputs.DefaultPath
	root := newRootCommand(p, &terminationLog)
	root.SetArgs(p.args)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	err := root.ExecuteContext(ctx)
	if err != nil {
		err = errors.Join(err, outputs.Sink{Path: terminationLog}.WriteError(err.Error()))
		_, _ = fmt.Fprintf(p.stderr, "postprocess: %v\n", err) // there is nowhere left to say that this failed
	}
	return sysexits.Code(err)
}

// newRootCommand sets terminationLog to where the outcome is written.
func newRootCommand(p process, terminationLog *string) *cobra.Command {
	root := &cobra.Command{
		Use:           "postprocess",
		Short:         "Steps of recording pipelines, run in a Job's container or on a workstation",
		Version:       version.String(),
		Args:          usageArgs(cobra.NoArgs),
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usageError(cmd, fmt.Errorf("no command is given"))
		},
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(usageError)
	root.SetVersionTemplate("{{.Version}}\n")
	for _, newCommand := range []func(process, *string) *cobra.Command{
		newArchiveCommand, newProbeCommand, newThumbnailCommand, newAudioCommand, newWaveformCommand, newTranscodeCommand, newTranscribeCommand, newNotifyCommand,
	} {
		root.AddCommand(newCommand(p, terminationLog))
	}
	root.AddCommand(newVersionCommand())
	return root
}

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), version.String())
			return err
		},
	}
}

// usageError makes an ExitError of what cobra found wrong with the command line.
func usageError(cmd *cobra.Command, err error) error {
	return sysexits.New(sysexits.Usage, nil, "%v; see %s --help", err, cmd.CommandPath())
}

func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError(cmd, err)
		}
		return nil
	}
}
