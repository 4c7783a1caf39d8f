// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import "fmt"

// bodyField is the Field of an error that is about the body as a whole.
const bodyField = "body"

// FieldError says what is wrong with a webhook's body, in words meant for its
// sender. It never quotes the body beyond a single character.
type FieldError struct {
	// Field is the path of the field, such as "data.meetingId", or "body" when
	// the body as a whole is wrong.
	Field string
	// Problem continues the sentence that Field begins: "must be a string, not
	// a number".
	Problem string
}

// Error returns the sentence "<field> <problem>".
func (e *FieldError) Error() string { return e.Field + " " + e.Problem }

func fieldErrorf(field, format string, args ...any) *FieldError {
	return &FieldError{Field: field, Problem: fmt.Sprintf(format, args...)}
}
