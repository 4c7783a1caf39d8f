// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"fmt"
	"runtime/debug"
)

// PanicError is a bug of ours that a request met. It keeps the kind of what was
// thrown and where, but no value, which could hold what a sender sent.
type PanicError struct {
	Kind, Stack string
}

// NewPanicError is called by the deferred function that recovers.
func NewPanicError(cause any) *PanicError {
	kind := fmt.Sprintf("%T", cause)
	if err, isRuntime := cause.(interface{ RuntimeError() }); isRuntime {
		kind = fmt.Sprint(err)
	}
	return &PanicError{Kind: kind, Stack: string(debug.Stack())}
}

func (e *PanicError) Error() string { return "panic: " + e.Kind }
