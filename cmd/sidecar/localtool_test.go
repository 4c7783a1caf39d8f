// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/outbox"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

// TestImport: what export prints comes back, in its order, and what it does not print is refused.
func TestImport(t *testing.T) {
	store, err := spool.Open(t.TempDir(), spool.Options{MaxBytes: maxSpoolBytes, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	tool := localTool{store: store}
	var lines strings.Builder
	for n := range 600 {
		fmt.Fprintf(&lines, `{"id":%d,"state":"waiting","payload":{"namespace":"meetings","meetingId":"hstr-afz3-tt4f","sessionId":"session-%d","type":"Started","source":"Webhook","filePath":"%d","receiveTime":"2026-11-23T12:00:00Z"}}`+"\n", n, n%3, n)
	}
	lines.WriteString(`{"id":7,"state":"dead","payload":{"namespace":"meetings","meetingId":"a","sessionId":"b","type":"Started","source":"Webhook","receiveTime":"2026-11-23T12:00:00Z","reason":"old"}}`)
	if n, err := tool.Import(strings.NewReader(lines.String())); n != 601 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	next := 0
	if err := store.Each(func(r spool.Record) error {
		ev, err := outbox.Decode(r)
		switch {
		case r.State == spool.Dead && (ev.Reason != "old" || next != 600):
			t.Errorf("dead letter %+v behind %d events", ev, next)
		case r.State == spool.Waiting && ev.FilePath != fmt.Sprint(next):
			t.Errorf("event %s, want %d", ev.FilePath, next)
		case r.State == spool.Waiting:
			next++
		}
		return err
	}); err != nil || next != 600 {
		t.Errorf("%d events, %v", next, err)
	}
	for _, bad := range []string{"x", `{"state":"waiting","payload":{}}`, `{"state":"odd","payload":{"namespace":"n","meetingId":"a","sessionId":"b"}}`, `{"state":"dead","payload":{"meetingId":"a","sessionId":"b"}}`, `{"state":"dead","payload":1}`} {
		if _, err := tool.Import(strings.NewReader(bad)); err == nil || !strings.Contains(err.Error(), "record 1") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if n, err := tool.Delete([]uint64{1}); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := tool.Retry(nil); n != 1 || err != nil || store.Stats().Events != 601 {
		t.Errorf("%d, %v", n, err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}

// TestRetryPassesOverWhatCannotBeDecoded: a dead letter that is damaged is named and stays, and the others are written again.
func TestRetryPassesOverWhatCannotBeDecoded(t *testing.T) {
	store, err := spool.Open(t.TempDir(), spool.Options{MaxBytes: maxSpoolBytes, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	var records []spool.Record
	for _, payload := range []string{`{"sessionId":"first"}`, `{"sessionId":`, `{"sessionId":"last"}`} {
		records = append(records, spool.Record{State: spool.Dead, Session: 1, Payload: []byte(payload)})
	}
	if err := spool.AppendNow(store, records); err != nil {
		t.Fatal(err)
	}
	bad := records[1].ID
	if n, err := (localTool{store: store}).Retry(nil); n != 2 || err == nil || !strings.Contains(err.Error(), fmt.Sprintf("decode spooled event %d:", bad)) {
		t.Errorf("%d are written again, error %v", n, err)
	}
	var waiting []string
	if err := store.Each(func(r spool.Record) error {
		if r.State == spool.Dead {
			if r.ID != bad {
				t.Errorf("dead letter %d is left", r.ID)
			}
			return nil
		}
		ev, err := outbox.Decode(r)
		waiting = append(waiting, ev.SessionID)
		return err
	}); err != nil || strings.Join(waiting, " ") != "first last" {
		t.Errorf("waiting: %q, %v", waiting, err)
	}
	if n, err := (localTool{store: store}).Delete([]uint64{bad}); n != 1 || err != nil || store.Stats().Events != 2 {
		t.Errorf("%d deleted, %v", n, err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}
