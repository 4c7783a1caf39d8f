// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package confine lets a process give up system calls that it no longer needs, so that whoever takes it over cannot make them either. What is given up is
// gone for every thread and for every program started later, until the process ends. Where a system has no seccomp, each function returns an error that is
// errors.ErrUnsupported.
package confine
