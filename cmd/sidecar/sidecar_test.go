// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

const (
	token     = "0123456789abcdef-token"
	meetingID = "hstr-afz3-tt4f"
)

func body(eventType, sessionID string) string {
	return fmt.Sprintf(`{"webhookType":%q,"data":{"meetingId":%q,"sessionId":%q}}`, eventType, meetingID, sessionID)
}

// TestTheProgram goes the whole way: the binary, a token, signed webhooks, the
// object, metrics, and SIGTERM with a request under way.
func TestTheProgram(t *testing.T) {
	sessionID := fmt.Sprintf("%024x", time.Now().UnixNano()) // another one with every -count
	folder := t.TempDir()
	tokenFile := filepath.Join(folder, "token")
	binary, err := harness.Binary("sidecar")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(tokenFile, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	stderr := newOutput()
	command := exec.Command(binary, append([]string{
		"--namespace=default", "--kubeconfig=" + kubeconfig, "--public-key-file=" + keyFile, "--endpoint-token-file=" + tokenFile,
	}, localPorts...)...)
	command.Stderr = stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill() })
	at := stderr.addresses(t)
	at.becomes(t, 200, `{"status":"ok"}`)

	webhooks := "http://" + at.Webhooks + "/webhooks/videosdk"
	name := meetingID + "-" + sessionID
	for _, tc := range []struct {
		name, url, body string
		signed          bool
		status          int
		want            string
	}{
		{"signed", webhooks + "/" + token, body("recording-starting", sessionID), true, 200, `{"result":"recorded","recording":"default/` + name + `"}`},
		{"again", webhooks + "/" + token, body("recording-starting", sessionID), true, 200, `{"result":"duplicate","recording":"default/` + name + `"}`},
		{"unsigned", webhooks + "/" + token, body("recording-started", sessionID), false, 401, "signature is missing"},
		{"no token", webhooks, body("recording-started", sessionID), true, 404, "unknown path"},
	} {
		if status, got := ask(t, http.MethodPost, tc.url, tc.body, tc.signed); status != tc.status || !strings.Contains(got, tc.want) {
			t.Errorf("%s: %d %s, want %d %s", tc.name, status, got, tc.status, tc.want)
		}
	}
	_, metrics := ask(t, http.MethodGet, "http://"+at.Metrics+"/metrics", "", false)
	for _, series := range []string{
		`meetingrecording_webhooks_total{outcome="recorded",type="recording-starting"} 1`,
		`meetingrecording_webhooks_total{outcome="unauthorized",type="unknown"} 1`,
		`meetingrecording_api_requests_total{outcome="ok",verb="create"} 1`,
		`meetingrecording_webhook_duration_seconds_count{outcome="recorded"} 1`,
	} {
		if !strings.Contains(metrics, series) {
			t.Errorf("no %s in the metrics", series)
		}
	}

	finish := beginSlowly(t, at.Webhooks, "/webhooks/videosdk/"+token, body("recording-started", sessionID))
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	stderr.line(t, "Shutting down")
	at.becomes(t, 503, "shutting down")
	if got := finish(); !strings.Contains(got, `"result":"recorded"`) {
		t.Errorf("the request under way was answered %s", got)
	}
	if err := command.Wait(); err != nil {
		t.Errorf("exit: %v\n%s", err, stderr)
	}

	var object v1alpha1.MeetingRecording
	if err := cluster.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: name}, &object); err != nil {
		t.Fatal(err)
	}
	if got := object.Status.Recording; got.State != v1alpha1.RecordingStarted || len(got.Events) != 2 || got.Events[0].Deliveries != 2 {
		t.Errorf("recording %+v", got)
	}
	if told := stderr.String(); strings.Contains(told, token) {
		t.Errorf("the token is logged:\n%s", told)
	}
}

