// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package proc

import (
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseUsage(t *testing.T) {
	const stat = "7 (a) (b) R 1 7 7 0 -1 4194560 1 0 0 0 123 45 0 0 20 0 9 0 100 1 1"
	const status = "Name:\ta\nVmHWM:\t   2048 kB\nVmRSS:\t   1024 kB\n"
	got, err := parseUsage(stat, status)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Usage{CPU: 1680 * time.Millisecond, RSS: 1 << 20, PeakRSS: 2 << 20}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for name, text := range map[string][2]string{
		"no name":       {"7 R 1", status},
		"too short":     {"7 (a) R 1", status},
		"no number":     {"7 (a) R 1 7 7 0 -1 4194560 1 0 0 0 x 45 0", status},
		"zombie":        {stat, "Name:\ta\n"},
		"unknown units": {stat, "VmHWM:\tmuch\n"},
	} {
		if got, err := parseUsage(text[0], text[1]); err == nil {
			t.Errorf("%s: %+v, want an error", name, got)
		}
	}
}

func TestReadUsageOfOurselves(t *testing.T) {
	usage, err := ReadUsage(os.Getpid())
	if err != nil || usage.PeakRSS < 1<<20 {
		t.Errorf("%+v, %v", usage, err)
	}
	if _, err := ReadUsage(1 << 30); err == nil {
		t.Error("a process that is not there has used something")
	}
}
