// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package harness is what tests share. It waits for conditions, starts our binaries, and stands in for the provider and for an event sink.
// It imports nothing of ours and no Kubernetes, so that every package may use it. Package controlplane, below it, starts an API server.
//
// A test that needs an API server says so once for its package:
//
//	var api *controlplane.ControlPlane
//
//	func TestMain(m *testing.M) { api = controlplane.Main(m) }
//
// and then reads as a sentence:
//
//	namespace := api.Namespace(t)
//	provider := harness.NewProvider()
//	webhooks, health := harness.Address(t), harness.Address(t)
//	sidecar := harness.Start(t, "sidecar", "--kubeconfig", api.Kubeconfig, "--namespace", namespace,
//		"--public-key-file", provider.KeyFile(t), "--webhook-bind-address", webhooks, "--health-probe-bind-address", health)
//	sidecar.AwaitReady(t, health)
//	answer := provider.MustSend(t, "http://"+webhooks+harness.WebhookPath, harness.Webhook{Type: "recording-started", ...})
//	harness.Eventually(t, "the recording is started", func(ctx context.Context) error { ... })
//
// Functions that take a testing.TB fail the test. The others return errors, for programs such as the benchmark and the chaos run.
package harness
