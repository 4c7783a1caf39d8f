// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package ours starts the operator's binaries, as they are installed, for one namespace.
package ours

import (
	"context"
	"crypto/rsa"
	"os"
	"path/filepath"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// readyIn is how long a program may take to be ready.
const readyIn = time.Minute

// Programs says where the binaries are and where what they write goes.
type Programs struct {
	// Bin is the folder of the binaries, and Folder that of logs and spools, which must be on a disk.
	Bin, Folder string
	// Namespace is where they work, with the rights of the kubeconfig.
	Namespace, Kubeconfig string
	// Key is the provider's.
	Key *rsa.PrivateKey
}

// Sidecar is one that runs.
type Sidecar struct {
	*harness.Program
	// URL is where it takes webhooks, and Metrics where it is scraped.
	URL, Metrics string
}

// StartSidecar starts a sidecar with a spool, as config/sidecar does, and returns once it is ready.
func (p Programs) StartSidecar(ctx context.Context, name string, args ...string) (*Sidecar, error) {
	keyFile, spool := filepath.Join(p.Folder, name+".pem"), filepath.Join(p.Folder, name+"-spool")
	if err := os.WriteFile(keyFile, harness.PublicPEM(p.Key), 0o600); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(spool, 0o700); err != nil {
		return nil, err
	}
	addresses, err := harness.FreeAddresses(3)
	if err != nil {
		return nil, err
	}
	process, err := harness.Run(name, p.Folder, filepath.Join(p.Bin, "sidecar"), append([]string{
		"--kubeconfig", p.Kubeconfig, "--namespace", p.Namespace, "--public-key-file", keyFile, "--spool-dir", spool,
		"--webhook-bind-address", addresses[0], "--health-probe-bind-address", addresses[1], "--metrics-bind-address", addresses[2],
		"--shutdown-delay", "0s", "--diagnostics-bind-address", "0",
	}, args...)...)
	if err != nil {
		return nil, err
	}
	return &Sidecar{process, "http://" + addresses[0] + harness.WebhookPath, "http://" + addresses[2] + "/metrics"}, process.WaitReady(ctx, readyIn, addresses[1])
}

// StartManager starts a manager, and returns once it is ready; that is before its caches are.
func (p Programs) StartManager(ctx context.Context, name string) (*harness.Program, error) {
	address, err := harness.FreeAddress()
	if err != nil {
		return nil, err
	}
	process, err := harness.Run(name, p.Folder, filepath.Join(p.Bin, "manager"),
		"--kubeconfig", p.Kubeconfig, "--namespace", p.Namespace, "--health-probe-bind-address", address, "--metrics-bind-address", "0", "--diagnostics-bind-address", "0")
	if err != nil {
		return nil, err
	}
	return process, process.WaitReady(ctx, readyIn, address)
}
