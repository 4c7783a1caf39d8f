// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kube_test

import (
	"testing"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/kube"
)

func TestSoonest(t *testing.T) {
	for _, test := range []struct{ a, b, want time.Duration }{{0, 0, 0}, {0, 1, 1}, {1, 0, 1}, {1, 2, 1}, {2, 1, 1}} {
		if got := kube.Soonest(test.a, test.b); got != test.want {
			t.Errorf("Soonest(%d, %d) = %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
