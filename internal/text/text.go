// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package text makes text from outside fit for messages: of steps, conditions and Kubernetes Events.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxMessage is the longest message of a step or a Kubernetes Event, in bytes.
const MaxMessage = 1024

// Line returns text as one line of valid UTF-8 without control characters.
func Line(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD")))
}

// Cut returns text as one line of at most MaxMessage bytes. Longer text ends in "…".
func Cut(text string) string { return CutTo(text, MaxMessage) }

// CutTo is Cut for another length.
func CutTo(text string, length int) string {
	const ellipsis = "…"
	text = Line(text)
	if len(text) <= length {
		return text
	}
	end := length - len(ellipsis)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + ellipsis
}
