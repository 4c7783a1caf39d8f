// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"fmt"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

// replayBatch is some of a session's records on their way.
type replayBatch struct {
	session   recorder.Session
	ids       []uint64 // of events
	events    []lifecycle.Event
	delivered []uint64
	buried    []spool.Burial
}

// newReplayBatch reads records, up to the first of another session, which those
// of a version that knew of one namespace can be. What it cannot read is buried.
func newReplayBatch(records []spool.Record) *replayBatch {
	b := &replayBatch{}
	for _, record := range records {
		ev, err := decodeSpooled(record.Payload)
		if err != nil {
			b.buried = append(b.buried, spool.Burial{ID: record.ID, Reason: reason(err)})
			continue
		}
		if len(b.ids) > 0 && b.session != ev.Session {
			break
		}
		b.session = ev.Session
		b.ids, b.events = append(b.ids, record.ID), append(b.events, ev.Event)
	}
	return b
}

func (b *replayBatch) judge(written []recorder.Written) {
	for i, w := range written {
		if w.Err == nil {
			b.delivered = append(b.delivered, b.ids[i])
		} else if rejection := recorder.RejectionOf(w.Err); rejection != nil {
			b.buried = append(b.buried, spool.Burial{ID: b.ids[i], Reason: reason(rejection)})
		}
	}
}

// panicked buries the only event of a batch that met a bug. Of several it must
// first be found out which.
func (b *replayBatch) panicked(bug *recorder.PanicError) error {
	if len(b.ids) == 1 {
		b.buried = append(b.buried, spool.Burial{ID: b.ids[0], Reason: reason(bug)})
		return fmt.Errorf("a dead letter now: %w", bug)
	}
	return bug
}
