// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package integration tests the real binaries, sidecar, manager and events server, as processes against a real API server, installed by
// config/default and config/events, and with no more rights than these give them.
package integration

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-logr/logr"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

const (
	// namespace is where config/default installs the operator, and where the sidecar may write.
	namespace = "meeting-recording-system"
	// The ServiceAccounts that config/default and config/events give to the binaries.
	sidecarAccount = "meeting-recording-sidecar"
	managerAccount = "meeting-recording-manager"
	eventsAccount  = "meeting-recording-events"
	// pipelineName is that of the pipeline in config/pipelines.
	pipelineName = "meeting-recording-archive"
	root         = "../.."
)

// Set up by TestMain, the same for all tests.
var (
	apiServer  *envtest.APIServer
	config     *rest.Config
	k8sClient  client.Client
	programs   string // folder of the binaries
	kubectl    string // kubectl's path
	adminsFile string // an administrator's kubeconfig
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	code, err := setUpAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "integration:", err)
		code = 1
	}
	os.Exit(code)
}

func setUpAndRun(m *testing.M) (code int, err error) {
	assets := os.Getenv("KUBEBUILDER_ASSETS")
	if assets == "" {
		return 1, fmt.Errorf("KUBEBUILDER_ASSETS must name the folder of kube-apiserver, etcd and kubectl: run `make test`")
	}
	kubectl = filepath.Join(assets, "kubectl")
	dir, err := os.MkdirTemp("", "integration")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	programs = dir
	if err := command(root, "go", "build", "-o", programs, "./cmd/sidecar", "./cmd/manager", "./cmd/events"); err != nil {
		return 1, err
	}

	// With a folder of its own it can be started again; it does not end by itself while something watches.
	environment := &envtest.Environment{ControlPlaneStopTimeout: 2 * time.Second}
	apiServer = environment.ControlPlane.GetAPIServer()
	apiServer.CertDir = filepath.Join(dir, "apiserver")
	if err := os.Mkdir(apiServer.CertDir, 0o700); err != nil {
		return 1, err
	}
	if config, err = environment.Start(); err != nil {
		return 1, fmt.Errorf("starting the API server: %w", err)
	}
	defer func() { _ = environment.Stop() }()
	config.QPS = -1
	if err := v1alpha1.AddToScheme(clientgoscheme.Scheme); err != nil {
		return 1, err
	}
	if k8sClient, err = client.New(config, client.Options{Scheme: clientgoscheme.Scheme}); err != nil {
		return 1, err
	}
	admin, err := environment.AddUser(envtest.User{Name: "admin", Groups: []string{"system:masters"}}, nil)
	if err != nil {
		return 1, err
	}
	file, err := admin.KubeConfig()
	if err != nil {
		return 1, err
	}
	adminsFile = filepath.Join(dir, "admin.kubeconfig")
	if err := os.WriteFile(adminsFile, file, 0o600); err != nil {
		return 1, err
	}
	// kubectl wait fails on a CRD that has no conditions yet; this waits for them.
	crds := envtest.CRDInstallOptions{Paths: []string{filepath.Join(root, "config/crd/bases")}, MaxTime: time.Minute}
	if _, err := envtest.InstallCRDs(config, crds); err != nil {
		return 1, err
	}
	for _, part := range []string{"config/default", "config/events", "config/pipelines"} {
		if err := command(root, kubectl, "--kubeconfig", adminsFile, "apply", "-k", part); err != nil {
			return 1, err
		}
	}
	if err := awaitPolicies(context.Background()); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// command runs a command, whose output is the error's text when it fails.
func command(dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %v: %w\n%s", name, args, err, out.String())
	}
	return nil
}
