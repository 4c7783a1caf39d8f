// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package processing

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxMessage is the bound of a step's message in its schema.
	maxMessage = 1024
	// minMessage is what every step's message may have, however many there are.
	minMessage = 128
	// allMessages is what the messages of all steps may have together, as long as each has minMessage.
	allMessages = 6 << 10
)

// messageRoom is how many bytes the message of each of so many steps may have.
func messageRoom(steps int) int { return min(max(allMessages/max(steps, 1), minMessage), maxMessage) }

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
