// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// RegisterSpoolState registers gauges of a spool that are read when they are scraped: the bound of what it holds, and the age of the
// event that waits longest. It panics if they already are.
func RegisterSpoolState(registry prometheus.Registerer, spool Spool, maxBytes int64, now func() time.Time) {
	registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "meetingrecording_spool_max_bytes",
			Help: "What the spool's events and dead letters may take: --spool-max-bytes.",
		}, func() float64 { return float64(maxBytes) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "meetingrecording_spool_oldest_event_age_seconds",
			Help: "Seconds that the first event in the spool has waited to be written; 0 when none waits, NaN when the spool cannot be read.",
		}, func() float64 { return oldestAge(spool, now()) }))
}

// oldestAge returns the seconds that the record has waited that waits longest, 0 where none does and NaN where that cannot be read.
func oldestAge(spool Spool, now time.Time) float64 {
	sessions := spool.Sessions()
	if len(sessions) == 0 {
		return 0
	}
	records, err := spool.Peek(sessions[0], 1)
	if err != nil {
		return math.NaN()
	}
	if len(records) == 0 {
		return 0 // it was written meanwhile
	}
	return max(now.Sub(records[0].StoredAt).Seconds(), 0)
}
