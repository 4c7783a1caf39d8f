// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/meetingops/meeting-recording-operator/internal/cli"
)

// runAt runs the plugin against an API server that the test plays.
func runAt(ctx context.Context, t *testing.T, handler http.HandlerFunc, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	var out, errOut bytes.Buffer
	code = cli.Run(ctx, append(args, "--server", server.URL, "-n", "n"), genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errOut})
	return out.String(), errOut.String(), code
}

func respond(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body)) // the test sees what arrives
}

// TestInterruptWhileReading: an interrupt between two reads prints no answer from half of the objects.
func TestInterruptWhileReading(t *testing.T) {
	const recording = `{"apiVersion":"recording.meetingops.dev/v1alpha1","kind":"MeetingRecording","metadata":{"name":"rec","namespace":"n"},
		"spec":{"meetingID":"m","sessionID":"s"},"status":{"processing":{"steps":[{"pipeline":"web","step":"archive","state":"Running","attempt":1}]}}}`
	for _, command := range []string{"get", "why", "logs"} {
		ctx, interrupt := context.WithCancel(t.Context())
		stdout, stderr, code := runAt(ctx, t, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/meetingrecordings/rec") {
				respond(w, http.StatusOK, recording)
				return
			}
			interrupt()
			<-r.Context().Done()
		}, command, "rec")
		if code != 130 || stdout+stderr != "" {
			t.Errorf("%s: %d, %s%s", command, code, stdout, stderr)
		}
		interrupt()
	}
}

// TestHostileError: what a server responds cannot move the cursor.
func TestHostileError(t *testing.T) {
	_, stderr, code := runAt(t.Context(), t, func(w http.ResponseWriter, _ *http.Request) {
		respond(w, http.StatusConflict, `{"kind":"Status","apiVersion":"v1","status":"Failure","code":409,"reason":"Conflict","message":"evil\u001b[2Jtext\nnext line"}`)
	}, "get", "rec")
	if code != 1 || !strings.HasSuffix(stderr, "evil [2Jtext\nnext line\n") {
		t.Errorf("%d, %q", code, stderr)
	}
}
