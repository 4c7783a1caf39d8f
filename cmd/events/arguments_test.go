// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// Each wrong call is refused with what to fix.
func TestWrongArguments(t *testing.T) {
	for arguments, problem := range map[string]string{
		"serve":                                `unexpected argument "serve"`,
		"--namespace=A_b":                      "not a namespace name",
		"--heartbeat=1ms":                      "--heartbeat must be at least 1s",
		"--max-streams=0":                      "--max-streams must be at least 1",
		"--max-streams-per-user=0":             "--max-streams-per-user must be at least 1",
		"--max-connections=-1":                 "--max-connections must not be negative",
		"--shutdown-delay=-1s":                 "--shutdown-delay must not be negative",
		"--tls-cert-file=x":                    "go together: set both, or neither",
		"--bind-address=8084":                  "--bind-address must be HOST:PORT or :PORT",
		"--trusted-proxy=ingress":              "must be an address or a network such as 10.0.0.0/8",
		"--pprof --diagnostics-bind-address=0": "--pprof needs a --diagnostics-bind-address",
		"--no-such-flag":                       "flag provided but not defined",
	} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), strings.Fields(arguments), &stdout, &stderr); code != 2 || !strings.Contains(stderr.String(), problem) {
			t.Errorf("%s: %d, %s", arguments, code, stderr.String())
		}
	}
}

func TestVersionAndHelp(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"--version"}, &stdout, &stderr); code != 0 || stdout.Len() == 0 {
		t.Errorf("--version: %d, %q", code, stdout.String())
	}
	if code := run(t.Context(), []string{"--help"}, &stdout, &stderr); code != 0 || !strings.Contains(stderr.String(), "-max-streams") {
		t.Errorf("--help: %d, %q", code, stderr.String())
	}
}

// What cannot be served with is reported at once.
func TestNoStart(t *testing.T) {
	for arguments, problem := range map[string]string{
		"--kubeconfig=" + kubeconfig + " --tls-cert-file=/none --tls-key-file=/none": "--tls-cert-file and --tls-key-file: stat /none: no such file",
		"--kubeconfig=" + kubeconfig + " --bind-address=192.0.2.1:1":                 "listen at --bind-address",
	} {
		out, err := startAndWait(t, strings.Fields(arguments)...)
		if err == nil || !strings.Contains(out, problem) {
			t.Errorf("%s: %v\n%s", arguments, err, out)
		}
	}
}

// TestLogLevel changes the log level of a running server, as through kubectl port-forward.
func TestLogLevel(t *testing.T) {
	address := harness.Address(t)
	p := start(t, "--diagnostics-bind-address", address)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://"+address+"/loglevel", strings.NewReader("debug"))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if _ = response.Body.Close(); response.StatusCode != http.StatusOK {
		t.Errorf("answered %s", response.Status)
	}
	if code := p.Stop(); code != 0 || !strings.Contains(p.Output.String(), `"msg":"Log level changed","from":"info","to":"debug"`) {
		t.Errorf("it ended with %d, and logged no change:\n%s", code, p.Output.String())
	}
}

// Over TLS streams are served by HTTP/2 too, and end as those of HTTP/1 do. A client that sends more than the request gets none.
func TestTLS(t *testing.T) {
	namespace := api.Namespace(t)
	token, _ := reader(t, namespace)
	certificate := httptest.NewUnstartedServer(nil)
	certificate.EnableHTTP2 = true
	certificate.StartTLS()
	certificate.Close()
	key, err := x509.MarshalPKCS8PrivateKey(certificate.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, block := range map[string]*pem.Block{
		"tls.crt": {Type: "CERTIFICATE", Bytes: certificate.TLS.Certificates[0].Certificate[0]}, "tls.key": {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := start(t, "--tls-cert-file", filepath.Join(dir, "tls.crt"), "--tls-key-file", filepath.Join(dir, "tls.key"))
	web := certificate.Client()
	p.url = strings.Replace(p.url, "http://", "https://", 1)
	open := func(body io.Reader, want int) io.Reader {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/events?namespace="+namespace, body)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := web.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = response.Body.Close() })
		if response.StatusCode != want || response.ProtoMajor != 2 {
			t.Fatalf("answered %s by %s", response.Status, response.Proto)
		}
		return response.Body
	}
	open(strings.NewReader("more"), http.StatusBadRequest)
	open(io.MultiReader(strings.NewReader("more, of no length that is known")), http.StatusBadRequest)
	stream := open(http.NoBody, http.StatusOK)
	read := newLines(t, stream)
	read.until("event: ready")
	write := &writer{namespace: namespace, expected: map[string][]string{}}
	if err := write.recording(t.Context(), "one", true); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, line := range read.until(`data: {"recording":{"name":"one","namespace":"`+namespace+`","uid":"`, `","meetingID":"abcd-efgh-ijkl","sessionID":"one","segment":1},"state":"Succeeded"`) {
		if strings.HasPrefix(line, "event: ") {
			names = append(names, line)
		}
	}
	if len(names) != len(lifeOf) {
		t.Error(cmp.Diff(lifeOf, names))
	}
	if code := p.Stop(); code != 0 {
		t.Errorf("it ended with %d", code)
	}
	read.until("retry: ")
}
