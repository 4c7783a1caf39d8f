// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package processing

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMessage is the bound of a step's message in its schema.
const maxMessage = 1024

// Cut makes text of others fit for a message: one line of valid UTF-8 without control characters, at most 1024 bytes, cut
// between characters and then ended by "…".
func Cut(text string) string { return cutTo(text, maxMessage) }

// cutTo does the same for another length.
func cutTo(text string, length int) string {
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

// lastLine returns the last line of a text that is not blank.
func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return strings.TrimSpace(text[strings.LastIndexAny(text, "\r\n")+1:])
}
