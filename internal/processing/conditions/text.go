// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package conditions

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxMessage is the longest message of a step or a Kubernetes Event, in bytes.
const MaxMessage = 1024

// Cut returns text as one line of valid UTF-8 without control characters, of at most MaxMessage bytes. Longer text ends in "…".
func Cut(text string) string { return CutTo(text, MaxMessage) }

// CutTo is Cut for another length.
func CutTo(text string, length int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	text = strings.TrimSpace(text)
	if len(text) <= length {
		return text
	}
	const ellipsis = "…"
	end := length - len(ellipsis)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + ellipsis
}
