// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package runner

// WithOwnMounts does nothing: mounts of its own are for Linux.
func WithOwnMounts() (code int, done bool) { return 0, false }

type disk struct{}

const diskBytes = 0

func newDisk(string) (*disk, error) { return nil, nil }

func (*disk) fill() error    { return nil }
func (*disk) empty() error   { return nil }
func (*disk) release() error { return nil }
