// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package view

import "regexp"

// Codes of ANSI terminals.
const (
	red, green, yellow, reset = "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[0m"
)

// states finds the words that say how something is.
var states = regexp.MustCompile(`\b(Failed|Stalled|Error|Succeeded|Running|Queued|Pending|Suspended|Waiting)\b`)

var colors = map[string]string{
	"Failed": red, "Stalled": red, "Error": red, "Succeeded": green,
	"Running": yellow, "Queued": yellow, "Pending": yellow, "Suspended": yellow, "Waiting": yellow,
}

// Color colors the states in a line. Do it last: colors have no width.
func Color(line string) string {
	return states.ReplaceAllStringFunc(line, func(word string) string {
		if color, ok := colors[word]; ok {
			return color + word + reset
		}
		return word
	})
}
