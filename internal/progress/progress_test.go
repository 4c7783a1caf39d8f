// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// In a log there is a line at most every five seconds, with what is done, of what, and the time left.
func TestLines(t *testing.T) {
	tests := map[string]struct {
		unit  Unit
		total int64
		want  string
	}{
		"bytes":         {Bytes, 2000, "level=INFO msg=downloading bytes=500 of=2000 percent=25 left=15s\n"},
		"seconds":       {Seconds, 1000, "level=INFO msg=downloading seconds=0 of=1 percent=50 left=5s\n"},
		"unknown total": {Bytes, -1, "level=INFO msg=downloading bytes=500\n"},
		"more than all": {Bytes, 400, "level=INFO msg=downloading bytes=500 of=400 percent=100 left=0s\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			now := time.Unix(0, 0)
			handler := slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey {
					return slog.Attr{}
				}
				return a
			}})
			r := &Reporter{Writer: &log, Log: slog.New(handler), Now: func() time.Time { return now }}
			task := r.Start("downloading", test.unit, test.total)
			task.Set(100)
			now = now.Add(5 * time.Second)
			task.Set(500)
			now = now.Add(time.Second)
			task.Set(600)
			task.End()
			if diff := cmp.Diff(test.want, log.String()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestLeft(t *testing.T) {
	tests := []struct {
		done, total int64
		elapsed     time.Duration
		want        time.Duration
		ok          bool
	}{
		{1, 4, time.Minute, 3 * time.Minute, true},
		{4, 4, time.Minute, 0, true},
		{0, 4, time.Minute, 0, false},
		{5, 4, time.Minute, 0, false},
		{1, 0, time.Minute, 0, false},
	}
	for _, test := range tests {
		if left, ok := Left(test.done, test.total, test.elapsed); left != test.want || ok != test.ok {
			t.Errorf("Left(%d, %d, %s) = %s, %v", test.done, test.total, test.elapsed, left, ok)
		}
	}
}

func TestNobodyIsTold(t *testing.T) {
	var r *Reporter
	task := r.Start("working", Bytes, 1)
	task.Set(1)
	task.End()
}
