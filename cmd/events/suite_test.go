// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// One API server serves all tests of the package; each test has a namespace of its own.
var (
	scheme    = runtime.NewScheme()
	apiServer *rest.Config
	admin     client.Client
	// binary is the program as it is installed; kubeconfig has the rights of config/events and no more.
	binary, kubeconfig string
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
	code, err := setUpAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "events:", err)
		code = 1
	}
	os.Exit(code)
}

func setUpAndRun(m *testing.M) (code int, err error) {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		return 1, fmt.Errorf("KUBEBUILDER_ASSETS is not set: it names the folder of kube-apiserver and etcd. `make test` sets it")
	}
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return 1, err
		}
	}
	dir, err := os.MkdirTemp("", "events")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "events")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		return 1, fmt.Errorf("%w\n%s", err, out)
	}
	environment := &envtest.Environment{
		Scheme: scheme, CRDDirectoryPaths: []string{filepath.Join("..", "..", "config", "crd", "bases")}, ErrorIfCRDPathMissing: true,
	}
	defer func() { _ = environment.Stop() }() // also where a CRD is refused: the API server runs by then
	if apiServer, err = environment.Start(); err != nil {
		return 1, fmt.Errorf("start the API server: %w", err)
	}
	apiServer.QPS = -1
	if admin, err = client.New(apiServer, client.Options{Scheme: scheme}); err != nil {
		return 1, err
	}
	if kubeconfig, err = serverKubeconfig(dir); err != nil {
		return 1, fmt.Errorf("a kubeconfig for the server: %w", err)
	}
	return m.Run(), nil
}
