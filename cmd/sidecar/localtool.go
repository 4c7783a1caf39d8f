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
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

// recordsAtOnce is how many records one commit of `sidecar spool` is for.
const recordsAtOnce = 256

// localTool is the spoolTool of an open spool. A running outbox is to be started again after records were added.
type localTool struct{ store *spool.Store }

// Export implements spoolTool.
func (l localTool) Export(w io.Writer) error {
	encoder := json.NewEncoder(w)
	return l.store.Each(func(r spool.Record) error { return encoder.Encode(r) })
}

// Retry implements spoolTool. Dead letters wait behind everything that waits already.
func (l localTool) Retry(ids []uint64) (int, error) {
	return l.eachDeadLetter(ids, func(letters []spool.Record) error {
		removed, waiting := make([]uint64, len(letters)), make([]spool.Record, len(letters))
		for i, letter := range letters {
			spooled, err := outbox.Decode(letter)
			if err != nil {
				return err
			}
			removed[i], waiting[i] = letter.ID, outbox.SpooledEvent{Event: spooled.Event}.Record(spool.Waiting)
		}
		return l.store.Exchange(removed, waiting)
	})
}

// Delete implements spoolTool.
func (l localTool) Delete(ids []uint64) (int, error) {
	return l.eachDeadLetter(ids, func(letters []spool.Record) error {
		removed := make([]uint64, len(letters))
		for i, letter := range letters {
			removed[i] = letter.ID
		}
		return l.store.Exchange(removed, nil)
	})
}

// eachDeadLetter calls do with some dead letters at a time, and returns how many there were.
func (l localTool) eachDeadLetter(ids []uint64, do func([]spool.Record) error) (total int, err error) {
	var letters []spool.Record
	flush := func() error {
		if len(letters) == 0 {
			return nil
		}
		if err := do(letters); err != nil {
			return err
		}
		total, letters = total+len(letters), nil
		return nil
	}
	err = l.store.Each(func(r spool.Record) error {
		if r.State != spool.Dead || (len(ids) > 0 && !slices.Contains(ids, r.ID)) {
			return nil
		}
		if letters = append(letters, r); len(letters) < recordsAtOnce {
			return nil
		}
		return flush()
	})
	return total, errors.Join(err, flush())
}

// Import implements spoolTool. Records get new IDs.
func (l localTool) Import(from io.Reader) (total int, err error) {
	var records []spool.Record
	for decoder := json.NewDecoder(from); ; {
		var r spool.Record
		err := decoder.Decode(&r)
		isEnd := errors.Is(err, io.EOF)
		if err != nil && !isEnd {
			return total, fmt.Errorf("record %d: %w", total+len(records)+1, err)
		}
		if !isEnd {
			spooled, err := outbox.Decode(r)
			if err != nil || spooled.MeetingID == "" || spooled.SessionID == "" || (r.State != spool.Waiting && r.State != spool.Dead) {
				return total, errors.Join(fmt.Errorf("record %d is none of `sidecar spool export`", total+len(records)+1), err)
			}
			records = append(records, spooled.Record(r.State))
		}
		if len(records) > 0 && (isEnd || len(records) == recordsAtOnce) {
			if err := l.store.Exchange(nil, records); err != nil {
				return total, err
			}
			total, records = total+len(records), nil
		}
		if isEnd {
			return total, nil
		}
	}
}
