// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package confine lets a process give up system calls that it no longer needs, so that an attacker who takes it over cannot make them either.
// They are gone for every thread and for every program started later, until the process ends. On a system without seccomp, each function
// returns an error that is errors.ErrUnsupported.
package confine
