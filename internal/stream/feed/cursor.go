// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package feed

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// Whole is the Index of a Cursor after every event of its version.
const Whole = math.MaxInt32

// Cursor is a place in the order of events: after the event with this index of those that the write of this resourceVersion caused.
type Cursor struct {
	Version uint64
	Index   int32
}

// After reports whether this place is later than the other.
func (c Cursor) After(other Cursor) bool {
	return c.Version > other.Version || c.Version == other.Version && c.Index > other.Index
}

// String is "7" after all of version 7, and "7.0" after its first event of several.
func (c Cursor) String() string {
	text := strconv.FormatUint(c.Version, 10)
	if c.Index != Whole {
		text += "." + strconv.FormatInt(int64(c.Index), 10)
	}
	return text
}

// floor is the version whose state, with all events since, tells everything after the cursor.
func (c Cursor) floor() uint64 {
	if c.Index == Whole {
		return c.Version
	}
	return c.Version - 1
}

// FormatCursors returns the id of an event: the places in the feeds of its stream, in their order.
func FormatCursors(cursors []Cursor) string {
	texts := make([]string, len(cursors))
	for i, cursor := range cursors {
		texts[i] = cursor.String()
	}
	return strings.Join(texts, ",")
}

var errCursor = errors.New("not the id of an event")

// ParseCursors reads the result of FormatCursors.
func ParseCursors(id string) ([]Cursor, error) {
	var cursors []Cursor
	for text := range strings.SplitSeq(id, ",") {
		cursor, err := parseCursor(text)
		if err != nil {
			return nil, err
		}
		cursors = append(cursors, cursor)
	}
	return cursors, nil
}

func parseCursor(text string) (Cursor, error) {
	version, index, partial := strings.Cut(text, ".")
	cursor := Cursor{Index: Whole}
	var err error
	if cursor.Version, err = strconv.ParseUint(version, 10, 64); err != nil || cursor.Version < 2 {
		return Cursor{}, errCursor
	}
	if partial {
		n, err := strconv.ParseInt(index, 10, 32)
		if err != nil || n < 0 || n >= Whole {
			return Cursor{}, errCursor
		}
		cursor.Index = int32(n)
	}
	return cursor, nil
}
