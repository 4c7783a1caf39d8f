// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"k8s.io/client-go/rest"
)

func TestOverloadOptions(t *testing.T) {
	o, err := parseOptions([]string{"--insecure-skip-signature", "--trusted-proxy=10.1.2.3/8", "--trusted-proxy=fd00::1", "--rate-limit=0.5"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if got := (*prefixList)(&o.overload.proxies).String(); got != "10.0.0.0/8,fd00::1/128" {
		t.Errorf("trusted proxies %s", got)
	}
	r := o.overload.rates
	if o.overload.maxInFlight != 256 || o.overload.maxConnections != 512 || r.Total != 0.5 || r.PerClient != 1000 || r.Failures != 100 || r.FailuresPerClient != 20 {
		t.Errorf("limits %+v", o.overload)
	}
	for _, tc := range []struct{ flag, want string }{
		{"--max-in-flight=-1", "--max-in-flight must not be negative; 0 is no limit"},
		{"--max-connections=-1", "--max-connections must not be negative"},
		{"--rate-limit=-1", "--rate-limit must be from 0 to 1000000 a second"},
		{"--rate-limit-per-client=NaN", "--rate-limit-per-client must be from 0"},
		{"--failure-limit=+Inf", "--failure-limit must be from 0"},
		{"--failure-limit-per-client=2e6", "--failure-limit-per-client must be from 0"},
		{"--shutdown-delay=-1s", "--shutdown-delay must be from 0s to 5m0s"},
		{"--shutdown-delay=1h", "--shutdown-delay must be from 0s to 5m0s"},
	} {
		if _, err := parseOptions([]string{"--insecure-skip-signature", tc.flag}, io.Discard); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", tc.flag, err, tc.want)
		}
	}
	var told strings.Builder
	if _, err := parseOptions([]string{"--insecure-skip-signature", "--trusted-proxy=ingress"}, &told); err == nil || !strings.Contains(told.String(), "must be an address or a network such as 10.0.0.0/8") {
		t.Errorf("%v: %s", err, &told)
	}
}

// TestLimitsThatAreOffAreLogged, each by its flag.
func TestLimitsThatAreOffAreLogged(t *testing.T) {
	flags := []string{"--max-in-flight", "--max-connections", "--rate-limit", "--rate-limit-per-client", "--failure-limit", "--failure-limit-per-client"}
	args := []string{"--insecure-skip-signature"}
	for _, name := range flags {
		args = append(args, name+"=0")
	}
	o, err := parseOptions(args, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	log := logr.New(funcr.New(func(_, line string) { told = append(told, line) }, funcr.Options{}).GetSink())
	o.overload.announce(log)
	if len(told) != len(flags) {
		t.Fatalf("told %q", told)
	}
	for i, name := range flags {
		if !strings.Contains(told[i], `"`+name+`"`) {
			t.Errorf("told %s, want %s in it", told[i], name)
		}
	}
}

// TestKeySurvivesARestart: with the key of the last run the sidecar is ready
// although the URL cannot be reached, and verifies.
func TestKeySurvivesARestart(t *testing.T) {
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := json.NewEncoder(w).Encode(map[string]string{"publicKey": publicPEM()}); err != nil {
			t.Error(err)
		}
	}))
	o, err := parseOptions([]string{"--namespace=default", "--public-key-url=" + provider.URL}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	o.webhookAddress, o.healthAddress, o.metrics.address = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	o.spool.directory = t.TempDir()
	fetchOnce := func() error {
		s, err := newSidecar(t.Context(), o, &rest.Config{Host: "http://127.0.0.1:1"}, logr.Discard())
		if err != nil {
			t.Fatal(err)
		}
		defer s.close()
		return s.urlKeys.Prefetch(t.Context())
	}
	if err := fetchOnce(); err != nil {
		t.Fatal(err)
	}
	awaitFile(t, filepath.Join(o.spool.directory, "public-key.pem"))
	provider.Close()
	if err := fetchOnce(); err != nil {
		t.Errorf("without the URL: %v", err)
	}
	o.spool.directory = ""
	if err := fetchOnce(); err == nil {
		t.Error("a key comes from nowhere")
	}
}

// awaitFile waits for a file that another goroutine renames into place.
func awaitFile(t *testing.T, path string) {
	t.Helper()
	timeout := time.After(patience)
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		if _, err := os.Stat(path); err == nil {
			return
		}
		select {
		case <-again.C:
		case <-timeout:
			t.Fatalf("%s does not come", path)
		}
	}
}
