// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Program mutants plants bugs into the operator, one at a time, by the build's -overlay, and reports which the simulation finds.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// mutant is a bug: one text of a file becomes another.
type mutant struct{ name, file, is, becomes string }

var mutants = []mutant{
	{"a batch that fails is written in another order", "internal/outbox/write.go", "q.entries = append(kept, q.entries[len(batch):]...)", "q.entries = append(q.entries[len(batch):], kept...)"},
	{"what is written stays in the queue", "internal/outbox/write.go", "kept = append(kept, e)\n\t\t\tcontinue", "continue"},
	{"a failure goes to a recording that was stopped long ago", "internal/lifecycle/rules.go", "(last.failedOnly() || endedWithin(last, ev, w.Reorder))", "true"},
	{"a redelivery is a recording of its own", "internal/lifecycle/rules.go", "toLastIf(entry != nil && ev.fileID() == \"\" &&", "toLastIf(entry == nil && ev.fileID() == \"\" &&"},
	{"an event that the sink does not accept ends the delivery", "controllers/delivery/delivery.go", "failures[item.ID] = failed\n", "failures[item.ID] = failed\n\t\t\treturn 0\n"},
	{"a Job is deleted before its outcome is stored", "controllers/recording/deletion.go", "stored, err := d.isStored(ctx, job, of)", "_, err := d.isStored(ctx, job, of)\n\tstored := true"},
	{"a status is written without a lock", "internal/kube/kube.go", "client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})", "client.MergeFrom(before)"},
	{"a recording is skipped by a stale cache", "controllers/recording/reconciler.go", "deferred == nil && decision.Skips(recording)", "false"},
	{"a stale leader creates Jobs", "controllers/recording/create.go", "if hasFailed || gathered.known.unsure ||", "if hasFailed && false &&"},
	{"what a cache lacks is decided twice", "internal/kube/kube.go", "return err == nil && order < 0", "return false"},
	{"a change has the clock's time, which may go back", "internal/processing/planning/planning.go", "last != nil && !now.After(last.Time)", "false"},
	{"a full disk is no error", "internal/outbox/store.go", "o.notStored(entries, err)\n\t\t} else", "_ = err\n\t\t} else"},
}

func main() {
	seeds := flag.Int("seeds", 2000, "how many seeds are tried")
	only := flag.String("only", "", "mutants whose names have this text")
	flag.Parse()
	missed := 0
	for _, m := range mutants {
		if !strings.Contains(m.name, *only) {
			continue
		}
		began := time.Now()
		found, err := m.isFound(context.Background(), *seeds)
		switch {
		case err != nil:
			missed++
			_, _ = fmt.Fprintf(os.Stdout, "BROKEN  %s: %v\n", m.name, err)
		case !found:
			missed++
			_, _ = fmt.Fprintf(os.Stdout, "MISSED  %s\n", m.name)
		default:
			_, _ = fmt.Fprintf(os.Stdout, "found   %s, after %s\n", m.name, time.Since(began).Round(time.Second))
		}
	}
	if missed > 0 {
		os.Exit(1)
	}
}

// isFound reports whether one of the seeds fails.
func (m mutant) isFound(ctx context.Context, seeds int) (bool, error) {
	folder, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return false, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	source := harness.Path(strings.Split(m.file, "/")...)
	content, err := os.ReadFile(source)
	if err != nil {
		return false, err
	}
	if strings.Count(string(content), m.is) != 1 {
		return false, fmt.Errorf("%s does not have %q once", m.file, m.is)
	}
	changed, overlay, binary := filepath.Join(folder, "changed.go"), filepath.Join(folder, "overlay.json"), filepath.Join(folder, "simulate.test")
	replaced, err := json.Marshal(map[string]any{"Replace": map[string]string{source: changed}})
	if err != nil {
		return false, err
	}
	err = errors.Join(os.WriteFile(changed, []byte(strings.Replace(string(content), m.is, m.becomes, 1)), 0o600), os.WriteFile(overlay, replaced, 0o600))
	if err != nil {
		return false, err
	}
	build := exec.CommandContext(ctx, "go", "test", "-c", "-overlay", overlay, "-o", binary, "./test/simulate")
	build.Dir = harness.Path()
	if out, err := build.CombinedOutput(); err != nil {
		return false, fmt.Errorf("build: %w: %s", err, out)
	}
	run := exec.CommandContext(ctx, binary, "-test.run=^TestSeeds$", "-test.timeout=0", "-first", "-tries=0", fmt.Sprintf("-seeds=%d", seeds))
	run.Dir = harness.Path("test", "simulate")
	out, err := run.CombinedOutput()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		return false, fmt.Errorf("run: %w: %s", err, out)
	}
	return err != nil, nil
}
