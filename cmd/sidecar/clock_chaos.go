// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build chaos

package main

import (
	"os"
	"slices"
	"strings"
	"time"
)

// A sidecar for the chaos tests has a wrong clock while there is a file beside --spool-dir that says by how much.
func init() {
	at := slices.Index(os.Args, "--spool-dir")
	if at < 0 || at+1 == len(os.Args) {
		return
	}
	path := os.Args[at+1] + ".clock"
	wallClock = func() time.Time {
		now := time.Now()
		if content, err := os.ReadFile(path); err == nil {
			if offset, err := time.ParseDuration(strings.TrimSpace(string(content))); err == nil {
				now = now.Add(offset)
			}
		}
		return now.Round(0) // without the monotonic clock, which does not jump
	}
}
