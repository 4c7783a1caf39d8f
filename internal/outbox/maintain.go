// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

// maintainAtOnce is how many records one commit of an operator's command is for.
const maintainAtOnce = 256

// Retry has dead letters wait again, behind everything that waits now: those with the IDs, or all if there are none. It returns how many.
// A running Outbox is to be started again after it.
func Retry(store *spool.Store, ids []uint64) (int, error) {
	return eachDeadLetter(store, ids, func(letters []spool.Record) error {
		removed, waiting := make([]uint64, len(letters)), make([]spool.Record, len(letters))
		for i, letter := range letters {
			spooled, err := Decode(letter)
			if err != nil {
				return err
			}
			spooled.Reason, spooled.DeadTime = "", time.Time{}
			removed[i], waiting[i] = letter.ID, spooled.record(spool.Waiting)
		}
		return store.Exchange(removed, waiting)
	})
}

// Delete removes dead letters: those with the IDs, or all if there are none. It returns how many.
func Delete(store *spool.Store, ids []uint64) (int, error) {
	return eachDeadLetter(store, ids, func(letters []spool.Record) error {
		removed := make([]uint64, len(letters))
		for i, letter := range letters {
			removed[i] = letter.ID
		}
		return store.Exchange(removed, nil)
	})
}

// eachDeadLetter calls do with some dead letters at a time, and returns how many there were.
func eachDeadLetter(store *spool.Store, ids []uint64, do func([]spool.Record) error) (total int, err error) {
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
	err = store.Each(func(r spool.Record) error {
		if r.State != spool.Dead || (len(ids) > 0 && !slices.Contains(ids, r.ID)) {
			return nil
		}
		if letters = append(letters, r); len(letters) < maintainAtOnce {
			return nil
		}
		return flush()
	})
	return total, errors.Join(err, flush())
}

// Import appends the records that `sidecar spool export` printed, and returns how many. They get new IDs.
func Import(store *spool.Store, from io.Reader) (total int, err error) {
	var records []spool.Record
	for decoder := json.NewDecoder(from); ; {
		var r spool.Record
		err := decoder.Decode(&r)
		isEnd := errors.Is(err, io.EOF)
		if err != nil && !isEnd {
			return total, fmt.Errorf("record %d: %w", total+len(records)+1, err)
		}
		if !isEnd {
			spooled, err := Decode(r)
			if err != nil || spooled.MeetingID == "" || spooled.SessionID == "" || (r.State != spool.Waiting && r.State != spool.Dead) {
				return total, fmt.Errorf("record %d is none of `sidecar spool export`: %w", total+len(records)+1, errors.Join(err))
			}
			records = append(records, spooled.record(r.State))
		}
		if len(records) > 0 && (isEnd || len(records) == maintainAtOnce) {
			if err := store.Exchange(nil, records); err != nil {
				return total, err
			}
			total, records = total+len(records), nil
		}
		if isEnd {
			return total, nil
		}
	}
}
