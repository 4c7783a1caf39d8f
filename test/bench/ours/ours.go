// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package ours starts the operator's binaries, as they are installed, for one namespace.
package ours

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/bench/proc"
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
	*proc.Process
	// URL is where it takes webhooks.
	URL string
}

// NewKey makes the key of a provider.
func NewKey() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) }

// SidecarAcknowledges tells whether the sidecar has the flag --acknowledge, and so the mode "spool".
func (p Programs) SidecarAcknowledges(ctx context.Context) bool {
	out, err := exec.CommandContext(ctx, filepath.Join(p.Bin, "sidecar"), "--help").CombinedOutput()
	return err == nil && strings.Contains(string(out), "-acknowledge ")
}

// StartSidecar starts a sidecar with a spool, as config/sidecar does, and returns once it is ready.
func (p Programs) StartSidecar(ctx context.Context, name string, args ...string) (*Sidecar, error) {
	keyFile, spool := filepath.Join(p.Folder, name+".pem"), filepath.Join(p.Folder, name+"-spool")
	der, err := x509.MarshalPKIXPublicKey(&p.Key.PublicKey)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(spool, 0o700); err != nil {
		return nil, err
	}
	addresses := make([]string, 3)
	for i := range addresses {
		if addresses[i], err = harness.FreeAddress(); err != nil {
			return nil, err
		}
	}
	process, err := proc.Start(name, p.Folder, filepath.Join(p.Bin, "sidecar"), append([]string{
		"--kubeconfig", p.Kubeconfig, "--namespace", p.Namespace, "--public-key-file", keyFile, "--spool-dir", spool,
		"--webhook-bind-address", addresses[0], "--health-probe-bind-address", addresses[1], "--metrics-bind-address", addresses[2],
		"--shutdown-delay", "0s", "--diagnostics-bind-address", "0",
	}, args...)...)
	if err != nil {
		return nil, err
	}
	return &Sidecar{process, "http://" + addresses[0] + "/webhooks/videosdk"}, awaitOK(ctx, "http://"+addresses[1]+"/readyz", process)
}

// StartManager starts a manager, and returns once it is ready; that is before its caches are.
func (p Programs) StartManager(ctx context.Context, name string) (*proc.Process, error) {
	address, err := harness.FreeAddress()
	if err != nil {
		return nil, err
	}
	process, err := proc.Start(name, p.Folder, filepath.Join(p.Bin, "manager"),
		"--kubeconfig", p.Kubeconfig, "--namespace", p.Namespace, "--health-probe-bind-address", address, "--metrics-bind-address", "0", "--diagnostics-bind-address", "0")
	if err != nil {
		return nil, err
	}
	return process, awaitOK(ctx, "http://"+address+"/readyz", process)
}

// awaitOK waits until an address answers 200, while the process lives.
func awaitOK(ctx context.Context, url string, process *proc.Process) error {
	return proc.Await(ctx, readyIn, process.Name+" is not ready", func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		if response.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s answers %s", url, response.Status)
		}
		return errors.Join(err, response.Body.Close())
	}, process)
}
