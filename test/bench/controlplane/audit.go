// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
)

// auditPolicy has the API server log each get of a recording, and nothing else: its metrics do not tell which of them it answers from its
// watch cache.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules:
- level: Metadata
  verbs: [get]
  resources: [{group: recording.meetingops.dev, resources: [meetingrecordings]}]
- level: None
`

// auditArgs are the API server's arguments for that log, in the folder.
func (c *ControlPlane) auditArgs() ([]string, error) {
	policy := filepath.Join(c.folder, "audit-policy.yaml")
	return []string{"--audit-policy-file", policy, "--audit-log-path", c.auditLog()}, os.WriteFile(policy, []byte(auditPolicy), 0o600)
}

func (c *ControlPlane) auditLog() string { return filepath.Join(c.folder, "audit.log") }

// uncachedGets counts the gets of recordings so far that the API server read from etcd.
func (c *ControlPlane) uncachedGets() (float64, error) {
	log, err := os.ReadFile(c.auditLog())
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil // there was none yet
	}
	if err != nil {
		return 0, fmt.Errorf("read the API server's audit log: %w", err)
	}
	return countUncached(bytes.NewReader(log))
}

// countUncached counts the requests of an audit log that ask for no resourceVersion: the API server answers those from etcd, and all others
// from its watch cache (k8s.io/apiserver/pkg/storage/cacher, CacheDelegator.Get).
func countUncached(log io.Reader) (float64, error) {
	count := 0.0
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var event auditv1.Event
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			return 0, fmt.Errorf("parse the API server's audit log: %w", err)
		}
		request, err := url.ParseRequestURI(event.RequestURI)
		if err != nil {
			return 0, fmt.Errorf("parse the API server's audit log: %w", err)
		}
		if request.Query().Get("resourceVersion") == "" {
			count++
		}
	}
	return count, lines.Err()
}
