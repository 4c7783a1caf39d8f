// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package main

// surviveFileSizeLimit does nothing: there is no such limit here.
func surviveFileSizeLimit() {}
