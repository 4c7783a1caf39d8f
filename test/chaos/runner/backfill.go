// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/test/chaos/plan"
	"github.com/meetingops/meeting-recording-operator/test/harness"
	"github.com/meetingops/meeting-recording-operator/test/harness/provider"
)

const (
	backfillName = "backfill"
	// backfillInterval and backfillGrace are short, so that a run need not take hours.
	backfillInterval = 5 * time.Second
	backfillGrace    = 10 * time.Second
	// killBackfillEvery is how often backfill is killed while webhooks are sent. Each time it begins again with the whole list.
	killBackfillEvery = 20 * time.Second
)

// startBackfill starts backfill.
func (w *world) startBackfill(ctx context.Context) error {
	kubeconfig, err := w.kubeconfig(ctx, backfillName, "backfill")
	if err != nil {
		return err
	}
	if w.health[backfillName], err = harness.FreeAddress(); err != nil {
		return err
	}
	args := []string{
		"--kubeconfig", kubeconfig, "--namespace", namespace, "--api-url", w.apiURL, "--interval", backfillInterval.String(), "--grace", backfillGrace.String(),
		"--metrics-bind-address", "0", "--diagnostics-bind-address", "0", "--health-probe-bind-address", w.health[backfillName],
	}
	for name, content := range map[string]string{"key": w.account.Key, "secret": w.account.Secret} {
		file := filepath.Join(w.Folder, "api-"+name)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			return err
		}
		args = append(args, "--api-"+name+"-file", file)
	}
	return w.startProgram(backfillName, "backfill", args...)
}

// list has the provider list the file of each recording once it has ended, and returns all of them.
func (w *world) list(sessions []plan.Session, begun time.Time) []string {
	w.account.Planned = true
	var files []string
	for _, s := range sessions {
		session := provider.Session{ID: s.SessionID, RoomID: s.MeetingID, Start: begun.Add(s.Recordings[0].EndsAt)}
		for i, r := range s.Recordings {
			session.End = begun.Add(r.EndsAt)
			if r.FilePath == "" {
				continue
			}
			files = append(files, r.FilePath)
			w.account.AddRecording(provider.Recording{
				ID: fmt.Sprintf("%s-%d", s.SessionID, i+1), SessionID: s.SessionID, RoomID: s.MeetingID,
				FileID: strings.TrimSuffix(path.Base(r.FilePath), path.Ext(r.FilePath)), Created: session.End,
			})
		}
		w.account.AddSession(session)
	}
	return files
}

// disturbBackfill has the provider's API fail and kills backfill, until ctx is done.
func (w *world) disturbBackfill(ctx context.Context, seed uint64) {
	w.account.SetFaults(&provider.Faults{Seed: seed, Rate: 0.1, Delay: 2 * time.Second, Kinds: []provider.Fault{
		provider.Unavailable, provider.RateLimited, provider.Slow, provider.Hangs, provider.Breaks, provider.HTML, provider.Repeats, provider.Skips, provider.Reorders,
	}})
	defer w.account.SetFaults(nil)
	for harness.Sleep(ctx, killBackfillEvery) {
		_ = w.processes[backfillName].Signal(syscall.SIGKILL)
	}
}

// awaitBackfilled returns an error that names a file which no recording has.
func (w *world) awaitBackfilled(files []string) error {
	if file := w.observer.lacks(files); w.Backfill && file != "" {
		return fmt.Errorf("file %s is on no recording", lifecycle.FileID(file))
	}
	return nil
}
