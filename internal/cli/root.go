// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/meetingops/meeting-recording-operator/internal/cli/view"
	"github.com/meetingops/meeting-recording-operator/internal/version"
)

// Exit codes. kubectl uses 1 for every error, and so does the plugin.
const (
	exitOK          = 0
	exitError       = 1
	exitInterrupted = 130
)

// Run runs the plugin with the arguments and returns its exit code.
func Run(ctx context.Context, args []string, streams genericiooptions.IOStreams) int {
	root := NewCommand(streams)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil, isClosedPipe(err):
		return exitOK
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	// Nothing is left to do if this fails.
	_, _ = fmt.Fprintf(streams.ErrOut, "error: %s\n", view.CleanLines(err.Error()))
	return exitError
}

// isClosedPipe reports whether the reader of a pipe that the plugin writes to has gone. A connection to the API server that breaks has
// the same error number.
func isClosedPipe(err error) bool {
	var file *fs.PathError
	return errors.As(err, &file) && errors.Is(file.Err, syscall.EPIPE)
}

// NewCommand returns the root command.
func NewCommand(streams genericiooptions.IOStreams) *cobra.Command {
	o := &options{IOStreams: streams, config: genericclioptions.NewConfigFlags(true)}
	root := &cobra.Command{
		Use:           "kubectl-recording",
		Short:         "Inspect and control meeting recordings",
		Long:          "Inspect and control meeting recordings and their post-processing.\n\nIt uses your kubeconfig and your permissions only.",
		Version:       version.String(),
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		// "kubectl recording" is how people call it; the binary has a dash.
		Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl recording"},
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	root.SetVersionTemplate("{{.Version}}\n")
	o.config.AddFlags(root.PersistentFlags())
	root.AddGroup(
		&cobra.Group{ID: groupInspect, Title: "Inspect:"},
		&cobra.Group{ID: groupControl, Title: "Control:"},
		&cobra.Group{ID: groupOperate, Title: "Operate:"},
	)
	for _, newCommand := range []func(*options) *cobra.Command{
		newListCommand, newGetCommand, newWhyCommand, newLogsCommand, newOutputsCommand, newOpenCommand,
		newRerunCommand, newSuspendCommand, newResumeCommand, newHoldCommand, newReleaseCommand, newCancelCommand,
		newDeliveriesCommand, newBackupCommand, newRestoreCommand, newBackfillCommand, newSimulateCommand,
	} {
		root.AddCommand(newCommand(o))
	}
	completeFlags(root, o)
	return root
}

const (
	groupInspect = "inspect"
	groupControl = "control"
	groupOperate = "operate"
)

// discard is where output goes that nobody asked for.
var discard = io.Discard
