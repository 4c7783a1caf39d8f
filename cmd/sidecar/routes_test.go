// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func newNamespace(t *testing.T) string {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "team-"}}
	if err := cluster.Create(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	return namespace.Name
}

// eventually asks until the answer has the status and the text.
func eventually(t *testing.T, status int, want string, ask func() (int, string)) {
	t.Helper()
	timeout := time.After(patience)
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		gotStatus, got := ask()
		if gotStatus == status && strings.Contains(got, want) {
			return
		}
		select {
		case <-again.C:
		case <-timeout:
			t.Fatalf("%d %s, want %d %s", gotStatus, got, status, want)
		}
	}
}

// TestRoutesOfSeveralNamespaces: one sidecar writes into the namespace of each token, follows the file, and a route to a namespace that
// does not exist keeps neither readiness nor the others.
func TestRoutesOfSeveralNamespaces(t *testing.T) {
	t.Setenv("POD_NAMESPACE", "")
	a, b := newNamespace(t), newNamespace(t)
	file := filepath.Join(t.TempDir(), "routes.yaml")
	const routes = "routes:\n- {namespace: no-such-namespace, endpointToken: token-of-nobody-0}\n- {namespace: %s, endpointToken: token-of-team-a-0}\n- {namespace: %s, endpointToken: token-of-team-b-0}\n"
	write(t, file, fmt.Sprintf(routes, a, b))
	p := start(t, "--insecure-skip-signature", "--kubeconfig="+kubeconfig, "--routes-file="+file, "--spool-dir="+socketDir(t), "--write-timeout=5s")
	p.becomes(t, 200, "ok")
	webhook := func(token, sessionID string) (int, string) {
		return ask(t, http.MethodPost, "http://"+p.Webhooks+"/webhooks/videosdk/"+token, body("recording-started", sessionID), false)
	}
	for _, tc := range []struct {
		token, want string
		status      int
	}{
		{"token-of-team-a-0", `"recorded","recording":"` + a + "/", 200},
		{"token-of-nobody-0", `"spooled"`, 202},
		{"token-of-team-b-0", `"recorded","recording":"` + b + "/", 200},
		{"token-of-team-c-0", "unknown path", 404},
	} {
		if status, got := webhook(tc.token, "same-session"); status != tc.status || !strings.Contains(got, tc.want) {
			t.Errorf("%s: %d %s, want %d %s", tc.token, status, got, tc.status, tc.want)
		}
	}
	for _, namespace := range []string{a, b} {
		var list v1alpha1.MeetingRecordingList
		if err := cluster.List(t.Context(), &list, client.InNamespace(namespace)); err != nil || len(list.Items) != 1 {
			t.Errorf("%s has %d recordings, %v", namespace, len(list.Items), err)
		}
	}
	p.stderr.line(t, "Namespace refuses writes")

	write(t, file, "routes: [")
	metrics := func() (int, string) { return ask(t, http.MethodGet, "http://"+p.Metrics+"/metrics", "", false) }
	eventually(t, 200, "\nmeetingrecording_routes_outdated 1", metrics)
	p.stderr.line(t, "Tokens not reloaded")
	if status, got := webhook("token-of-team-a-0", "another-session"); status != 200 {
		t.Errorf("with a bad file: %d %s", status, got)
	}
	write(t, file, "routes: [{namespace: "+b+", endpointToken: token-of-team-c-0}]")
	eventually(t, 200, b+"/", func() (int, string) { return webhook("token-of-team-c-0", "third-session") })
	if status, got := webhook("token-of-team-a-0", "third-session"); status != 404 {
		t.Errorf("a route that is gone: %d %s", status, got)
	}
	if strings.Contains(p.stderr.String(), "token-of-") {
		t.Errorf("a token is logged:\n%s", p.stderr)
	}
}

// TestWrongRoutes: each message says what to fix.
func TestWrongRoutes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "routes.yaml")
	write(t, file, "routes:\n- namespace: a\n  token: 0123456789abcdef\n")
	for _, tc := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"with a namespace", []string{"--namespace=a"}, 2, "--routes-file contradicts --namespace: each route has its namespace"},
		{"with a token", []string{"--endpoint-token-file=token"}, 2, "--routes-file contradicts --endpoint-token-file: set each route's endpointToken"},
		{"with a client token", []string{"--client-token-file=token"}, 2, "--routes-file contradicts --client-token-file: set each route's clientToken"},
		{"a bad file", nil, 1, "--routes-file: " + file + ": line 3: not valid: the file must be YAML with the field routes"},
		{"a bad rate", []string{"--rate-limit-per-namespace=-1"}, 2, "--rate-limit-per-namespace must be from 0 to 1000000"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var stderr bytes.Buffer
			code := run(t.Context(), append([]string{"--insecure-skip-signature", "--routes-file=" + file, "--kubeconfig=" + kubeconfig}, tc.args...), io.Discard, &stderr)
			if code != tc.code || !strings.Contains(stderr.String(), tc.want) {
				t.Errorf("exit code %d, printed %q, want %q", code, stderr.String(), tc.want)
			}
		})
	}
}
