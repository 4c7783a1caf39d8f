// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package sysexits has errors that carry the exit code of a process.
//
// The codes are from BSD's sysexits.h: 64 to 78 are permanent and the operator does not retry them, except 69, 74 and 75, which it
// retries like every other code.
package sysexits

import (
	"context"
	"errors"
	"fmt"
)

// The exit codes in use. A program's reference says what they mean there.
const (
	OK          = 0
	Usage       = 64 // the command was called wrongly
	DataErr     = 65 // the input is there, but is not what it should be
	NoInput     = 66 // the input does not exist
	Unavailable = 69 // a service did not answer as it should; retried
	Software    = 70 // a bug
	IOErr       = 74 // reading or writing failed; retried
	TempFail    = 75 // try again later; retried
	Protocol    = 76 // the other side answered what the protocol does not allow
	NoPerm      = 77 // not allowed
	Config      = 78 // something is set up wrongly: a bucket that does not exist, no credentials
)

// ExitError is an error with the exit code of the process.
type ExitError struct {
	// Code is one of the constants of this package.
	Code int
	// Message says what is wrong and what to fix, for users.
	Message string
	// Err is the cause; may be nil. Its text follows the message.
	Err error
}

// New returns an ExitError with a formatted message. err is the cause, and may be nil.
func New(code int, err error, format string, args ...any) *ExitError {
	return &ExitError{Code: code, Message: fmt.Sprintf(format, args...), Err: err}
}

// Error returns the message, followed by the cause if there is one.
func (e *ExitError) Error() string {
	if e.Err == nil {
		return e.Message
	}
	return e.Message + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *ExitError) Unwrap() error { return e.Err }

// Code returns the exit code for err: OK for nil, the code of the first ExitError in its chain, TempFail for a context
// that was cancelled or timed out, and Software for anything else, because an unclassified error is a bug.
func Code(err error) int {
	var exit *ExitError
	switch {
	case err == nil:
		return OK
	case errors.As(err, &exit):
		return exit.Code
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return TempFail
	default:
		return Software
	}
}
