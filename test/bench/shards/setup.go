// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rsa"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/bench/controlplane"
	"github.com/meetingops/meeting-recording-operator/test/bench/ours"
	"github.com/meetingops/meeting-recording-operator/test/bench/player"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// namespace is that of the recordings, in each shard.
const namespace = "meetings"

// names are those of the shards.
var names = []string{"eu-1", "eu-2", "us-1"}

// cluster is a control plane with a manager.
type cluster struct {
	*controlplane.ControlPlane
	name, kubeconfig string
	manager          *harness.Program
	client           client.Client
	finished         int // recordings that the CPU legs have sent
}

// bench is one run.
type bench struct {
	settings
	folder   string
	key      *rsa.PrivateKey
	clusters map[string]*cluster // by name
	tags     uint32
	report   report
}

func (b *bench) start(ctx context.Context) error {
	b.key = harness.NewKey()
	tell("start %d control planes", len(names))
	b.clusters = map[string]*cluster{}
	var all errgroup.Group
	for _, name := range names {
		c := &cluster{name: name}
		b.clusters[name] = c
		all.Go(func() error {
			if err := b.startCluster(ctx, c); err != nil {
				return fmt.Errorf("shard %s: %w", name, err)
			}
			return nil
		})
	}
	return all.Wait()
}

func (b *bench) startCluster(ctx context.Context, c *cluster) (err error) {
	folder := filepath.Join(b.folder, c.name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if c.ControlPlane, err = controlplane.Start(ctx, folder, b.assets, b.root); err != nil {
		return err
	}
	if c.kubeconfig, err = c.AddNamespace(ctx, namespace); err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return err
	}
	if c.client, err = client.New(c.Config, client.Options{Scheme: scheme}); err != nil {
		return err
	}
	pipeline, err := player.ReadPipeline(filepath.Join(b.root, "config", "pipelines", "archive.yaml"))
	if err != nil {
		return err
	}
	pipeline.Namespace = namespace
	if err := c.client.Create(ctx, pipeline); err != nil {
		return fmt.Errorf("create the pipeline: %w", err)
	}
	return b.startManager(ctx, c)
}

func (b *bench) startManager(ctx context.Context, c *cluster) (err error) {
	c.manager, err = b.programs(filepath.Join(b.folder, c.name), c.kubeconfig).StartManager(ctx, "manager")
	return err
}

func (b *bench) programs(folder, kubeconfig string) ours.Programs {
	return ours.Programs{Bin: filepath.Join(b.root, "bin"), Folder: folder, Namespace: namespace, Kubeconfig: kubeconfig, Key: b.key}
}

// startReceiver starts a receiver of some shards.
func (b *bench) startReceiver(ctx context.Context, name string, shards []string) (*ours.Sidecar, error) {
	var args []string
	for _, shard := range shards {
		args = append(args, "--shard="+shard+"="+b.clusters[shard].kubeconfig)
	}
	return b.programs(b.folder, b.clusters[shards[0]].kubeconfig).StartSidecar(ctx, name, args...)
}

func (b *bench) stop() {
	for _, c := range b.clusters {
		if c.manager != nil {
			c.manager.Stop()
		}
		if c.ControlPlane != nil {
			c.Stop()
		}
	}
}
