// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package sysexits carries a process's exit code along with the error that caused it.
//
// The codes are those of BSD's sysexits.h, as the Job contract asks: 64 to 78 are permanent and the operator does not
// retry them, except 69, 74 and 75, which it retries like every other code.
package sysexits

import (
	"context"
	"errors"
	"fmt"
)

// The exit codes in use. Their meaning for one program is in that program's reference.
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

// ExitError is an error that knows the exit code it should end the process with.
type ExitError struct {
	// Code is one of the constants of this package.
	Code int
	// Message says what is wrong and what to fix, in words a user can read.
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
// that was cancelled or timed out, and Software for anything else, since an error nobody classified is a bug.
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
