// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/meetingops/meeting-recording-operator/internal/outbox"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

// recordsAtOnce is how many records one commit of `sidecar spool` is for.
const recordsAtOnce = 256

// localTool is the spoolTool of an open spool. After records were added, a running outbox must be started again.
type localTool struct {
	store *spool.Store
	// owns, if not nil, reports whether a session's events belong in this spool.
	owns func(recorder.Session) bool
}

// Export implements spoolTool.
func (l localTool) Export(w io.Writer) error {
	encoder := json.NewEncoder(w)
	return l.store.Each(func(r spool.Record) error { return encoder.Encode(r) })
}

// Retry implements spoolTool. Dead letters wait behind everything that waits already.
func (l localTool) Retry(ids []uint64) (int, error) {
	return l.replaceDeadLetters(ids, func(letter spool.Record) ([]spool.Record, error) {
		spooled, err := outbox.Decode(letter)
		if err != nil {
			return nil, err
		}
		return []spool.Record{outbox.SpooledEvent{Event: spooled.Event}.Record(spool.Waiting)}, nil
	})
}

// Delete implements spoolTool.
func (l localTool) Delete(ids []uint64) (int, error) {
	return l.replaceDeadLetters(ids, func(spool.Record) ([]spool.Record, error) { return nil, nil })
}

// replaceDeadLetters puts what by returns in the place of dead letters, some at a time, and returns how many there were.
func (l localTool) replaceDeadLetters(ids []uint64, by func(spool.Record) ([]spool.Record, error)) (total int, err error) {
	var records []spool.Record
	var failures []error
	letters := 0
	flush := func() error {
		if err := spool.AppendNow(l.store, records); err != nil {
			return err
		}
		total, letters, records = total+letters, 0, nil
		return nil
	}
	err = l.store.Each(func(r spool.Record) error {
		if r.State != spool.Dead || (len(ids) > 0 && !slices.Contains(ids, r.ID)) {
			return nil
		}
		added, err := by(r)
		if err != nil {
			failures = append(failures, err) // the others are replaced all the same
			return nil
		}
		// A crash may leave the beginning of a commit: better both than none.
		records = append(append(records, added...), spool.Record{State: spool.Removed, ID: r.ID})
		if letters++; letters < recordsAtOnce {
			return nil
		}
		return flush()
	})
	err = errors.Join(append(failures, err, flush())...)
	return total, err // flush has counted
}

// Import implements spoolTool. Records get new IDs. It omits those of other shards' sessions, and returns an error.
func (l localTool) Import(from io.Reader) (total int, err error) {
	var records []spool.Record
	others := 0
	for decoder := json.NewDecoder(from); ; {
		var r spool.Record
		err := decoder.Decode(&r)
		isEnd := errors.Is(err, io.EOF)
		if err != nil && !isEnd {
			return total, fmt.Errorf("record %d: %w", total+others+len(records)+1, err)
		}
		if !isEnd {
			spooled, err := outbox.Decode(r)
			if err != nil || spooled.Namespace == "" || spooled.MeetingID == "" || spooled.SessionID == "" || (r.State != spool.Waiting && r.State != spool.Dead) {
				return total, errors.Join(fmt.Errorf("record %d is not from `sidecar spool export`", total+others+len(records)+1), err)
			}
			if l.owns == nil || l.owns(spooled.Session) {
				records = append(records, spooled.Record(r.State))
			} else {
				others++
			}
		}
		if len(records) > 0 && (isEnd || len(records) == recordsAtOnce) {
			if err := spool.AppendNow(l.store, records); err != nil {
				return total, err
			}
			total, records = total+len(records), nil
		}
		switch {
		case isEnd && others > 0:
			return total, fmt.Errorf("%d events belong to sessions of other shards: import the file there, too", others)
		case isEnd:
			return total, nil
		}
	}
}
