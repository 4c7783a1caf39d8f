// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnostics

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/meetingops/meeting-recording-operator/internal/version"
)

// RegisterBuild registers the gauge with the binary's name and build. It panics if it already is registered.
func RegisterBuild(registry prometheus.Registerer, component string) {
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "meetingrecording_build_info",
		Help:        "Always 1; the labels are the program, its version and the version of Go.",
		ConstLabels: prometheus.Labels{"component": component, "version": version.String(), "goversion": runtime.Version()},
	})
	gauge.Set(1)
	registry.MustRegister(gauge)
}
