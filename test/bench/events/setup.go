// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/events"
	"github.com/meetingops/meeting-recording-operator/test/bench/proc"
	"github.com/meetingops/meeting-recording-operator/test/harness"
	"github.com/meetingops/meeting-recording-operator/test/harness/controlplane"
)

// bench is an API server, a sidecar and an events server.
type bench struct {
	api              *controlplane.ControlPlane
	provider         *harness.Provider
	token            string
	webhooks, events string
	sidecar, server  *harness.Program
}

// setUp starts everything. If that fails, nothing is left.
func setUp(ctx context.Context, s settings) (h *bench, err error) {
	h = &bench{provider: harness.NewProvider()}
	defer func() {
		if err != nil {
			h.close()
		}
	}()
	if h.api, err = controlplane.Start(controlplane.Options{}); err != nil {
		return nil, err
	}
	// The reader opens the streams.
	subject := rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Name: "reader", Namespace: "default"}
	if err := errors.Join(
		h.api.Client.Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: subject.Name, Namespace: subject.Namespace}}),
		h.api.Client.Create(ctx, controlplane.Bind("reader", "cluster-admin", subject)),
	); err != nil {
		return nil, fmt.Errorf("create a reader: %w", err)
	}
	if h.token, err = controlplane.Token(ctx, h.api.Config, subject.Namespace, subject.Name, events.TokenAudience); err != nil {
		return nil, err
	}
	return h, h.startPrograms(ctx, s)
}

func (h *bench) startPrograms(ctx context.Context, s settings) error {
	addresses, err := harness.FreeAddresses(4)
	if err != nil {
		return err
	}
	keyFile := filepath.Join(h.api.Folder, "public.pem")
	if err := h.provider.WriteKey(keyFile); err != nil {
		return err
	}
	h.webhooks, h.events = "http://"+addresses[0]+harness.WebhookPath, "http://"+addresses[1]
	if h.sidecar, err = h.start(ctx, s, "sidecar", addresses[2], "--namespace", "default", "--public-key-file", keyFile,
		"--write-timeout", "20s", "--webhook-bind-address", addresses[0], "--metrics-bind-address", "127.0.0.1:0"); err != nil {
		return err
	}
	h.server, err = h.start(ctx, s, "events", addresses[3], "--bind-address", addresses[1],
		"--metrics-bind-address", "0", "--max-streams-per-user", "100000", "--max-streams", "100000")
	return err
}

// start returns once the program is ready.
func (h *bench) start(ctx context.Context, s settings, name, health string, args ...string) (*harness.Program, error) {
	args = append([]string{"--kubeconfig", h.api.Kubeconfig, "--health-probe-bind-address", health}, args...)
	program, err := harness.Run(name, "", filepath.Join(s.bin, name), args...)
	if err != nil {
		return nil, fmt.Errorf("%w (make build makes it)", err)
	}
	return program, program.WaitReady(ctx, time.Minute, health)
}

func (h *bench) close() {
	for _, program := range []*harness.Program{h.sidecar, h.server} {
		if program != nil {
			program.Kill()
		}
	}
	if h.api != nil {
		h.api.Stop()
	}
}

// memory is the events server's resident memory in bytes.
func (h *bench) memory() (int64, error) {
	usage, err := proc.ReadUsage(h.server.PID())
	return usage.RSS, err
}
