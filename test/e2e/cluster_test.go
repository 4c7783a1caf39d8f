// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

const (
	local    = "local"
	existing = "existing"
)

// images are those of one run.
type images struct {
	operator, previous, media, busybox string
}

// testCluster is the Kubernetes that the tests run on.
type testCluster struct {
	root, kubectl, kubeconfig string
	// kind is local or existing.
	kind string
	// fileHost is the address of this machine by which Pods reach it.
	fileHost string
	images   images
	previous previousVersion
	config   *rest.Config
	client   client.Client

	takenDown sync.Once
	// installed is what was installed last; empty when nothing is.
	installed variant
}

// bringUp starts the local cluster, or takes that of the current context, with every image that the tests need in it.
func bringUp(ctx context.Context, root string) (*testCluster, error) {
	c := &testCluster{root: root, kubectl: filepath.Join(root, "bin/k8s/kubectl"), kind: os.Getenv("E2E_CLUSTER")}
	var err error
	c.previous, err = findPrevious(ctx, root)
	if err != nil {
		return nil, err
	}
	switch c.kind {
	case existing:
		err = c.takeExisting()
	case "", local:
		c.kind = local
		err = c.startLocal(ctx)
	default:
		return nil, fmt.Errorf("E2E_CLUSTER=%s: say %s or %s", c.kind, local, existing)
	}
	if err == nil {
		err = c.connect(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, c.takeDown())
	}
	return c, nil
}

// startLocal builds the images while the cluster starts.
func (c *testCluster) startLocal(ctx context.Context) error {
	script := filepath.Join(c.root, "hack/cluster/cluster.sh")
	if os.Getenv("E2E_KEEP") == "1" {
		if err := runProgram(ctx, nil, script, "down"); err != nil { // what an earlier run kept
			return err
		}
	} else if runProgram(ctx, nil, script, "status") == nil {
		c.kind = existing // not ours to take down
		return errors.New("a local cluster is running: take it down first (hack/cluster/cluster.sh down); E2E_KEEP=1 does so, and leaves the new one up")
	}
	podNet := os.Getenv("CLUSTER_POD_NET")
	if podNet == "" {
		podNet = "10.244.0.0/24"
	}
	c.fileHost = strings.TrimSuffix(podNet, ".0/24") + ".1"
	c.images = images{
		operator: "meeting-recording-operator:e2e", previous: "meeting-recording-operator:e2e-previous",
		media: "meeting-recording-operator-media:e2e", busybox: "busybox:dev",
	}
	built := make(chan error, 1)
	go func() { built <- c.buildImages(ctx) }()
	err := errors.Join(runProgram(ctx, nil, script, "up"), <-built)
	if err != nil {
		return err
	}
	kubeconfig, err := exec.CommandContext(ctx, script, "kubeconfig").Output()
	if err != nil {
		return err
	}
	c.kubeconfig = strings.TrimSpace(string(kubeconfig))
	return runProgram(ctx, nil, script, "load-image",
		filepath.Join(c.root, "bin/images/operator.tar"), filepath.Join(c.root, "bin/images/media.tar"),
		filepath.Join(c.root, "bin/images/busybox.tar"), filepath.Join(c.previous.root, "bin/images/operator-previous.tar"))
}

func (c *testCluster) buildImages(ctx context.Context) error {
	if err := c.previous.build(ctx, c.images.previous); err != nil {
		return fmt.Errorf("build the image of the previous version %s: %w", c.previous.version, err)
	}
	return runProgram(ctx, []string{"IMG=" + c.images.operator, "MEDIA_IMG=" + c.images.media, "BUSYBOX_IMG=" + c.images.busybox},
		filepath.Join(c.root, "hack/images/build.sh"), "operator", "media", "busybox")
}

// takeExisting takes the settings for a cluster that is there, which must be able to pull the images.
func (c *testCluster) takeExisting() error {
	var problems []error
	need := func(name, what string) string {
		value := os.Getenv(name)
		if value == "" {
			problems = append(problems, fmt.Errorf("set %s: %s", name, what))
		}
		return value
	}
	c.kubeconfig = os.Getenv("KUBECONFIG")
	c.fileHost = need("E2E_FILE_HOST", "the address of this machine by which the Pods of the cluster reach it")
	c.images = images{
		operator: need("E2E_IMG", "the operator's image, with its tag"),
		previous: need("E2E_PREVIOUS_IMG", "the operator's image of the previous version, "+c.previous.version+", with its tag"),
		media:    need("E2E_MEDIA_IMG", "the media image, with its tag"),
		busybox:  need("E2E_BUSYBOX_IMG", "an image with a shell and wget, such as busybox:1.37"),
	}
	return errors.Join(problems...)
}

// connect makes the client. A cluster that has an operator already is refused: the tests remove what they find.
func (c *testCluster) connect(ctx context.Context) error {
	loading := clientcmd.NewDefaultClientConfigLoadingRules()
	if c.kubeconfig != "" {
		loading.ExplicitPath = c.kubeconfig
	}
	var err error
	c.config, err = clientcmd.NewNonInteractiveDeferredLoadingClientConfig(loading, nil).ClientConfig()
	if err != nil {
		return err
	}
	c.config.QPS = -1 // no limit
	c.config.WarningHandler = rest.NoWarnings{}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return err
	}
	c.client, err = client.New(c.config, client.Options{Scheme: scheme})
	if err != nil {
		return err
	}
	err = c.client.Get(ctx, client.ObjectKey{Name: system}, &corev1.Namespace{})
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("the cluster has a namespace %s: these tests remove the operator with all recordings, so they want a cluster without it", system)
}

// takeDown removes the local cluster, or what the tests installed in another.
func (c *testCluster) takeDown() (err error) {
	c.takenDown.Do(func() {
		ctx := context.Background()
		switch {
		case c.kind == local && os.Getenv("E2E_KEEP") != "1":
			err = runProgram(ctx, nil, filepath.Join(c.root, "hack/cluster/cluster.sh"), "down")
		case c.kind == existing && c.client != nil && c.installed.name != "":
			_, err = c.tryKubectl(ctx, "delete", "--ignore-not-found", "-k", c.overlay(c.installed))
		}
	})
	return err
}

// runProgram runs a program whose output matters only when it fails.
func runProgram(ctx context.Context, env []string, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w\n%s", filepath.Base(program), strings.Join(args, " "), err, out)
	}
	return nil
}
