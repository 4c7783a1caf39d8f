// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/bench/strangers"
)

// longestWait is the promise for genuine webhooks while strangers hold every
// connection. Tests run beside others, so they only check that nobody waits for a
// time-out; `make bench` checks the 250 ms that are promised.
const longestWait = 4 * time.Second

// few is how many strangers and connections there are.
const few = 128

// TestBusyStrangers: as many strangers as there may be connections send requests
// that are refused, and genuine webhooks get through, each on a connection of its
// own, over plain HTTP and over TLS.
func TestBusyStrangers(t *testing.T) {
	genuine := fromEnv(t, "LOAD_GENUINE", 100)
	folder := t.TempDir()
	certFile, tlsKeyFile := filepath.Join(folder, "tls.crt"), filepath.Join(folder, "tls.key")
	writeCertificate(t, certFile, tlsKeyFile, 1)
	for name, tc := range map[string]struct {
		args   []string
		config *tls.Config
	}{
		"plain": {nil, nil},
		"TLS": {
			[]string{"--tls-cert-file=" + certFile, "--tls-key-file=" + tlsKeyFile},
			&tls.Config{InsecureSkipVerify: true}, // what it presents is not what this is about
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := startProcess(t, append(tc.args, "--write-timeout=10s", fmt.Sprint("--max-connections=", few))...)
			target := strangers.Target{Address: p.Webhooks, TLS: tc.config}
			stop, err := strangers.Hold(t.Context(), target, few)
			if err != nil {
				t.Fatal(err)
			}
			took, err := strangers.Measure(t.Context(), target, genuine, 25, func(n int) (*http.Request, error) {
				return webhookOf(t, newSessionID("strangers", n)).request("http://" + p.Webhooks)
			})
			if err != nil {
				t.Error(err)
			}
			stop()
			p99 := took[len(took)*99/100]
			t.Logf("genuine webhooks p50 %s, p99 %s, longest %s", took[len(took)/2], p99, took[len(took)-1])
			if p99 > longestWait {
				t.Errorf("p99 is %s, want at most %s", p99, longestWait)
			}
			p.terminate()
			p.wait()
		})
	}
}
