// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/go-logr/logr"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
)

// The tests of one run share a cluster, and what they send with.
var (
	cluster *testCluster
	sender  *provider
	files   *fileServer
)

func TestMain(m *testing.M) {
	flag.Parse()
	ctrllog.SetLogger(logr.Discard())
	code, err := run(m)
	if err != nil {
		log.Print("e2e: ", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	root, err := filepath.Abs("../..")
	if err != nil {
		return 1, err
	}
	for _, folder := range []string{"e2e", "e2e-artifacts"} {
		if err := os.RemoveAll(filepath.Join(root, "bin", folder)); err != nil {
			return 1, err
		}
	}
	sender = newProvider()
	cluster, err = bringUp(ctx, root)
	if err != nil {
		return 1, fmt.Errorf("no cluster to test on: %w", err)
	}
	defer func() { err = errors.Join(err, cluster.takeDown()) }()
	uninterrupted := context.AfterFunc(ctx, func() { // interrupted: the tests end where they are, so that the cluster is taken down
		log.Print("e2e: interrupted, taking the cluster down")
		_ = cluster.takeDown()
		os.Exit(130)
	})
	defer uninterrupted()
	files, err = serveFiles(cluster.fileHost, filepath.Join(root, "internal/simulator/recording.mp4"))
	if err != nil {
		return 1, fmt.Errorf("serve recorded files to the Pods: %w", err)
	}
	defer files.close()
	return m.Run(), nil
}
