// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/uuid"
	coordinationv1 "k8s.io/client-go/kubernetes/typed/coordination/v1"
	corev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/utils/clock"

	"github.com/meetingops/meeting-recording-operator/internal/leadership"
)

const (
	// leaderElectionID is the name of the Lease.
	leaderElectionID = "meeting-recording-operator.recording.meetingops.dev"
	// leaseDuration is how long the others wait for a leader that is not heard of, and renewDeadline how long it tries to renew until it
	// gives up; in between a write under way has its time.
	leaseDuration = 15 * time.Second
	renewDeadline = 10 * time.Second
)

// namespaceFile is where a Pod finds the namespace that it is in.
var namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// newLease returns the lock of the leader election, which is a Lease in the namespace, or in the Pod's own.
func newLease(cfg *rest.Config, namespace string) (*leadership.Lock, error) {
	if namespace == "" {
		content, err := os.ReadFile(namespaceFile)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, errors.New("--leader-elect needs --leader-elect-namespace outside a cluster")
		}
		if err != nil {
			return nil, fmt.Errorf("find the namespace for --leader-elect: %w", err)
		}
		namespace = strings.TrimSpace(string(content))
	}
	hostname, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("get the host name for --leader-elect: %w", err)
	}
	cfg = rest.AddUserAgent(cfg, "leader-election")
	cfg.Timeout = renewDeadline / 2 // one request that hangs must not cost the Lease
	core, err := corev1.NewForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("make a client for --leader-elect: %w", err)
	}
	coordination, err := coordinationv1.NewForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("make a client for --leader-elect: %w", err)
	}
	lock, err := resourcelock.New(resourcelock.LeasesResourceLock, namespace, leaderElectionID, core, coordination,
		resourcelock.ResourceLockConfig{Identity: hostname + "_" + string(uuid.NewUUID())})
	if err != nil {
		return nil, fmt.Errorf("set up --leader-elect: %w", err)
	}
	return leadership.Guard(lock, renewDeadline, clock.RealClock{}), nil
}
