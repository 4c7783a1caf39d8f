// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package text_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/internal/text"
)

func TestCutProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		drawn := rapid.OneOf(rapid.String(), rapid.StringN(900, 2000, -1), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(t, "text")
		got := text.Cut(drawn)
		if len(got) > 1024 || !utf8.ValidString(got) || strings.ContainsAny(got, "\n\r\x00\x1b") {
			t.Fatalf("Cut(%q) = %q (%d bytes)", drawn, got, len(got))
		}
		if text.Cut(got) != got {
			t.Fatalf("Cut(%q) is not the same when cut again", got)
		}
	})
}
