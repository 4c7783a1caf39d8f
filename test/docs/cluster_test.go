// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package docs

import (
	"os"
	"testing"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// TestClusterCommands runs the blocks of the class cluster on the cluster of make demo: make demo-docs sets the environment.
func TestClusterCommands(t *testing.T) {
	for _, name := range []string{"KUBECONFIG", "NAMESPACE", "NAME"} {
		if os.Getenv(name) == "" {
			t.Fatalf("%s is not set: run make demo, then make demo-docs", name)
		}
	}
	path := "PATH=" + harness.Path("bin", "demo") + ":" + harness.Path("bin", "k8s") + ":" + os.Getenv("PATH")
	shared := newShell(t, path)
	for _, p := range readPages(t) {
		if p.has("cluster") {
			t.Run(p.name, func(t *testing.T) { shared.play(t, p, "cluster") })
		}
	}
}
