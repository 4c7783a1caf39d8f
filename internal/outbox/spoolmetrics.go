// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

// SpoolMetrics are what the spool counts.
type SpoolMetrics struct {
	replayed prometheus.Counter
	errors   *prometheus.CounterVec
	delay    prometheus.Observer
}

// NewSpoolMetrics registers the spool's metrics. It panics if they already are.
func NewSpoolMetrics(registry prometheus.Registerer, stats func() spool.Stats) *SpoolMetrics {
	m := &SpoolMetrics{
		replayed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "meetingrecording_spool_replayed_total",
			Help: "Events of the spool that are in a MeetingRecording's status by now.",
		}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "meetingrecording_spool_errors_total",
			Help: "Failures of the spool, by reason (full, unwritable, corrupt, slow).",
		}, []string{"reason"}),
	}
	m.delay = StatusDelay(registry).WithLabelValues(ViaSpool)
	for _, reason := range spoolReasons {
		m.errors.WithLabelValues(reason.name)
	}
	gauge := func(name, help string, value func(spool.Stats) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return value(stats()) })
	}
	registry.MustRegister(m.replayed, m.errors,
		gauge("meetingrecording_spool_events", "Events of the spool that wait to be written.",
			func(s spool.Stats) float64 { return float64(s.Events) }),
		gauge("meetingrecording_spool_bytes", "What the spool's events and dead letters take, out of --spool-max-bytes.",
			func(s spool.Stats) float64 { return float64(s.Bytes) }),
		gauge("meetingrecording_spool_dead_letters", "Events that the API server refuses for good; see `sidecar spool list`.",
			func(s spool.Stats) float64 { return float64(s.DeadLetters) }))
	return m
}

// spoolReasons are what can be wrong with a spool, and what to do about it.
var spoolReasons = []struct {
	err        error
	name, mend string
}{
	{spool.ErrFull, "full", "see why the API server takes no events; raise --spool-max-bytes, and the volume's size with it"},
	{spool.ErrCorrupt, "corrupt", "restart the sidecar: it sets the file aside and begins a new one"},
	{spool.ErrSlow, "slow", "see what keeps the disk of --spool-dir busy"},
	{spool.ErrUnwritable, "unwritable", "see that --spool-dir is on a healthy disk that lets the sidecar's user write"},
}

// failed counts a failure, and returns it with what to do about it.
func (m *SpoolMetrics) failed(err error) error {
	for _, reason := range spoolReasons {
		if errors.Is(err, reason.err) {
			m.errors.WithLabelValues(reason.name).Inc()
			return &spoolError{err: err, mend: reason.mend}
		}
	}
	m.errors.WithLabelValues("unwritable").Inc()
	return &spoolError{err: err, mend: "restart the sidecar"}
}

// spoolError is a failure of the spool, with what to do about it.
type spoolError struct {
	err  error
	mend string
}

func (e *spoolError) Error() string { return e.err.Error() + ": " + e.mend }
func (e *spoolError) Unwrap() error { return e.err }
