// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

// Metrics are what the outbox counts.
type Metrics struct {
	replayed        prometheus.Counter
	errors          *prometheus.CounterVec
	direct, spooled prometheus.Observer
}

// NewMetrics registers the outbox's metrics. It panics if they already are.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	delay := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:                        "meetingrecording_status_delay_seconds",
		Help:                        "Seconds from a webhook's arrival until its event was stored in a status, by path: direct or spool.",
		Buckets:                     []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200},
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100,
	}, []string{"via"})
	m := &Metrics{
		replayed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "meetingrecording_spool_replayed_total",
			Help: "Spooled events that were written to a status.",
		}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "meetingrecording_spool_errors_total",
			Help: "Failures of the spool, by reason (full, unwritable, corrupt, slow).",
		}, []string{"reason"}),
		direct: delay.WithLabelValues("direct"), spooled: delay.WithLabelValues("spool"),
	}
	for _, reason := range reasons {
		m.errors.WithLabelValues(reason.name)
	}
	registry.MustRegister(delay, m.replayed, m.errors)
	return m
}

// RegisterSpool registers gauges of a spool, evaluated at each scrape. It panics if they already are registered.
func RegisterSpool(registry prometheus.Registerer, s Spool, now func() time.Time) {
	for _, gauge := range []struct {
		name, help string
		value      func(spool.Stats) float64
	}{
		{"events", "Spooled events that are not written yet.", func(s spool.Stats) float64 { return float64(s.Events) }},
		{"bytes", "Bytes of the events and dead letters in the spool.", func(s spool.Stats) float64 { return float64(s.Bytes) }},
		{"max_bytes", "Limit on the bytes of events and dead letters in the spool (--spool-max-bytes).", func(s spool.Stats) float64 { return float64(s.MaxBytes) }},
		{"dead_letters", "Events that the API server rejected permanently; see `sidecar spool list`.", func(s spool.Stats) float64 { return float64(s.DeadLetters) }},
		{"oldest_event_age_seconds", "Age of the oldest spooled event in seconds, exact to 4 seconds; 0 if there is none.", func(s spool.Stats) float64 {
			if s.Oldest.IsZero() {
				return 0
			}
			return max(now().Sub(s.Oldest).Seconds(), 0)
		}},
	} {
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "meetingrecording_spool_" + gauge.name, Help: gauge.help},
			func() float64 { return gauge.value(s.Stats()) }))
	}
}

// errDiskSlow means that the spool did not store an event in time.
var errDiskSlow = errors.New("spool did not respond in time")

// reasons are the failures of a spool, and how to fix them.
var reasons = []struct {
	err       error
	name, fix string
}{
	{spool.ErrFull, "full", "check why the API server accepts no events; raise --spool-max-bytes, and the volume's size with it"},
	{spool.ErrDamaged, "corrupt", "check the disk of --spool-dir; what is damaged was copied into a file there"},
	{errDiskSlow, "slow", "check what keeps the disk of --spool-dir busy"},
	{spool.ErrUnwritable, "unwritable", "check that --spool-dir is on a healthy disk that the sidecar's user may write to"},
}

// failed counts a failure of the spool, and returns it with how to fix it.
func (m *Metrics) failed(err error) error {
	for _, reason := range reasons {
		if errors.Is(err, reason.err) {
			m.errors.WithLabelValues(reason.name).Inc()
			return fmt.Errorf("%w: %s", err, reason.fix)
		}
	}
	m.errors.WithLabelValues("unwritable").Inc()
	return fmt.Errorf("%w: restart the sidecar", err)
}

// Damaged counts damaged records that were set aside. Call it from spool.Options.OnDamage.
func (m *Metrics) Damaged() { m.errors.WithLabelValues("corrupt").Inc() }
