// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/cli/view"
)

// refreshInterval is how often --watch looks again. A recording has Jobs and Pods that change by themselves: reading all of
// it once a second costs less than four watches, and needs fewer permissions.
const refreshInterval = time.Second

type getOptions struct {
	*options
	output string
	watch  bool
}

func newGetCommand(o *options) *cobra.Command {
	g := &getOptions{options: o}
	cmd := &cobra.Command{
		Use:     "get NAME",
		GroupID: groupInspect,
		Short:   "Show one recording as a tree: events, steps, Jobs, Pods, outputs and conditions",
		Example: `  # One recording on one screen
  kubectl recording get jvsg-8rjn-j304-613731342f27f56e4fc4b6d0

  # The same, updated in place until it is done
  kubectl recording get jvsg-8rjn-j304-613731342f27f56e4fc4b6d0 -w`,
		Args:              exactName,
		ValidArgsFunction: o.completeName,
		RunE:              func(cmd *cobra.Command, args []string) error { return g.run(cmd.Context(), args[0]) },
	}
	addOutputFlag(cmd, &g.output, objectFormats)
	cmd.Flags().BoolVarP(&g.watch, "watch", "w", false, "Update the tree in place until the recording is done.")
	cmd.MarkFlagsMutuallyExclusive("output", "watch")
	return cmd
}

// exactName wants the name of one recording.
func exactName(_ *cobra.Command, args []string) error {
	switch len(args) {
	case 0:
		return fmt.Errorf("name a recording: list them with kubectl recording list")
	case 1:
		return nil
	}
	return fmt.Errorf("one recording at a time, got %d names", len(args))
}

func (g *getOptions) run(ctx context.Context, name string) error {
	namespace, c, err := g.target()
	if err != nil {
		return err
	}
	if g.output != "" {
		return g.print(ctx, c, namespace, name)
	}
	return g.show(ctx, c, namespace, name)
}

// show shows the tree, with --watch until the recording is done.
func (g *getOptions) show(ctx context.Context, c client.Client, namespace, name string) error {
	screen := screen{out: g.Out, terminal: isTerminal(g.Out), color: usesColor(g.Out)}
	for {
		recording, err := g.recording(ctx, c, namespace, name)
		if err != nil {
			return err
		}
		tree := gather(ctx, c, recording).tree()
		if ctx.Err() != nil {
			return ctx.Err() // what the interrupt kept from being read is not missing
		}
		width, height := terminalSize(g.Out)
		if !g.watch {
			height = 0
		}
		if err := screen.show(tree.Render(width, time.Now()), width, height); err != nil {
			return err
		}
		if !g.watch || isDone(recording) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(refreshInterval):
		}
	}
}

// isDone reports whether nothing more will happen by itself.
func isDone(r *v1alpha1.MeetingRecording) bool {
	for _, condition := range r.Status.Conditions {
		if condition.Type == v1alpha1.ConditionReady && condition.Status == "True" && condition.ObservedGeneration >= r.Generation {
			return true
		}
	}
	return r.Status.Processing.State == v1alpha1.ProcessingFailed && r.Status.ObservedGeneration >= r.Generation
}

// print writes the object as the API server has it, with fields that this version does not know.
func (g *getOptions) print(ctx context.Context, c client.Client, namespace, name string) error {
	if _, err := g.recording(ctx, c, namespace, name); err != nil {
		return err
	}
	if g.output == "name" {
		_, err := fmt.Fprintf(g.Out, "meetingrecording.%s/%s\n", v1alpha1.GroupName, name)
		return err
	}
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("MeetingRecording"))
	if err := c.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, object); err != nil {
		return explain(err, "get", "meetingrecordings", namespace)
	}
	return printObject(g.Out, g.output, object.Object)
}

// screen shows lines that change. On a terminal they replace those before; elsewhere they are printed again where they differ.
type screen struct {
	out interface {
		Write([]byte) (int, error)
	}
	terminal, color bool
	before          []string
}

// show shows the lines, which are at most width columns wide; at most height-1 of them where height is not 0, so that the terminal does
// not scroll.
func (s *screen) show(lines []string, width, height int) error {
	if height > 1 && len(lines) >= height {
		hidden := len(lines) - height + 2
		// A line that wraps would be one more to go up next time.
		more := view.Cut(fmt.Sprintf("... %d more lines: enlarge the terminal, or leave out --watch", hidden), width)
		lines = append(slices.Clone(lines[:height-2]), more)
	}
	if slices.Equal(lines, s.before) {
		return nil
	}
	var text bytes.Buffer
	if s.before != nil {
		if s.terminal {
			// Up to the first of the lines before, and erase all below.
			fmt.Fprintf(&text, "\x1b[%dA\r\x1b[J", len(s.before))
		} else {
			text.WriteString("---\n")
		}
	}
	s.before = lines
	joined := strings.Join(lines, "\n") + "\n"
	if s.color {
		joined = colorLines(lines)
	}
	text.WriteString(joined)
	_, err := s.out.Write(text.Bytes())
	return err
}

func colorLines(lines []string) string {
	var text strings.Builder
	for _, line := range lines {
		text.WriteString(view.Color(line) + "\n")
	}
	return text.String()
}
