// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controlplane starts an etcd that syncs its disk and an API server, as they are shipped, and installs the operator's CRDs and
// roles.
package controlplane

import (
	"context"
	"errors"
	"path/filepath"

	"k8s.io/client-go/kubernetes"

	"github.com/meetingops/meeting-recording-operator/test/harness"
	"github.com/meetingops/meeting-recording-operator/test/harness/controlplane"
)

// ControlPlane is an API server with its etcd.
type ControlPlane struct {
	*controlplane.Shipped
	Etcd, APIServer *harness.Program
	// Clients is an administrator's, without a client-side limit.
	Clients *kubernetes.Clientset

	folder, assets, root string
}

// Start starts both, with the binaries in assets, and everything in the folder, which must be on a disk; root is the project's. What was
// started is returned also with an error, to be stopped.
func Start(ctx context.Context, folder, assets, root string) (c *ControlPlane, err error) {
	c = &ControlPlane{folder: folder, assets: assets, root: root}
	if c.Shipped, err = controlplane.NewShipped(folder); err != nil {
		return c, err
	}
	if c.Clients, err = kubernetes.NewForConfig(c.Config); err != nil {
		return c, err
	}
	if err := c.Run(ctx); err != nil {
		return c, err
	}
	return c, c.Install(ctx, assets, root, "config/crd")
}

// Run starts both on what the folder has, and returns once they are ready.
func (c *ControlPlane) Run(ctx context.Context) (err error) {
	// Only etcd's quota is what production is told to set, 8 GiB instead of 2.
	if c.Etcd, err = harness.Run("etcd", c.folder, filepath.Join(c.assets, "etcd"), append(c.Shipped.Etcd, "--quota-backend-bytes", "8589934592")...); err != nil {
		return err
	}
	audit, err := c.auditArgs()
	if err != nil {
		return err
	}
	if c.APIServer, err = harness.Run("kube-apiserver", c.folder, filepath.Join(c.assets, "kube-apiserver"), append(audit, c.Shipped.APIServer...)...); err != nil {
		return err
	}
	return c.AwaitReady(ctx, c.alive)
}

// Kill ends both as a machine that is lost does.
func (c *ControlPlane) Kill() {
	c.APIServer.Kill()
	c.Etcd.Kill()
}

// alive returns an error once one of both has ended.
func (c *ControlPlane) alive() error { return errors.Join(c.Etcd.Alive(), c.APIServer.Alive()) }

// Stop ends both.
func (c *ControlPlane) Stop() {
	for _, process := range []*harness.Program{c.APIServer, c.Etcd} {
		if process != nil {
			process.Stop()
		}
	}
}
