// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package spool

import "os"

// lock does nothing: the sidecar runs on Linux, elsewhere it is only compiled.
func lock(*os.File) error { return nil }
