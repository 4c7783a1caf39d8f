// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// builtBinary is the program as it is installed, built once.
func builtBinary() (string, error) { return harness.Binary("sidecar") }

// process is a sidecar in a process of its own.
type process struct {
	addresses
	t       *testing.T
	command *exec.Cmd
	stderr  *output
}

// startProcess returns once the sidecar is ready. What args say twice, the last
// one counts.
func startProcess(t *testing.T, args ...string) *process {
	t.Helper()
	binary, err := builtBinary()
	if err != nil {
		t.Fatal(err)
	}
	all := append(append([]string{}, localPorts...), "--namespace=default", "--kubeconfig="+kubeconfig, "--public-key-file="+keyFile)
	p := &process{t: t, command: exec.Command(binary, append(all, args...)...), stderr: newOutput()}
	p.command.Stderr = p.stderr
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.command.Process.Kill() })
	p.addresses = p.stderr.addresses(t)
	p.becomes(t, 200, "ok")
	return p
}

func (p *process) terminate() {
	p.t.Helper()
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
}

// wait expects that the program ends well.
func (p *process) wait() {
	p.t.Helper()
	if err := p.command.Wait(); err != nil {
		p.t.Errorf("exit: %v\n%s", err, p.stderr)
	}
}

// signedWebhook is a request of one event of a session.
type signedWebhook struct{ body, signature string }

func webhookOf(t *testing.T, sessionID string) signedWebhook {
	t.Helper()
	text := body("recording-started", sessionID)
	return signedWebhook{text, sign(t, text)}
}

func (w signedWebhook) request(url string) (*http.Request, error) {
	request, err := http.NewRequest(http.MethodPost, url+"/webhooks/videosdk", strings.NewReader(w.body))
	if err != nil {
		return nil, err
	}
	request.Header.Set(videosdk.SignatureHeader, w.signature)
	return request, nil
}

// newSessionID returns another one with every call, and every -count.
func newSessionID(prefix string, i int) string {
	return fmt.Sprintf("%s%d-%06d", prefix, time.Now().UnixNano(), i)
}
