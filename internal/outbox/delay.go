// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// Ways from a webhook to the status, in metrics.
const (
	ViaDirect = "direct"
	ViaSpool  = "spool"
)

// StatusDelay returns the histogram of what events take until they are in a status, which those who write them share: it is
// registered once.
func StatusDelay(registry prometheus.Registerer) *prometheus.HistogramVec {
	histogram := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "meetingrecording_status_delay_seconds",
		Help:    "Seconds from a webhook's arrival until its event was in the status of a MeetingRecording, by the way there: direct, or spool.",
		Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200},

		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100,
	}, []string{"via"})
	var existing prometheus.AlreadyRegisteredError
	switch err := registry.Register(histogram); {
	case err == nil:
		return histogram
	case errors.As(err, &existing):
		if shared, ok := existing.ExistingCollector.(*prometheus.HistogramVec); ok {
			return shared
		}
		panic(err)
	default:
		panic(err)
	}
}
