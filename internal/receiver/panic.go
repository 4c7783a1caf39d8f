// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"fmt"
	"runtime/debug"
)

// panicError is a bug of ours that a request met. It keeps the kind of what was
// thrown and where, but no value, which could hold what a sender sent.
type panicError struct {
	kind  string
	stack string
}

// newPanicError is called by the deferred function that recovers.
func newPanicError(cause any) *panicError {
	kind := fmt.Sprintf("%T", cause)
	if err, isRuntime := cause.(interface{ RuntimeError() }); isRuntime {
		kind = fmt.Sprint(err)
	}
	return &panicError{kind: kind, stack: string(debug.Stack())}
}

func (e *panicError) Error() string { return "panic: " + e.kind }
