// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/test/harness/controlplane"
)

// One API server serves all tests of the package; each test has a namespace of its own. No Job controller and no kubelet run:
// the tests play them.
var (
	scheme *runtime.Scheme
	// apiServer is how to reach the API server as an administrator.
	apiServer *rest.Config
	// admin sees what is stored, through no cache.
	admin client.WithWatch
)

func TestMain(m *testing.M) {
	controlplane.Main(m, func(c *controlplane.ControlPlane) error {
		scheme, apiServer, admin = c.Scheme, c.Config, c.Client
		return nil
	})
}
