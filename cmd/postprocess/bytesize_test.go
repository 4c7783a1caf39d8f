// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"
)

func TestByteSize(t *testing.T) {
	for text, want := range map[string]int64{
		"1": 1, "20Gi": 20 << 30, "500M": 500_000_000, "1k": 1000, "2Ki": 2048, "3Mi": 3 << 20, "1Ti": 1 << 40, "1T": 1e12, "1G": 1e9,
		"8388607Ti": 8388607 << 40,
	} {
		var got byteSize
		if err := got.Set(text); err != nil || int64(got) != want {
			t.Errorf("Set(%q): %d, %v, want %d", text, got, err, want)
		}
		var again byteSize
		if err := again.Set(got.String()); err != nil || again != got {
			t.Errorf("Set(%q.String() = %q): %d, %v", text, got.String(), again, err)
		}
	}
	for _, text := range []string{"", "0", "-1", "1.5Gi", "Gi", "1GB", "1 Gi", "8388608Ti", "9223372036854775808", "1e3", "+1", "0Ki"} {
		var got byteSize
		if err := got.Set(text); err == nil {
			t.Errorf("Set(%q): %d, want an error", text, got)
		}
	}
	def := byteSize(20 << 30)
	if got := def.String(); got != "20Gi" {
		t.Errorf("String = %s", got)
	}
}
