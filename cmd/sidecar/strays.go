// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/meetingops/meeting-recording-operator/internal/outbox"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

// checkStrays returns an error if events wait in a folder of no shard: nobody would write them.
func (s *sidecar) checkStrays(directory string, metrics *outbox.Metrics) error {
	strays, err := spoolsIn(directory)
	if err != nil {
		return fmt.Errorf("--spool-dir: %w", err)
	}
	for _, stray := range strays {
		if slices.ContainsFunc(s.shards.names, func(name string) bool { return filepath.Join(directory, name) == stray }) {
			continue
		}
		store, err := s.openSpool(stray, metrics, s.log)
		if err != nil {
			return err
		}
		stats := store.Stats()
		if err := store.Close(); err != nil {
			return fmt.Errorf("look for events of other shards: %w", err)
		}
		if left := stats.Events + stats.DeadLetters; left > 0 {
			return fmt.Errorf("%s has %d events of an unknown shard: add it with --shard until they are written, or %s", stray, left, moveAway)
		}
	}
	return nil
}

// countOthers returns how many events are of sessions that belong to other shards: those would have recordings on two.
func countOthers(store *spool.Store, owns func(recorder.Session) bool) (others int) {
	var last uint64
	isOthers := false
	_ = store.Each(func(r spool.Record) error { // Start reports what cannot be read
		if r.Session != last {
			ev, err := outbox.Decode(r)
			isOthers, last = err == nil && !owns(ev.Session), r.Session // what cannot be decoded becomes a dead letter
		}
		if isOthers {
			others++
		}
		return nil
	})
	return others
}

const moveAway = "save them with `sidecar spool export`, delete the folder, and `import` them for each shard once the sidecar runs"

// spoolsIn returns the spools of a --spool-dir: itself unless it is empty, as after a sidecar without shards, and its folders.
func spoolsIn(directory string) (spools []string, err error) {
	directory = filepath.Clean(directory)
	for _, pattern := range []string{"*.spool", filepath.Join("*", "*.spool"), filepath.Join("*", "lock")} { // only the lock before the first event
		files, err := filepath.Glob(filepath.Join(directory, pattern))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			if info, err := os.Stat(file); filepath.Dir(file) != directory || (err == nil && info.Size() > 0) {
				spools = append(spools, filepath.Dir(file))
			}
		}
	}
	slices.Sort(spools)
	return slices.Compact(spools), nil
}
