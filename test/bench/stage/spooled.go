// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"context"
	"fmt"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/bench/report"
	"github.com/meetingops/meeting-recording-operator/test/bench/spooled"
)

const (
	// spoolBytes is the default of --spool-max-bytes.
	spoolBytes = 256 << 20
	// slowWrite is how long a write takes, and slowEvents how many events are sent meanwhile.
	slowWrite  = 3 * time.Second
	slowEvents = 100
)

// SpoolAtItsLimits measures a sidecar with a full spool, and one whose API server is slow.
func (s *Stage) SpoolAtItsLimits(ctx context.Context) ([]report.Row, error) {
	full, err := spooled.MeasureFull(ctx, s.programs, spoolBytes)
	if err != nil {
		return nil, fmt.Errorf("with a full spool: %w", err)
	}
	slow, err := spooled.MeasureSlow(ctx, s.programs, slowEvents, slowWrite)
	if err != nil {
		return nil, fmt.Errorf("with slow writes: %w", err)
	}
	return append(report.FullSpoolRows(full.Sessions, full.Response, full.Scrape, full.RSS),
		report.SlowWriteRows(slow.Events, slow.Written, slow.Refused, slow.Response)...), nil
}
