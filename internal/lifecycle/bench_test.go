// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"testing"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// BenchmarkPlace is where the last event of a recording goes, with the status that it makes: the usual case, and that of a session which has
// recorded eight times before.
func BenchmarkPlace(b *testing.B) {
	begin := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	windows := Windows{Reorder: time.Minute, Redelivery: 10 * time.Second}
	types := []v1alpha1.EventType{v1alpha1.EventStarting, v1alpha1.EventStarted, v1alpha1.EventStopping, v1alpha1.EventStopped}
	segment := func(index int32, from time.Time, path string, types ...v1alpha1.EventType) Segment {
		s := Segment{Index: index}
		for i, eventType := range types {
			ev := Event{Type: eventType, Source: v1alpha1.EventSourceWebhook, ReceivedAt: from.Add(time.Duration(i) * time.Second)}
			if eventType == v1alpha1.EventStopped {
				ev.FilePath = path
			}
			s.Status = Apply(s.Status, ev)
		}
		return s
	}
	for name, earlier := range map[string]int{"first": 0, "ninth": 8} {
		var chain []Segment
		from := begin
		for i := range earlier {
			chain = append(chain, segment(int32(i+1), from, "/earlier/"+string(rune('a'+i)), types...))
			from = from.Add(time.Hour)
		}
		chain = append(chain, segment(int32(earlier+1), from, "", types[:3]...))
		ev := Event{Type: v1alpha1.EventStopped, Source: v1alpha1.EventSourceWebhook, FilePath: "/last", ReceivedAt: from.Add(3 * time.Second)}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if d := Place(chain, ev, windows); isNew(d) || statusOf(d).State != v1alpha1.RecordingStopped {
					b.Fatalf("%+v", d)
				}
			}
		})
	}
}
