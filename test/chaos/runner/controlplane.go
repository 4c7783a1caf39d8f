// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"path/filepath"

	"github.com/meetingops/meeting-recording-operator/test/harness/controlplane"
)

const (
	// namespace is that of recordings, and operatorNamespace where config/default installs the operator.
	namespace         = "meeting-recordings"
	operatorNamespace = "meeting-recording-system"
)

// ControlPlane is an API server with its etcd, each a process that can be ended and started again on what it had.
type ControlPlane struct {
	*controlplane.Shipped
	Etcd, APIServer *Process
	folder          string
}

// startControlPlane starts etcd and an API server, of the binaries in assets, and installs the operator with its roles from the sources in
// root. Everything is in folder.
func startControlPlane(ctx context.Context, folder, assets, root string) (*ControlPlane, error) {
	shipped, err := controlplane.NewShipped(folder)
	if err != nil {
		return nil, err
	}
	c := &ControlPlane{
		Shipped: shipped, folder: folder,
		Etcd:      newProcess("etcd", folder, filepath.Join(assets, "etcd"), shipped.Etcd...),
		APIServer: newProcess("kube-apiserver", folder, filepath.Join(assets, "kube-apiserver"), shipped.APIServer...),
	}
	for _, process := range []*Process{c.Etcd, c.APIServer} {
		if err := process.Start(); err != nil {
			return c, err
		}
	}
	if err := c.AwaitReady(ctx, nil); err != nil {
		return c, err
	}
	return c, c.Install(ctx, assets, root, "config/overlays/backfill", "config/pipelines")
}

// accountKubeconfig writes the kubeconfig name of the ServiceAccount of a binary, manager or sidecar, with no more rights than
// config/default gives it, for an API server at the address.
func (c *ControlPlane) accountKubeconfig(ctx context.Context, name, binary, address string) (file string, err error) {
	token, err := controlplane.Token(ctx, c.Config, operatorNamespace, "meeting-recording-"+binary)
	if err != nil {
		return "", err
	}
	file = filepath.Join(c.folder, name+".kubeconfig")
	return file, controlplane.WriteKubeconfig(file, "https://"+address, token)
}