// beginSlowly sends a webhook but for the last byte of its body; the function
// that it returns sends that, and returns the answer's body.
func beginSlowly(t *testing.T, address, path, body string) (finish func() string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n%s: %s\r\nContent-Length: %d\r\n\r\n",
		path, videosdk.SignatureHeader, sign(t, body), len(body)); err != nil {
		t.Fatal(err)
	}
	// The server asks for the body once its handler reads it.
	reader := bufio.NewReader(conn)
	if line, err := reader.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("%q, %v", line, err)
	}
	if _, err := reader.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	last := len(body) - 1
	if _, err := io.WriteString(conn, body[:last]); err != nil {
		t.Fatal(err)
	}
	return func() string {
		if _, err := io.WriteString(conn, body[last:]); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		content, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
}

// TestInsecure: it accepts everything, and says so at every start.
func TestInsecure(t *testing.T) {
	for range 2 {
		p := start(t, "--insecure-skip-signature", "--namespace=default", "--kubeconfig="+kubeconfig)
		p.stderr.line(t, "WARNING: signatures are not verified")
		p.stderr.line(t, "WARNING: webhooks need no token")
		p.becomes(t, 200, "ok")
		if status, got := ask(t, http.MethodPost, "http://"+p.Webhooks+"/webhooks/videosdk", body("recording-starting", "insecure"), false); status != 200 {
			t.Errorf("%d %s", status, got)
		}
		if code := p.end(t); code != 0 {
			t.Errorf("exit code %d", code)
		}
	}
}

// TestAPIServerAway: alive, not ready, and webhooks are sent back in time.
func TestAPIServerAway(t *testing.T) {
	p := start(t, "--public-key-file="+keyFile, "--namespace=default", "--kubeconfig="+kubeconfigFor(t, "http://127.0.0.1:1"))
	p.becomes(t, 503, "the API server is not reachable yet")
	p.stderr.line(t, "Startup check failed, retrying")
	if status, got := ask(t, http.MethodGet, "http://"+p.Health+"/healthz", "", false); status != 200 {
		t.Errorf("/healthz: %d %s", status, got)
	}
	status, got := ask(t, http.MethodPost, "http://"+p.Webhooks+"/webhooks/videosdk", body("recording-starting", "away"), true)
	if status != 503 || !strings.Contains(got, "try again later") {
		t.Errorf("%d %s", status, got)
	}
	if code := p.end(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// kubeconfigFor is one of a cluster that is somewhere else.
func kubeconfigFor(t *testing.T, server string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	content := fmt.Sprintf(`{"apiVersion":"v1","kind":"Config","current-context":"x",
		"clusters":[{"name":"x","cluster":{"server":%q}}],"contexts":[{"name":"x","context":{"cluster":"x"}}]}`, server)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestKeyFromURL: until the key can be fetched the sidecar is not ready.
func TestKeyFromURL(t *testing.T) {
	var served atomic.Bool
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !served.Load() {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		if err := json.NewEncoder(w).Encode(map[string]string{"publicKey": publicPEM()}); err != nil {
			t.Error(err)
		}
	}))
	defer provider.Close()
	p := start(t, "--public-key-url="+provider.URL, "--namespace=default", "--kubeconfig="+kubeconfig)
	p.becomes(t, 503, `"reasons":["the public key is not fetched yet"]`)
	webhooks := "http://" + p.Webhooks + "/webhooks/videosdk"
	if status, got := ask(t, http.MethodPost, webhooks, body("recording-starting", "by-url"), true); status != 503 {
		t.Errorf("%d %s", status, got)
	}
	served.Store(true)
	p.becomes(t, 200, "ok")
	if status, got := ask(t, http.MethodPost, webhooks, body("recording-starting", "by-url"), true); status != 200 {
		t.Errorf("%d %s", status, got)
	}
	if code := p.end(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestPortInUse names the flag to change.
func TestPortInUse(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	stderr := newOutput()
	code := run(t.Context(), append(append([]string{}, localPorts...),
		"--insecure-skip-signature", "--namespace=default", "--kubeconfig="+kubeconfig, "--health-probe-bind-address="+listener.Addr().String()),
		io.Discard, stderr)
	if code != 1 || !strings.Contains(stderr.String(), "--health-probe-bind-address") {
		t.Errorf("exit code %d, printed %s", code, stderr)
	}
}
