// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/meetingops/meeting-recording-operator/internal/cli/diagnosis"
	"github.com/meetingops/meeting-recording-operator/internal/cli/view"
)

func newWhyCommand(o *options) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:     "why NAME",
		GroupID: groupInspect,
		Short:   "Explain why a recording is not done, and what to do",
		Long: `Explain why a recording is not done, from the recording, its pipelines, Jobs, Pods, quotas and Events.

The first line is the answer. It is followed by what the cluster says, what to do, and the commands to run.`,
		Example: `  kubectl recording why jvsg-8rjn-j304-613731342f27f56e4fc4b6d0

  # For scripts
  kubectl recording why jvsg-8rjn-j304-613731342f27f56e4fc4b6d0 -o json`,
		Args:              exactName,
		ValidArgsFunction: o.completeName,
		RunE:              func(cmd *cobra.Command, args []string) error { return o.why(cmd.Context(), args[0], output) },
	}
	addOutputFlag(cmd, &output, []string{"json", "yaml"})
	return cmd
}

func (o *options) why(ctx context.Context, name, output string) error {
	namespace, c, err := o.target()
	if err != nil {
		return err
	}
	recording, err := o.recording(ctx, c, namespace, name)
	if err != nil {
		return err
	}
	in := gather(ctx, c, recording).diagnosisInput(ctx, c)
	if ctx.Err() != nil {
		return ctx.Err() // an answer from half of the objects could be wrong
	}
	answer := diagnosis.Explain(in)
	if output != "" {
		return printObject(o.Out, output, answer)
	}
	_, err = fmt.Fprint(o.Out, whyText(answer))
	return err
}

// whyText lays an answer out for people.
func whyText(a diagnosis.Answer) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s (%s)\n", view.Clean(a.Summary), a.Reason)
	if a.Detail != "" {
		text.WriteString("\n")
		for line := range strings.Lines(a.Detail) {
			fmt.Fprintf(&text, "  %s\n", strings.TrimSpace(view.Clean(strings.TrimRight(line, "\n"))))
		}
	}
	if a.Fix != "" {
		fmt.Fprintf(&text, "\nWhat to do: %s\n", a.Fix)
	}
	for _, command := range a.Commands {
		fmt.Fprintf(&text, "  %s\n", command)
	}
	for i, what := range a.Incomplete {
		if i == 0 {
			text.WriteString("\n")
		}
		fmt.Fprintf(&text, "Not checked: %s\n", view.Clean(what))
	}
	return text.String()
}
