// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDefaults(t *testing.T) {
	o, err := parseOptions([]string{"--public-key-file=a.pem", "--public-key-file=b.pem"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(stringList{"a.pem", "b.pem"}, o.keyFiles); diff != "" {
		t.Errorf("key files (-want +got):\n%s", diff)
	}
	if o.webhookAddress != ":8080" || o.healthAddress != ":8081" || o.metrics.address != "127.0.0.1:8082" {
		t.Errorf("addresses %s, %s, %s", o.webhookAddress, o.healthAddress, o.metrics.address)
	}
	if o.windows.Reorder != time.Minute || o.windows.Redelivery != 10*time.Second || o.writeTimeout != 2*time.Second {
		t.Errorf("times %+v, %s", o.windows, o.writeTimeout)
	}
	if o.skipSignature || o.keyURL != "" || o.tokenFile != "" || o.namespace != "" {
		t.Errorf("options %+v", o)
	}
}

// TestWrongOptions: each message says what to fix.
func TestWrongOptions(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no key", nil, 2, "no public key, so anyone could write recordings: set --public-key-url=https://api.videosdk.live/v2/public/rsa-public-key"},
		{"key and no key", []string{"--insecure-skip-signature", "--public-key-file=a"}, 2, "--insecure-skip-signature contradicts --public-key-file"},
		{"URL and no key", []string{"--insecure-skip-signature", "--public-key-url=https://a"}, 2, "--insecure-skip-signature contradicts"},
		{"an argument", []string{"--insecure-skip-signature", "serve"}, 2, `unexpected argument "serve"`},
		{"an unknown flag", []string{"--no-such"}, 2, "flag provided but not defined: -no-such"},
		{"a flag of another part", []string{"--leader-elect"}, 2, "flag provided but not defined"},
		{"an empty key file", []string{"--public-key-file="}, 2, "is empty"},
		{"a bad duration", []string{"--write-timeout=fast"}, 2, "-write-timeout"},
		{"a negative window", []string{"--insecure-skip-signature", "--reorder-window=-1s"}, 2, "--reorder-window must not be negative"},
		{"another negative window", []string{"--insecure-skip-signature", "--redelivery-window=-1s"}, 2, "--redelivery-window must not be negative"},
		{"ids that are neither", []string{"--insecure-skip-signature", "--recording-ids=never"}, 2, "must be auto or ignore"},
		{"no time to write", []string{"--insecure-skip-signature", "--write-timeout=1ms"}, 2, "--write-timeout must be from 100ms to 30s"},
		{"too much time to write", []string{"--insecure-skip-signature", "--write-timeout=1m"}, 2, "--write-timeout must be from 100ms to 30s"},
		{"a bad namespace", []string{"--insecure-skip-signature", "--namespace=a/b"}, 1, `"a/b" of --namespace is not a namespace`},
		{"a missing kubeconfig", []string{"--insecure-skip-signature", "--namespace=a", "--kubeconfig=/no/such"}, 1, "set --kubeconfig or KUBECONFIG"},
		{"a missing key file", []string{"--public-key-file=/no/such", "--namespace=a", "--kubeconfig=" + kubeconfig}, 1, "/no/such"},
		{"a bad key URL", []string{"--public-key-url=ftp://a", "--namespace=a", "--kubeconfig=" + kubeconfig}, 1, "public key URL"},
		{"a tracing endpoint that is none", []string{"--insecure-skip-signature", "--tracing-endpoint=collector:4317", "--namespace=a", "--kubeconfig=" + kubeconfig}, 1, "--tracing-endpoint must be a URL such as http://collector:4318"},
		{"a share of two", []string{"--insecure-skip-signature", "--tracing-sampling-ratio=2"}, 2, "must be a number from 0 to 1"},
		{"a missing token file", []string{"--insecure-skip-signature", "--endpoint-token-file=/no/such", "--namespace=a", "--kubeconfig=" + kubeconfig}, 1, "--endpoint-token-file: stat /no/such"},
		{"a missing client token file", []string{"--insecure-skip-signature", "--client-token-file=/no/such", "--namespace=a", "--kubeconfig=" + kubeconfig}, 1, "--client-token-file: stat /no/such"},
		{"a client rate below nothing", []string{"--insecure-skip-signature", "--client-rate-limit=-1"}, 2, "--client-rate-limit must be from 0 to 1000000 a second"},
		{"an origin with a path", []string{"--insecure-skip-signature", "--client-token-file=a", "--client-allowed-origin=https://app.example.com/"}, 2, "--client-allowed-origin must be a scheme and a host"},
		{"an origin without a scheme", []string{"--insecure-skip-signature", "--client-token-file=a", "--client-allowed-origin=*"}, 2, "--client-allowed-origin must be a scheme and a host"},
		{"an origin for nothing", []string{"--insecure-skip-signature", "--client-allowed-origin=https://app.example.com"}, 2, "--client-allowed-origin needs --client-token-file or --routes-file"},
		{"a bad address", []string{"--insecure-skip-signature", "--metrics-bind-address=nowhere", "--namespace=a", "--kubeconfig=" + kubeconfig,
			"--webhook-bind-address=127.0.0.1:0", "--health-probe-bind-address=127.0.0.1:0"}, 1, "--metrics-bind-address"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var stderr bytes.Buffer
			if code := run(t.Context(), tc.args, io.Discard, &stderr); code != tc.code {
				t.Errorf("exit code %d, want %d", code, tc.code)
			}
			if !strings.Contains(stderr.String(), tc.want) {
				t.Errorf("printed %q, want %q", stderr.String(), tc.want)
			}
		})
	}
}

func TestShortToken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	code := run(t.Context(), []string{"--insecure-skip-signature", "--endpoint-token-file=" + path, "--namespace=a", "--kubeconfig=" + kubeconfig}, io.Discard, &stderr)
	if code != 1 || !strings.Contains(stderr.String(), "openssl rand -hex 24") {
		t.Errorf("exit code %d, printed %q", code, stderr.String())
	}
}

func TestVersionAndHelp(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"--version"}, &stdout, &stderr); code != 0 || strings.TrimSpace(stdout.String()) == "" {
		t.Errorf("exit code %d, printed %q", code, stdout.String())
	}
	if code := run(t.Context(), []string{"--help"}, &stdout, &stderr); code != 0 || !strings.Contains(stderr.String(), "-public-key-url") {
		t.Errorf("exit code %d, printed %q", code, stderr.String())
	}
	if _, err := parseOptions([]string{"-h"}, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("error %v", err)
	}
}
