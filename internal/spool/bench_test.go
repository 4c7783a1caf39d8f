// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkAppend is an event on its way to the disk, by 32 senders at once, who share its fsyncs.
func BenchmarkAppend(b *testing.B) {
	store, _, err := Open(b.TempDir(), Options{MaxBytes: 1 << 30, Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	payload := json.RawMessage(`{"meetingId":"hstr-afz3-tt4f","sessionId":"62d148951a1eb20029fc9b05","type":"Starting","source":"Webhook","receivedAt":"2026-11-23T12:00:00Z"}`)
	var number atomic.Int64
	b.SetParallelism(32)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := store.Append(b.Context(), fmt.Sprint("session-", number.Add(1)/4), payload); err != nil {
				b.Error(err)
			}
		}
	})
}
