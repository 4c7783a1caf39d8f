// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/cli/diagnosis"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
)

// askAbove is how many recordings a command changes without asking.
const askAbove = 10

// change is a command that changes the spec of recordings.
type change struct {
	*options
	// done says what has happened to a recording.
	done string
	// set changes a copy of the recording's spec. It returns an error where the change makes no sense.
	set func(*v1alpha1.MeetingRecording) error
	// after acts on a recording whose spec was changed; it may be nil.
	after func(ctx context.Context, c client.Client, r *v1alpha1.MeetingRecording, dryRun bool) error
	// finished reports whether --wait is over. It returns an error if what was asked for does not succeed.
	finished func(*v1alpha1.MeetingRecording) (bool, error)

	selector string
	yes      bool
	dryRun   string
	wait     bool
	timeout  time.Duration
}

func (ch *change) bind(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVarP(&ch.selector, "selector", "l", "", "Label selector of the recordings to change.")
	flags.BoolVarP(&ch.yes, "yes", "y", false, fmt.Sprintf("Change more than %d recordings without asking.", askAbove))
	flags.StringVar(&ch.dryRun, "dry-run", "none", "Dry run: none, or server to have the API server check the request without storing it.")
	flags.BoolVar(&ch.wait, "wait", false, "Wait until the manager has acted on the change.")
	flags.DurationVar(&ch.timeout, "timeout", 10*time.Minute, "Longest time to wait with --wait.")
	cmd.GroupID = groupControl
}

func (ch *change) validate(names []string) error {
	switch {
	case len(names) == 0 && ch.selector == "":
		return errors.New("name a recording, or select some with --selector")
	case len(names) > 0 && ch.selector != "":
		return errors.New("name recordings or select them with --selector, not both")
	case ch.dryRun != "none" && ch.dryRun != "server":
		return fmt.Errorf("--dry-run: unknown value %q: use none or server", ch.dryRun)
	}
	return nil
}

// run changes the recordings. A failure of one does not stop the others.
func (ch *change) run(ctx context.Context, names []string) error {
	if err := ch.validate(names); err != nil {
		return err
	}
	namespace, c, err := ch.target()
	if err != nil {
		return err
	}
	if ch.selector != "" {
		if names, err = ch.selected(ctx, c, namespace); err != nil {
			return err
		}
		if len(names) == 0 {
			return fmt.Errorf("no recording in namespace %q matches %q", namespace, ch.selector)
		}
	}
	if err := ch.confirm(ctx, names); err != nil {
		return err
	}
	var changed []string
	var failures []error
	for _, name := range names {
		if err := ch.one(ctx, c, namespace, name); err != nil {
			failures = append(failures, err)
		} else {
			changed = append(changed, name)
		}
		if ctx.Err() != nil {
			return errors.Join(append(failures, ctx.Err())...)
		}
	}
	if ch.wait && ch.dryRun != "server" {
		failures = append(failures, ch.await(ctx, c, namespace, changed))
	}
	return errors.Join(failures...)
}

func (ch *change) selected(ctx context.Context, c client.Client, namespace string) ([]string, error) {
	selector, err := labels.Parse(ch.selector)
	if err != nil {
		return nil, fmt.Errorf("--selector: %w", err)
	}
	names, err := recordingNames(ctx, c, math.MaxInt, client.InNamespace(namespace), client.MatchingLabelsSelector{Selector: selector})
	return names, explain(err, "list", "meetingrecordings", namespace)
}

// confirm asks before many recordings are changed.
func (ch *change) confirm(ctx context.Context, names []string) error {
	if len(names) <= askAbove || ch.yes || ch.dryRun == "server" {
		return nil
	}
	if !isTerminal(ch.In) {
		return fmt.Errorf("this changes %d recordings: add --yes to confirm", len(names))
	}
	if _, err := fmt.Fprintf(ch.ErrOut, "This changes %d recordings. Continue? [y/N] ", len(names)); err != nil {
		return err
	}
	answer, err := ch.answer(ctx)
	if err != nil {
		return err
	}
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return errors.New("cancelled: nothing was changed")
	}
	return nil
}

