// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package metricsfilter protects controller-runtime's metrics server with internal/access. It is a package of its own because the sidecar
// uses internal/access without controller-runtime's metrics server.
package metricsfilter

import (
	"net/http"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/meetingops/meeting-recording-operator/internal/access"
)

// Provider is the FilterProvider of a metrics server's options.
func Provider(cluster *rest.Config, _ *http.Client) (metricsserver.Filter, error) {
	reviewer, err := access.NewReviewer(cluster, access.Options{Clock: clock.RealClock{}})
	if err != nil {
		return nil, err
	}
	return func(log logr.Logger, handler http.Handler) (http.Handler, error) {
		return access.Protect(reviewer, handler, log), nil
	}, nil
}
