// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/go-logr/logr"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/freeport"
)

// harness is an API server, a sidecar and an events server.
type harness struct {
	environment      *envtest.Environment
	admin            client.WithWatch
	dir              string
	token            string
	webhooks, events string
	sidecar, server  *program
}

// setUp starts everything; where that fails, nothing is left.
func setUp(s settings) (h *harness, err error) {
	ctrl.SetLogger(logr.Discard())
	h = &harness{}
	defer func() {
		if err != nil {
			h.close()
		}
	}()
	if h.dir, err = os.MkdirTemp("", "bench-events"); err != nil {
		return nil, err
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	h.environment = &envtest.Environment{
		Scheme: scheme, CRDDirectoryPaths: []string{filepath.Join("config", "crd", "bases")}, ErrorIfCRDPathMissing: true,
		ControlPlaneStopTimeout: 2 * time.Second,
	}
	config, err := h.environment.Start()
	if err != nil {
		return nil, fmt.Errorf("start the API server: %w", err)
	}
	config.QPS = -1
	if h.admin, err = client.NewWithWatch(config, client.Options{Scheme: scheme}); err != nil {
		return nil, err
	}
	user, err := h.environment.AddUser(envtest.User{Name: "admin", Groups: []string{"system:masters"}}, nil)
	if err != nil {
		return nil, err
	}
	text, err := user.KubeConfig()
	if err != nil {
		return nil, err
	}
	kubeconfig := filepath.Join(h.dir, "kubeconfig")
	if err := os.WriteFile(kubeconfig, text, 0o600); err != nil {
		return nil, err
	}
	if err := h.makeReader(); err != nil {
		return nil, fmt.Errorf("make a reader: %w", err)
	}
	return h, h.startPrograms(s, kubeconfig)
}

// makeReader makes the one who opens the streams.
func (h *harness) makeReader() error {
	ctx := context.Background()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "reader", Namespace: "default"}}
	bound := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "reader"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Name: "reader", Namespace: "default"}},
	}
	token := &authenticationv1.TokenRequest{}
	err := errors.Join(h.admin.Create(ctx, account), h.admin.Create(ctx, bound), h.admin.SubResource("token").Create(ctx, account, token))
	h.token = token.Status.Token
	return err
}

func (h *harness) startPrograms(s settings, kubeconfig string) (err error) {
	var addresses [4]string
	for i := range addresses {
		if addresses[i], err = freeport.Address(); err != nil {
			return err
		}
	}
	h.webhooks, h.events = "http://"+addresses[0]+"/webhooks/videosdk", "http://"+addresses[1]
	if h.sidecar, err = start(filepath.Join(s.bin, "sidecar"), addresses[2], "--kubeconfig", kubeconfig, "--namespace", "default",
		"--insecure-skip-signature", "--write-timeout", "20s", "--webhook-bind-address", addresses[0], "--health-probe-bind-address", addresses[2],
		"--metrics-bind-address", "127.0.0.1:0"); err != nil {
		return err
	}
	h.server, err = start(filepath.Join(s.bin, "events"), addresses[3], "--kubeconfig", kubeconfig, "--bind-address", addresses[1],
		"--health-probe-bind-address", addresses[3], "--metrics-bind-address", "0", "--max-streams-per-user", "100000", "--max-streams", "100000")
	return err
}

func (h *harness) close() {
	for _, p := range []*program{h.sidecar, h.server} {
		if p != nil {
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait()
		}
	}
	if h.environment != nil {
		_ = h.environment.Stop()
	}
	if h.dir != "" {
		_ = os.RemoveAll(h.dir)
	}
}

// program is a running binary.
type program struct{ cmd *exec.Cmd }

// start returns once the program is ready.
func start(path, health string, args ...string) (*program, error) {
	p := &program{exec.Command(path, args...)} //nolint:noctx // it is killed at the end
	p.cmd.Stderr = nil
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s (make build makes it): %w", path, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		if isReady(ctx, health) {
			return p, nil
		}
		pause(ctx, 50*time.Millisecond)
	}
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
	return nil, fmt.Errorf("%s was not ready within a minute", path)
}

func isReady(ctx context.Context, health string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+health+"/readyz", http.NoBody)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// memory is the program's resident memory in bytes.
func (p *program) memory() (int64, error) {
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("read the events server's memory: %w", err)
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if text, is := strings.CutPrefix(lines.Text(), "VmRSS:"); is {
			kib, err := strconv.ParseInt(strings.Fields(text)[0], 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("the kernel does not tell the events server's memory")
}
