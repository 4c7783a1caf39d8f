// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/backup"
	"github.com/meetingops/meeting-recording-operator/internal/cli/view"
)

// progressInterval is how often backup and restore say how far they are.
const progressInterval = 2 * time.Second

// maxFailuresShown is how many recordings that could not be restored are named.
const maxFailuresShown = 20

func newBackupCommand(o *options) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:     "backup FILE",
		GroupID: groupOperate,
		Short:   "Write recordings with their status to a file",
		Long: `Write recordings with their status to a file, for restore. It reads page by page: recordings that change meanwhile are written as they
were at the beginning. Pipelines are not part of it: keep them in Git.`,
		Example: `  kubectl recording backup -A recordings.json`,
		Args:    oneFile,
		RunE:    func(cmd *cobra.Command, args []string) error { return o.backup(cmd.Context(), args[0], all) },
	}
	cmd.Flags().BoolVarP(&all, "all-namespaces", "A", false, "Write recordings of all namespaces.")
	return cmd
}

func oneFile(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return errors.New("name one file")
	}
	return nil
}

func (o *options) backup(ctx context.Context, file string, all bool) (err error) {
	namespace, c, err := o.target()
	if err != nil {
		return err
	}
	if all {
		namespace = ""
	}
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("create the backup: %s exists and is not a regular file", file)
	}
	// The file appears when it is complete, so that a backup which failed does not replace a good one.
	out, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-*")
	if err != nil {
		return fmt.Errorf("create the backup: %w", err)
	}
	defer func() { _ = os.Remove(out.Name()) }() // gone already after success
	defer func() { _ = out.Close() }()           // closed already after success
	buffered := bufio.NewWriter(out)
	writer, err := backup.NewWriter(buffered, namespace, time.Now())
	if err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("MeetingRecordingList"))
	progress := newProgress(o, "written")
	_, err = eachPage(ctx, c, list, []client.ListOption{client.InNamespace(namespace)}, func(page *unstructured.UnstructuredList) error {
		for i := range page.Items {
			if err := writer.Write(&page.Items[i]); err != nil {
				return fmt.Errorf("write the backup: %w", err)
			}
		}
		progress.add(len(page.Items))
		return nil
	})
	if err != nil {
		return explain(err, "list", "meetingrecordings", namespace)
	}
	count, err := writer.Close()
	if err := errors.Join(err, buffered.Flush(), out.Sync(), out.Close()); err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	if err := os.Rename(out.Name(), file); err != nil {
		return fmt.Errorf("store the backup: %w", err)
	}
	_, err = fmt.Fprintf(o.Out, "%d recordings written to %s\n", count, file)
	return err
}

type restoreOptions struct {
	*options
	dryRun string
}

func newRestoreCommand(o *options) *cobra.Command {
	r := &restoreOptions{options: o}
	cmd := &cobra.Command{
		Use:     "restore FILE",
		GroupID: groupOperate,
		Short:   "Restore recordings with their status from a backup",
		Long: `Restore recordings with their status from a backup. Finished steps do not run again. Recordings that the cluster already has stay as
they are, so an interrupted restore can be run again. With --namespace all recordings go there, else each to where it came from.

It writes the status of recordings, so it needs the verb update on meetingrecordings/recording, /processing and /delivery, which the
cluster role cluster-admin has.`,
		Example: `  kubectl recording restore recordings.json --dry-run=server
  kubectl recording restore recordings.json`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			namespace := ""
			if cmd.Flags().Changed("namespace") {
				namespace = *o.config.Namespace
			}
			return r.run(cmd.Context(), args[0], namespace)
		},
	}
	cmd.Flags().StringVar(&r.dryRun, "dry-run", "none", "Dry run: none, or server to have the API server check the request without storing it.")
	return cmd
}

func (r *restoreOptions) run(ctx context.Context, file, namespace string) error {
	if r.dryRun != "none" && r.dryRun != "server" {
		return fmt.Errorf("--dry-run: unknown value %q: use none or server", r.dryRun)
	}
	in, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("read the backup: %w", err)
	}
	defer func() { _ = in.Close() }() // only read from
	reader, err := backup.NewReader(in)
	if err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	c, err := r.client()
	if err != nil {
		return err
	}
	counts := map[backup.Outcome]int{}
	progress := newProgress(r.options, "read")
	err = backup.Restore(ctx, c, reader, backup.Options{Namespace: namespace, DryRun: r.dryRun == "server", Report: func(result backup.Result) {
		counts[result.Outcome]++
		progress.add(1)
		if result.Err != nil && counts[backup.Failed] <= maxFailuresShown {
			// The summary counts it if this fails.
			_, _ = fmt.Fprintf(r.ErrOut, "%s\n", view.Clean(fmt.Sprintf("%s/%s: %v", result.Namespace, result.Name, explainRestore(result))))
		}
	}})
	suffix := ""
	if r.dryRun == "server" {
		suffix = " (server dry run)"
	}
	if _, printErr := fmt.Fprintf(r.Out, "%d restored, %d already there, %d failed%s\n", counts[backup.Restored], counts[backup.Kept], counts[backup.Failed], suffix); err == nil {
		err = printErr
	}
	switch {
	case ctx.Err() != nil:
		_, err := fmt.Fprintln(r.ErrOut, "Interrupted: run the command again to restore the rest.")
		return errors.Join(ctx.Err(), err)
	case err != nil:
		return fmt.Errorf("read %s: %w", file, err)
	case counts[backup.Failed] > 0:
		return fmt.Errorf("%d recordings were not restored: fix the cause and run the command again", counts[backup.Failed])
	}
	return nil
}

func explainRestore(result backup.Result) error {
	var rejected *backup.Error
	if !errors.As(result.Err, &rejected) {
		return result.Err
	}
	return explain(rejected.Err, rejected.Verb, rejected.Resource, result.Namespace)
}

// progress says now and then how far a command is.
type progress struct {
	o    *options
	what string
	n    int
	next time.Time
}

func newProgress(o *options, what string) *progress {
	return &progress{o: o, what: what, next: time.Now().Add(progressInterval)}
}

func (p *progress) add(n int) {
	p.n += n
	if now := time.Now(); now.After(p.next) {
		p.next = now.Add(progressInterval)
		// Progress that nobody sees is no reason to stop.
		_, _ = fmt.Fprintf(p.o.ErrOut, "%d recordings %s\n", p.n, p.what)
	}
}
