// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"encoding/json"
	"testing"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// BenchmarkWrite is a redelivery on its way to the store, without traces.
func BenchmarkWrite(b *testing.B) {
	store := newMemoryStore()
	w := &Writer{Store: store, Windows: testWindows}
	ev := []lifecycle.Event{event(starting, 0)}
	writeAll(b, w, ev...)
	read := store.chain()[0]
	b.ReportAllocs()
	for b.Loop() {
		store.objects[testName], store.calls = append(store.objects[testName][:0], read), store.calls[:0]
		if written := w.Write(b.Context(), session, ev); written[0].Err != nil {
			b.Fatal(written[0].Err)
		}
	}
}

// BenchmarkDecodeObject is what reading the API server's answer costs.
func BenchmarkDecodeObject(b *testing.B) {
	body, err := json.Marshal(map[string]any{
		"apiVersion": "recording.meetingops.dev/v1alpha1", "kind": "MeetingRecording",
		"metadata": map[string]any{"name": testName, "resourceVersion": "12", "labels": map[string]string{"a": "b"}},
		"spec":     map[string]any{"meetingID": testMeeting, "sessionID": testSession, "segment": 1},
		"status":   map[string]any{"recording": map[string]any{"state": "Starting", "events": []any{}}},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decodeObject(body); err != nil {
			b.Fatal(err)
		}
	}
}
