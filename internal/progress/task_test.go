// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package progress_test

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/internal/progress"
)

// In a log there is a line at most every five seconds, with what is done, of what, and the time left.
func TestTaskInLog(t *testing.T) {
	tests := map[string]struct {
		unit  progress.Unit
		total int64
		want  string
	}{
		"bytes":         {progress.Bytes, 2000, "level=INFO msg=downloading bytes=500 of=2000 percent=25 left=15s\n"},
		"seconds":       {progress.Milliseconds, 1000, "level=INFO msg=downloading seconds=0 of=1 percent=50 left=5s\n"},
		"unknown total": {progress.Bytes, -1, "level=INFO msg=downloading bytes=500\n"},
		"more than all": {progress.Bytes, 400, "level=INFO msg=downloading bytes=500 of=400 percent=100 left=0s\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			now := time.Unix(0, 0)
			c := progress.New(&log)
			c.Now = func() time.Time { return now }
			task := c.Start("downloading", test.unit, test.total)
			task.Set(100)
			now = now.Add(5 * time.Second)
			task.Set(500)
			now = now.Add(time.Second)
			task.Set(600)
			task.End()
			got := regexp.MustCompile(`(?m)^time=\S+ `).ReplaceAllString(log.String(), "")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// On a terminal there is a bar, above which the log goes on.
func TestTaskOnTerminal(t *testing.T) {
	for name, total := range map[string]int64{"known": 200, "unknown": -1} {
		t.Run(name, func(t *testing.T) {
			terminal, screen, err := pty.Open()
			if err != nil {
				t.Fatal(err)
			}
			shown := make(chan string)
			go func() {
				var all bytes.Buffer
				_, _ = io.Copy(&all, terminal) // ends with an error of its own when the other end is closed
				shown <- all.String()
			}()
			c := progress.New(screen)
			task := c.Start("downloading", progress.Bytes, total)
			task.Set(100)
			task.Set(300) // more than announced is no reason to stop
			c.Logger().Info("something happened")
			task.End()
			if err := screen.Close(); err != nil {
				t.Fatal(err)
			}
			text := <-shown
			if err := terminal.Close(); err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"downloading", map[string]string{"known": "50%", "unknown": "B/s)"}[name], "\rtime="} {
				if !strings.Contains(text, want) {
					t.Errorf("no %q on the screen: %q", want, text)
				}
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
		if left, ok := progress.Left(test.done, test.total, test.elapsed); left != test.want || ok != test.ok {
			t.Errorf("Left(%d, %d, %s) = %s, %v", test.done, test.total, test.elapsed, left, ok)
		}
	}
}

func TestNobodyIsTold(t *testing.T) {
	var c *progress.Console
	task := c.Start("working", progress.Bytes, 1)
	task.Set(1)
	task.End()
}