// answer reads a line until ctx is done: a read from a terminal does not end with an interrupt.
func (ch *change) answer(ctx context.Context) (string, error) {
	type result struct {
		line string
		err  error
	}
	read := make(chan result, 1)
	go func() {
		line, err := bufio.NewReader(ch.In).ReadString('\n')
		read <- result{line, err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case r := <-read:
		if r.err != nil && !errors.Is(r.err, io.EOF) {
			return "", fmt.Errorf("read the answer: %w", r.err)
		}
		return r.line, nil
	}
}

// one changes one recording by a merge patch of what differs, so that fields which this version does not know stay.
func (ch *change) one(ctx context.Context, c client.Client, namespace, name string) error {
	recording, err := ch.recording(ctx, c, namespace, name)
	if err != nil {
		return err
	}
	before := recording.DeepCopy()
	if err := ch.set(recording); err != nil {
		return fmt.Errorf("recording %s: %w", name, err)
	}
	// A field that the cluster's CRDs lack would otherwise be dropped with a warning.
	options := []client.PatchOption{client.FieldValidation(metav1.FieldValidationStrict)}
	suffix := ""
	if ch.dryRun == "server" {
		options, suffix = append(options, client.DryRunAll), " (server dry run)"
	}
	if err := c.Patch(ctx, recording, client.MergeFromWithOptions(before), options...); err != nil {
		return fmt.Errorf("recording %s: %w", name, explain(err, "patch", "meetingrecordings", namespace))
	}
	if ch.after != nil {
		if err := ch.after(ctx, c, recording, ch.dryRun == "server"); err != nil {
			return fmt.Errorf("recording %s: %w", name, err)
		}
	}
	_, err = fmt.Fprintf(ch.Out, "meetingrecording/%s %s%s\n", name, ch.done, suffix)
	return err
}

// await waits until the manager has acted on the changes. All recordings share one timeout.
func (ch *change) await(ctx context.Context, c client.Client, namespace string, names []string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, ch.timeout, errWaitedTooLong)
	defer cancel()
	var failures []error
	for i, name := range names {
		err := ch.awaitOne(ctx, c, namespace, name)
		if ctx.Err() != nil {
			return errors.Join(append(failures, fmt.Errorf("%w for %d of %d recordings: kubectl recording why %s says what the first waits for",
				context.Cause(ctx), len(names)-i, len(names), name))...)
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("recording %s: %w", name, err))
		}
	}
	return errors.Join(failures...)
}

func (ch *change) awaitOne(ctx context.Context, c client.Client, namespace, name string) error {
	current, err := ch.awaitRecording(ctx, c, namespace, name, ch.finished)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(ch.Out, "meetingrecording/%s is %s\n", name, cmp.Or(current.Status.Processing.State, v1alpha1.ProcessingWaiting))
	return err
}

