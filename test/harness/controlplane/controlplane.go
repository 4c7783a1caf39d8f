// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controlplane starts an API server with etcd for tests, and plays the parts of a cluster that they lack: the Job controller and the
// kubelet. One control plane serves all tests of a package, and each test has a namespace of its own.
package controlplane

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// stopTimeout is how long the API server has to end: it does not while something watches, and is then killed.
const stopTimeout = 2 * time.Second

// ControlPlane is an API server with etcd. Its users are all administrators, unless a test gives them less.
type ControlPlane struct {
	// Config is an administrator's, without a client-side limit.
	Config *rest.Config
	// Client is an administrator's, without a cache.
	Client client.WithWatch
	Scheme *runtime.Scheme
	// Kubeconfig is a file with an administrator's.
	Kubeconfig string
	// Folder is the control plane's own, and ends with it.
	Folder string

	environment *envtest.Environment
	atStop      []func()
}

// Options of a control plane.
type Options struct {
	// WithoutCRDs leaves it to the test to install our CRDs.
	WithoutCRDs bool
	// SyncsDisk has etcd sync its disk as it does in a cluster. It is for benchmarks.
	SyncsDisk bool
}

// Main runs a package's tests with a control plane, and exits. set is called before them, with the control plane.
func Main(m *testing.M, set ...func(*ControlPlane) error) { MainWith(m, Options{}, set...) }

// MainWith is Main with options.
func MainWith(m *testing.M, options Options, set ...func(*ControlPlane) error) {
	code, err := runMain(m, options, set)
	if err != nil {
		fmt.Fprintln(os.Stderr, "set up the tests:", err)
		code = 1
	}
	os.Exit(code)
}

func runMain(m *testing.M, options Options, set []func(*ControlPlane) error) (code int, err error) {
	c, err := Start(options)
	if err != nil {
		return 1, err
	}
	defer c.Stop()
	for _, with := range set {
		if err := with(c); err != nil {
			return 1, err
		}
	}
	return m.Run(), nil
}

// For starts a control plane of a test's own, which ends with it.
func For(t testing.TB, options Options) *ControlPlane {
	t.Helper()
	c, err := Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	return c
}

// Start starts a control plane and installs our CRDs.
func Start(options Options) (c *ControlPlane, err error) {
	ctrl.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
	assets, err := Assets()
	if err != nil {
		return nil, err
	}
	c = &ControlPlane{Scheme: runtime.NewScheme()}
	if err := errors.Join(clientgoscheme.AddToScheme(c.Scheme), v1alpha1.AddToScheme(c.Scheme)); err != nil {
		return nil, err
	}
	if c.Folder, err = os.MkdirTemp("", "controlplane"); err != nil {
		return nil, err
	}
	c.environment = &envtest.Environment{
		Scheme: c.Scheme, BinaryAssetsDirectory: assets, ControlPlaneStopTimeout: stopTimeout,
		// On a busy machine envtest's own 20 s and 10 s are too short.
		ControlPlaneStartTimeout: harness.Patience, CRDInstallOptions: envtest.CRDInstallOptions{MaxTime: harness.Patience},
	}
	if !options.WithoutCRDs {
		c.environment.CRDDirectoryPaths, c.environment.ErrorIfCRDPathMissing = []string{harness.Path("config", "crd", "bases")}, true
	}
	if err := c.start(options); err != nil {
		c.Stop() // the API server may run although a CRD was rejected
		return nil, fmt.Errorf("start the control plane: %w", err)
	}
	return c, nil
}

func (c *ControlPlane) start(options Options) (err error) {
	// With a folder of its own the API server can be started again.
	server := c.environment.ControlPlane.GetAPIServer()
	server.CertDir = filepath.Join(c.Folder, "apiserver")
	if err := os.Mkdir(server.CertDir, 0o700); err != nil {
		return err
	}
	if options.SyncsDisk {
		c.environment.ControlPlane.Etcd = &envtest.Etcd{}
		c.environment.ControlPlane.Etcd.Configure().Set("unsafe-no-fsync", "false")
	}
	if c.Config, err = c.environment.Start(); err != nil {
		return err
	}
	c.Config.QPS = -1
	if c.Client, err = client.NewWithWatch(c.Config, client.Options{Scheme: c.Scheme}); err != nil {
		return err
	}
	c.Kubeconfig = filepath.Join(c.Folder, "kubeconfig")
	return os.WriteFile(c.Kubeconfig, c.environment.KubeConfig, 0o600)
}

// AtStop has a function called when the control plane stops.
func (c *ControlPlane) AtStop(do func()) { c.atStop = append(c.atStop, do) }

// Stop ends the control plane.
func (c *ControlPlane) Stop() {
	for _, do := range c.atStop {
		do()
	}
	_ = c.environment.Stop() // what does not end in time is killed, which is an error that means nothing here
	_ = os.RemoveAll(c.Folder)
}

// RestartAPIServer ends the API server and starts it again, at its address, on what etcd has.
func (c *ControlPlane) RestartAPIServer() error {
	server := c.environment.ControlPlane.GetAPIServer()
	if err := server.Stop(); err != nil && !strings.Contains(err.Error(), "timeout") { // after which it is killed
		return fmt.Errorf("stop the API server: %w", err)
	}
	if err := server.Start(); err != nil {
		return fmt.Errorf("start the API server again: %w", err)
	}
	return nil
}

// Assets is the folder of kube-apiserver, etcd and kubectl.
func Assets() (string, error) {
	folder := os.Getenv("KUBEBUILDER_ASSETS")
	if folder == "" {
		folder = harness.Path("bin", "k8s")
	}
	if _, err := os.Stat(filepath.Join(folder, "kube-apiserver")); err != nil {
		return "", fmt.Errorf("find the control plane's binaries (`make controlplane` provides them, KUBEBUILDER_ASSETS names another folder): %w", err)
	}
	return folder, nil
}

// Kubectl runs kubectl in the project's folder as an administrator, and returns what it prints.
func (c *ControlPlane) Kubectl(args ...string) (string, error) {
	assets, err := Assets()
	if err != nil {
		return "", err
	}
	command := exec.Command(filepath.Join(assets, "kubectl"), args...) //nolint:noctx // it ends
	command.Dir = harness.Path()
	command.Env = append(os.Environ(), "KUBECONFIG="+c.Kubeconfig, "KUBECTL_COMMAND_HEADERS=false")
	var problem bytes.Buffer
	command.Stderr = &problem
	out, err := command.Output()
	if err != nil {
		err = fmt.Errorf("kubectl %s: %w\n%s%s", strings.Join(args, " "), err, out, &problem)
	}
	return string(out), err
}

// MustKubectl is Kubectl for a test.
func (c *ControlPlane) MustKubectl(t testing.TB, args ...string) string {
	t.Helper()
	out, err := c.Kubectl(args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
