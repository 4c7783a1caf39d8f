// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

// What tests of the package's own API need besides.
var (
	StoreDecision = storeDecision
	ErrConflict   = errConflict
)
