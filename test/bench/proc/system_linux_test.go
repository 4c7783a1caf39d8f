// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package proc

import (
	"strings"
	"testing"
)

func TestCheckDisk(t *testing.T) {
	if err := CheckDisk("/dev/shm"); err == nil || !strings.Contains(err.Error(), "-folder") {
		t.Errorf("memory is taken for a disk: %v", err)
	}
	if err := CheckDisk("/no/such/folder"); err == nil {
		t.Error("a folder that is not there is a disk")
	}
}
