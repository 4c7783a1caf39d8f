// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package progress_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/meetingops/meeting-recording-operator/internal/progress"
)

func TestLines(t *testing.T) {
	var out bytes.Buffer
	var now time.Time
	c := progress.New(&out)
	c.Now = func() time.Time { return now }
	for second := range 12 {
		now = time.Unix(int64(second), 0)
		c.Bytes(int64(second*10), 100)
	}
	c.Bytes(110, -1)
	now = now.Add(time.Minute)
	c.Bytes(120, -1)
	c.Done()
	var got []string
	for line := range strings.Lines(out.String()) {
		_, text, _ := strings.Cut(line, "msg=")
		got = append(got, strings.TrimSpace(text))
	}
	want := "working bytes=50 of=100 percent=50\nworking bytes=100 of=100 percent=100\nworking bytes=120"
	if strings.Join(got, "\n") != want {
		t.Errorf("lines:\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}

// On a real terminal it is a bar, above which the log goes on.
func TestBar(t *testing.T) {
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
	c.Bytes(0, 1<<20)
	c.Bytes(1<<19, 1<<20)
	c.Logger().Info("something happened")
	c.Bytes(1<<10, 2<<20) // another total begins another bar
	c.Bytes(5, -1)
	c.Done()
	c.Logger().Info("the end")
	if err := screen.Close(); err != nil {
		t.Fatal(err)
	}
	text := <-shown
	if err := terminal.Close(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"0%", "/1.0 MiB", "/2.0 MiB", "\rtime="} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q on the screen: %q", want, text)
		}
	}
	if !strings.HasSuffix(text, "msg=\"the end\"\r\n") || strings.Contains(text, "msg=working") {
		t.Errorf("screen: %q", text)
	}
}
