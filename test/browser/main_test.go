// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package browser tests the page in Chromium, as a person uses it: served by the real events server, about recordings that the real
// sidecar and the real manager write to a real API server. What only a cluster has, Jobs that run, is played by the tests.
package browser

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/go-logr/logr"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

const root = "../.."

// screenshots is where the tests leave pictures of what they saw.
var screenshots = filepath.Join(root, "bin", "screenshots")

// Set up by TestMain, the same for all tests.
var (
	config     *rest.Config
	k8sClient  client.Client
	programs   string          // folder of the binaries
	kubeconfig string          // an administrator's
	chromium   context.Context // a browser that runs
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	code, err := setUpAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "browser:", err)
		code = 1
	}
	os.Exit(code)
}

func setUpAndRun(m *testing.M) (code int, err error) {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		return 1, fmt.Errorf("KUBEBUILDER_ASSETS must name the folder of kube-apiserver, etcd and kubectl: run `make test-browser`")
	}
	dir, err := os.MkdirTemp("", "browser")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.MkdirAll(screenshots, 0o755); err != nil {
		return 1, err
	}
	programs = dir
	if err := command(root, "go", "build", "-o", programs, "./cmd/sidecar", "./cmd/manager", "./cmd/events"); err != nil {
		return 1, err
	}
	environment := &envtest.Environment{
		CRDDirectoryPaths: []string{filepath.Join(root, "config", "crd", "bases")}, ErrorIfCRDPathMissing: true,
		ControlPlaneStopTimeout: 2 * time.Second, // it does not end by itself while something watches
	}
	if config, err = environment.Start(); err != nil {
		return 1, fmt.Errorf("starting the API server: %w", err)
	}
	defer func() { _ = environment.Stop() }()
	config.QPS = -1
	if err := prepareClients(environment, dir); err != nil {
		return 1, err
	}
	stop, err := startChromium()
	if err != nil {
		return 1, err
	}
	defer stop()
	return m.Run(), nil
}

func prepareClients(environment *envtest.Environment, dir string) (err error) {
	if err := v1alpha1.AddToScheme(clientgoscheme.Scheme); err != nil {
		return err
	}
	if k8sClient, err = client.New(config, client.Options{Scheme: clientgoscheme.Scheme}); err != nil {
		return err
	}
	admin, err := environment.AddUser(envtest.User{Name: "admin", Groups: []string{"system:masters"}}, nil)
	if err != nil {
		return err
	}
	file, err := admin.KubeConfig()
	if err != nil {
		return err
	}
	kubeconfig = filepath.Join(dir, "kubeconfig")
	return os.WriteFile(kubeconfig, file, 0o600)
}

// startChromium starts one browser, of which each test gets a profile of its own.
func startChromium() (stop func(), err error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.Flag("lang", "en-US"), chromedp.Flag("autoplay-policy", "no-user-gesture-required"))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to make its sandbox as root
	}
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	browser, stopBrowser := chromedp.NewContext(allocator)
	stop = func() { stopBrowser(); stopAllocator() }
	if err := chromedp.Do(browser); err != nil {
		stop()
		return nil, fmt.Errorf("starting Chromium, which `make browser` provides: %w", err)
	}
	chromium = browser
	return stop, nil
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
