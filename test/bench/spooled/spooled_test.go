// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package spooled

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/bench/ours"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// TestMeasure measures small limits with the real sidecar.
func TestMeasure(t *testing.T) {
	binary, err := harness.Binary("sidecar")
	if err != nil {
		t.Fatal(err)
	}
	p := ours.Programs{Bin: filepath.Dir(binary), Folder: t.TempDir(), Namespace: "meetings", Key: harness.NewKey()}
	full, err := MeasureFull(t.Context(), p, 8<<20)
	if err != nil || full.Sessions < 10_000 || full.Response > 2500*time.Millisecond || full.RSS == 0 {
		t.Errorf("%+v, %v", full, err)
	}
	slow, err := MeasureSlow(t.Context(), p, 10, time.Second/2)
	if err != nil || slow.Written != 10 || slow.Refused != 0 || slow.Response > 2500*time.Millisecond {
		t.Errorf("%+v, %v", slow, err)
	}
	t.Logf("%+v, %+v", full, slow)
}
