// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package confine_test

// foreignCall has nothing to call: arm64 has one set of system calls.
func foreignCall() {}

// foreignProgramsEnd has nothing to try: a test cannot know whether the processor runs 32-bit programs.
func foreignProgramsEnd() error { return nil }
