// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// Output collects what a program prints, from any goroutine.
type Output struct {
	mu      sync.Mutex
	content bytes.Buffer
}

func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.content.Write(p)
}

// String is everything so far.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.content.String()
}

// Line waits for a whole line that has the text, and returns it.
func (o *Output) Line(t testing.TB, text string) (line string) {
	t.Helper()
	Eventually(t, fmt.Sprintf("a line with %q", text), func(context.Context) error {
		content := o.String()
		for line = range strings.Lines(content) {
			if strings.Contains(line, text) && strings.HasSuffix(line, "\n") {
				return nil
			}
		}
		return fmt.Errorf("there is none in:\n%s", content)
	})
	return line
}
