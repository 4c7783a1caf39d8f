// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/cli/view"
)

type listOptions struct {
	*options
	allNamespaces bool
	selector      string
	output        string
	noHeaders     bool
	watch         bool
	attention     bool
	states        []string
	meeting       string
	newerThan     time.Duration
	olderThan     time.Duration
}

func newListCommand(o *options) *cobra.Command {
	l := &listOptions{options: o}
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		GroupID: groupInspect,
		Short:   "List recordings, those that need attention first",
		Example: `  # Recordings of the current namespace
  kubectl recording list

  # What needs attention in all namespaces
  kubectl recording list -A --attention

  # Failed recordings of the last day
  kubectl recording list --state=Failed --newer-than=24h`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return l.run(cmd.Context()) },
	}
	flags := cmd.Flags()
	flags.BoolVarP(&l.allNamespaces, "all-namespaces", "A", false, "List recordings of all namespaces.")
	flags.StringVarP(&l.selector, "selector", "l", "", "Label selector, such as app=web or 'team in (a, b)'.")
	addOutputFlag(cmd, &l.output, tableFormats)
	flags.BoolVar(&l.noHeaders, "no-headers", false, "Leave out the titles of the columns.")
	flags.BoolVarP(&l.watch, "watch", "w", false, "After listing, print each recording that changes.")
	flags.BoolVar(&l.attention, "attention", false, "List only recordings that need manual intervention.")
	flags.StringSliceVar(&l.states, "state", nil, "Recording or processing states to list, such as Started,Failed.")
	flags.StringVar(&l.meeting, "meeting", "", "Meeting id to list.")
	flags.DurationVar(&l.newerThan, "newer-than", 0, "Greatest age of a recording, such as 24h.")
	flags.DurationVar(&l.olderThan, "older-than", 0, "Least age of a recording, such as 24h.")
	// It fails only for a flag that does not exist.
	_ = cmd.RegisterFlagCompletionFunc("state", cobra.FixedCompletions(knownStates, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// knownStates are the states of recordings and of processing, without duplicates.
var knownStates = []string{"Starting", "Started", "Stopping", "Stopped", "Failed", "Waiting", "Queued", "Running", "Succeeded", "Skipped", "Suspended"}

func (l *listOptions) validate() error {
	for _, state := range l.states {
		if !slices.Contains(knownStates, state) {
			return fmt.Errorf("--state: unknown state %q: use %s", state, strings.Join(knownStates, ", "))
		}
	}
	if l.watch && !slices.Contains([]string{"", "wide", "name"}, l.output) {
		return errors.New("--watch prints a table or names: leave out --output, or use wide or name")
	}
	return nil
}

func (l *listOptions) run(ctx context.Context) error {
	if err := l.validate(); err != nil {
		return err
	}
	namespace, c, err := l.target()
	if err != nil {
		return err
	}
	options, err := l.listOptions(namespace)
	if err != nil {
		return err
	}
	if l.output == "json" || l.output == "yaml" {
		return l.printObjects(ctx, c, options)
	}
	printer := newRowPrinter(l)
	revision, err := eachPage(ctx, c, &v1alpha1.MeetingRecordingList{}, options, func(page *v1alpha1.MeetingRecordingList) error {
		return printer.page(page.Items)
	})
	if err != nil {
		return explain(err, "list", "meetingrecordings", l.scope(namespace))
	}
	if err := printer.end(l.scope(namespace)); err != nil || !l.watch {
		return err
	}
	return l.follow(ctx, c, options, revision, printer)
}

// scope is the namespace to name in messages; empty for all.
func (l *listOptions) scope(namespace string) string {
	if l.allNamespaces {
		return ""
	}
	return namespace
}

// listOptions selects at the API server what it can select.
func (l *listOptions) listOptions(namespace string) ([]client.ListOption, error) {
	selector, err := labels.Parse(l.selector)
	if err != nil {
		return nil, fmt.Errorf("--selector: %w", err)
	}
	options := []client.ListOption{client.InNamespace(l.scope(namespace)), client.MatchingLabelsSelector{Selector: selector}}
	if l.meeting != "" {
		options = append(options, client.MatchingFieldsSelector{Selector: fields.OneTermEqualSelector("spec.meetingID", l.meeting)})
	}
	return options, nil
}

// matches applies what the API server cannot select.
func (l *listOptions) matches(r *v1alpha1.MeetingRecording, now time.Time) bool {
	age := now.Sub(r.CreationTimestamp.Time)
	switch {
	case l.attention && !view.NeedsAttention(r),
		l.newerThan > 0 && age > l.newerThan,
		l.olderThan > 0 && age < l.olderThan:
		return false
	}
	return len(l.states) == 0 || slices.Contains(l.states, string(r.Status.Recording.State)) ||
		slices.Contains(l.states, string(r.Status.Processing.State))
}

func (l *listOptions) matchesUnstructured(object *unstructured.Unstructured) (bool, error) {
	recording := &v1alpha1.MeetingRecording{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, recording); err != nil {
		return false, fmt.Errorf("read recording %s/%s: %w", object.GetNamespace(), object.GetName(), err)
	}
	return l.matches(recording, time.Now()), nil
}

// eachPage lists page by page, so that memory stays small, and returns the revision of the list.
func eachPage[L client.ObjectList](ctx context.Context, c client.Client, list L, options []client.ListOption, visit func(L) error) (string, error) {
	next := ""
	for {
		list.SetContinue("")
		err := c.List(ctx, list, append(options[:len(options):len(options)], client.Limit(pageSize), client.Continue(next))...)
		if next = inconsistentContinue(err); next != "" {
			continue
		}
		if err != nil {
			return "", err
		}
		if err := visit(list); err != nil {
			return "", err
		}
		if next = list.GetContinue(); next == "" {
			return list.GetResourceVersion(), nil
		}
	}
}

// inconsistentContinue returns the token by which a list goes on after the one before expired (410), which happens where pages
// are visited for longer than the API server keeps its history. What changed meanwhile may be missing or listed as it is now.
func inconsistentContinue(err error) string {
	var status apierrors.APIStatus
	if !apierrors.IsResourceExpired(err) || !errors.As(err, &status) {
		return ""
	}
	return status.Status().Continue
}

// follow prints recordings as they change.
func (l *listOptions) follow(ctx context.Context, c client.WithWatch, options []client.ListOption, revision string, printer *rowPrinter) error {
	list := &v1alpha1.MeetingRecordingList{}
	applied := (&client.ListOptions{}).ApplyOptions(options)
	return followFrom(ctx, revision, func(ctx context.Context, from metav1.ListOptions) (watch.Interface, error) {
		o := *applied
		o.Raw = &from
		return c.Watch(ctx, list, &o)
	}, func(event watch.Event) error {
		recording, ok := event.Object.(*v1alpha1.MeetingRecording)
		if !ok || !l.matches(recording, time.Now()) {
			return nil
		}
		return printer.change(recording, event.Type)
	})
}
