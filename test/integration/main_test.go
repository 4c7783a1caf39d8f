// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package integration tests the real binaries, sidecar, manager and events server, as processes against a real API server, installed by
// config/default and config/events, and with no more rights than these give them.
package integration

import (
	"context"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/meetingops/meeting-recording-operator/test/harness"
	"github.com/meetingops/meeting-recording-operator/test/harness/controlplane"
)

const (
	// namespace is that of recordings, pipelines and Jobs, and operatorNamespace where config/default installs the operator.
	namespace         = "meeting-recordings"
	operatorNamespace = "meeting-recording-system"
	// The ServiceAccounts that config/default, config/events and config/backfill give to the binaries.
	sidecarAccount  = "meeting-recording-sidecar"
	managerAccount  = "meeting-recording-manager"
	eventsAccount   = "meeting-recording-events"
	backfillAccount = "meeting-recording-backfill"
	// pipelineName is that of the pipeline in config/pipelines.
	pipelineName = "meeting-recording-archive"
)

// api is the API server of all tests.
var api *controlplane.ControlPlane

func TestMain(m *testing.M) {
	controlplane.MainWith(m, controlplane.Options{WithoutCRDs: true}, install)
}

func install(c *controlplane.ControlPlane) error {
	api = c
	// kubectl wait fails on a CRD that has no conditions yet; this waits for them.
	crds := envtest.CRDInstallOptions{Paths: []string{harness.Path("config", "crd", "bases")}, MaxTime: harness.Patience}
	if _, err := envtest.InstallCRDs(c.Config, crds); err != nil {
		return err
	}
	for _, part := range []string{"config/default", "config/events", "config/pipelines"} {
		if _, err := c.Kubectl("apply", "-k", part); err != nil {
			return err
		}
	}
	return awaitPolicies(context.Background())
}
