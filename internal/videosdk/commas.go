// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import "bytes"

// maxDepth bounds the nesting of a body. The provider's have two levels.
const maxDepth = 64

// blankTrailingCommas returns body with every trailing comma, that is one
// between a value and a closing bracket, replaced by a space. Offsets stay as
// they were, so that a later syntax error still points into the body as sent.
// It changes nothing else and does not validate: what it returns is strict
// JSON exactly when body is JSON with trailing commas. body is not modified;
// without such a comma it is returned itself.
//
// It fails on nesting beyond maxDepth and on comments.
func blankTrailingCommas(body []byte) ([]byte, error) {
	var (
		out         = body
		depth       int
		inString    bool
		last        byte // last byte that is not white space
		commaAt     int  // where last was, if last is a comma
		beforeComma byte // what last was before that comma
	)
	for i := 0; i < len(body); i++ {
		c := body[i]
		if inString {
			switch c {
			case '\\':
				i++
			case '"':
				inString = false
			}
			continue
		}
		switch c {
		case ' ', '\t', '\r', '\n':
			continue
		case '"':
			inString = true
		case '/':
			return nil, fieldErrorf(bodyField, "has a comment or a stray slash at byte %d, which JSON does not allow", i)
		case '{', '[':
			if depth++; depth > maxDepth {
				return nil, fieldErrorf(bodyField, "is nested more than %d levels deep", maxDepth)
			}
		case ',':
			commaAt, beforeComma = i, last
		case '}', ']':
			depth--
			if last == ',' && endsValue(beforeComma) {
				if &out[0] == &body[0] {
					out = bytes.Clone(body)
				}
				out[commaAt] = ' '
			}
		}
		last = c
	}
	return out, nil
}

// endsValue reports whether c can be the last byte of a value.
func endsValue(c byte) bool {
	switch c {
	case 0, ',', ':', '{', '[':
		return false
	}
	return true
}