// awaitRecording reads a recording until it is finished.
func (o *options) awaitRecording(ctx context.Context, c client.Client, namespace, name string, finished func(*v1alpha1.MeetingRecording) (bool, error),
) (*v1alpha1.MeetingRecording, error) {
	tick := time.NewTicker(refreshInterval)
	defer tick.Stop()
	for {
		current, err := o.recording(ctx, c, namespace, name)
		if err != nil {
			return nil, err
		}
		if over, err := finished(current); over || err != nil {
			return current, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

var errWaitedTooLong = errors.New("not done within --timeout")

func isObserved(r *v1alpha1.MeetingRecording) (bool, error) { return diagnosis.IsObserved(r), nil }

// hasRerun reports whether the rerun that spec.rerun requests has ended.
func hasRerun(r *v1alpha1.MeetingRecording) (bool, error) {
	if !diagnosis.IsObserved(r) || r.Spec.Rerun == nil || r.Status.Processing.ObservedRerunToken != r.Spec.Rerun.Token || !isDone(r) {
		return false, nil
	}
	if answer := diagnosis.Explain(diagnosis.Input{Recording: r}); answer.NeedsAction {
		return true, fmt.Errorf("%s Run kubectl recording why %s", answer.Summary, r.Name)
	}
	return true, nil
}

func newRerunCommand(o *options) *cobra.Command {
	var token string
	var steps []string
	ch := &change{options: o, done: "rerun requested", finished: hasRerun}
	ch.set = func(r *v1alpha1.MeetingRecording) error {
		rerun := &v1alpha1.Rerun{Token: token}
		if rerun.Token == "" {
			rerun.Token = time.Now().UTC().Format("2006-01-02T15-04-05.000000")
		}
		for _, name := range steps {
			found, err := findSteps(r, name)
			if err != nil {
				return err
			}
			if name == "" {
				return errors.New("a step's name is empty")
			}
			rerun.Steps = append(rerun.Steps, v1alpha1.StepReference{Pipeline: found[0].Pipeline, Step: found[0].Step})
		}
		r.Spec.Rerun = rerun
		return nil
	}
	cmd := &cobra.Command{
		Use:   "rerun NAME [STEP...]",
		Short: "Run the steps of a recording again",
		Long: `Run the steps of a recording again: all steps of the pipelines that match now, or the named steps and those that need them.
What is under way ends first. Earlier results stay in status.processing.history.`,
		Example: `  kubectl recording rerun NAME
  kubectl recording rerun NAME archive --wait
  kubectl recording rerun -l recording.meetingops.dev/meeting-id=jvsg-8rjn-j304 --yes`,
		ValidArgsFunction: o.completeSteps,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				steps, args = args[1:], args[:1]
			}
			return ch.run(cmd.Context(), args)
		},
	}
	ch.bind(cmd)
	cmd.Flags().StringVar(&token, "token", "", "Name of the rerun, such as a ticket; the time by default. The same name again does nothing.")
	return cmd
}

// newSpecCommand makes a command that sets one field.
func newSpecCommand(o *options, use, short, long, done string, set func(*v1alpha1.MeetingRecordingSpec)) *cobra.Command {
	ch := &change{options: o, done: done, finished: isObserved}
	ch.set = func(r *v1alpha1.MeetingRecording) error { set(&r.Spec); return nil }
	return newChangeCommand(ch, use, short, long)
}

func newChangeCommand(ch *change, use, short, long string) *cobra.Command {
	cmd := &cobra.Command{
		Use: use + " NAME...", Short: short, Long: long,
		Example:           fmt.Sprintf("  kubectl recording %[1]s NAME\n  kubectl recording %[1]s -l team=sales --yes", use),
		ValidArgsFunction: ch.completeNames,
		RunE:              func(cmd *cobra.Command, args []string) error { return ch.run(cmd.Context(), args) },
	}
	ch.bind(cmd)
	return cmd
}

func newSuspendCommand(o *options) *cobra.Command {
	return newSpecCommand(o, "suspend", "Create no further Jobs for a recording",
		"Create no further Jobs for a recording. Running Jobs continue; cancel ends them too.", "suspended",
		func(s *v1alpha1.MeetingRecordingSpec) { s.Suspend = true })
}

func newResumeCommand(o *options) *cobra.Command {
	return newSpecCommand(o, "resume", "Resume a suspended recording: create its Jobs",
		"Resume a suspended recording: create its Jobs.", "resumed",
		func(s *v1alpha1.MeetingRecordingSpec) { s.Suspend = false })
}

func newHoldCommand(o *options) *cobra.Command {
	return newSpecCommand(o, "hold", "Keep a recording: neither retention nor a user can delete it",
		"Keep a recording: retention skips it, and the API server rejects its deletion.", "held",
		func(s *v1alpha1.MeetingRecordingSpec) { s.Hold = true })
}

func newReleaseCommand(o *options) *cobra.Command {
	return newSpecCommand(o, "release", "Allow a held recording to be deleted again",
		"Allow a held recording to be deleted again.", "released",
		func(s *v1alpha1.MeetingRecordingSpec) { s.Hold = false })
}

func newCancelCommand(o *options) *cobra.Command {
	ch := &change{options: o, done: "cancelled", finished: isObserved}
	ch.set = func(r *v1alpha1.MeetingRecording) error { r.Spec.Suspend = true; return nil }
	ch.after = o.cancelJobs
	return newChangeCommand(ch, "cancel", "Stop the processing of a recording",
		"Stop the processing of a recording: suspend it, then delete its Jobs that have not ended. Their steps become Failed. "+
			"Finished steps stay as they are. To process the recording after all, resume it, then rerun it.")
}

// suspendTimeout is how long cancel waits for the manager to observe the suspension. A manager that is unavailable creates no Jobs either.
const suspendTimeout = 5 * time.Second

// cancelJobs deletes the Jobs of a recording that have not ended. The manager may be about to create one: it must have observed the
// suspension first.
func (o *options) cancelJobs(ctx context.Context, c client.Client, r *v1alpha1.MeetingRecording, dryRun bool) error {
	if !dryRun {
		limited, cancel := context.WithTimeout(ctx, suspendTimeout)
		_, err := o.awaitRecording(limited, c, r.Namespace, r.Name, isObserved)
		late := limited.Err() != nil && ctx.Err() == nil
		cancel()
		if err != nil && !late {
			return err
		}
	}
	var jobs batchv1.JobList
	if err := c.List(ctx, &jobs, client.InNamespace(r.Namespace), client.MatchingLabels{v1alpha1.LabelRecording: lifecycle.LabelValue(r.Name)}); err != nil {
		return explain(err, "list", "jobs", r.Namespace)
	}
	for i := range jobs.Items {
		job := &jobs.Items[i]
		if !metav1.IsControlledBy(job, r) || outcomes.JobCondition(job) != nil {
			continue
		}
		options := []client.DeleteOption{client.PropagationPolicy(metav1.DeletePropagationBackground), client.Preconditions{UID: &job.UID}}
		if dryRun {
			options = append(options, client.DryRunAll)
		}
		if err := client.IgnoreNotFound(c.Delete(ctx, job, options...)); err != nil {
			return explain(err, "delete", "jobs", r.Namespace)
		}
	}
	return nil
}
