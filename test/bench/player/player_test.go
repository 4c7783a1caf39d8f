// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package player

import (
	"bufio"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/meetingops/meeting-recording-operator/test/bench/script"
)

func orderFor(t *testing.T, url string) Order {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return Order{
		Script:   script.Script{Tag: "00000001", Recordings: 3, Senders: 2, Events: script.Lifecycle},
		Provider: &Provider{URL: url, KeyFile: file},
	}
}

// TestRun is a whole conversation.
func TestRun(t *testing.T) {
	var taken atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { taken.Add(1) }))
	defer server.Close()
	line, err := json.Marshal(orderFor(t, server.URL))
	if err != nil {
		t.Fatal(err)
	}
	playersInput, input := io.Pipe()
	output, playersOutput := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- Run(t.Context(), playersInput, playersOutput) }()
	lines := bufio.NewReader(output)
	if _, err := input.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
	if got, err := lines.ReadString('\n'); err != nil || got != "ready\n" {
		t.Fatalf("%q, %v", got, err)
	}
	before := taken.Load() // to warm up
	if _, err := io.WriteString(input, "go\n"); err != nil {
		t.Fatal(err)
	}
	result, err := lines.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var played script.Played
	if err := json.Unmarshal(result, &played); err != nil || len(played.Samples) != 12 || taken.Load()-before != 12 {
		t.Errorf("%d samples of %d webhooks, want 12; %v", len(played.Samples), taken.Load()-before, err)
	}
	if err := input.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestRunRefuses(t *testing.T) {
	good := orderFor(t, "http://127.0.0.1:1")
	both, noKey, noKubeconfig := good, good, good
	both.Limit = &Limit{}
	noKey.Provider = &Provider{KeyFile: filepath.Join(t.TempDir(), "none.pem")}
	noKubeconfig.Provider, noKubeconfig.Limit = nil, &Limit{Kubeconfig: filepath.Join(t.TempDir(), "none")}
	for name, tc := range map[string]struct {
		order   Order
		problem string
	}{
		"nobody to be":         {Order{Script: good.Script}, "for the provider or for the limit"},
		"both":                 {both, "for the provider or for the limit"},
		"no key":               {noKey, "none.pem"},
		"no kubeconfig":        {noKubeconfig, "none"},
		"nobody there to send": {good, "send a webhook"},
	} {
		line, err := json.Marshal(tc.order)
		if err != nil {
			t.Fatal(err)
		}
		err = Run(t.Context(), strings.NewReader(string(line)+"\n"), io.Discard)
		if err == nil || !strings.Contains(err.Error(), tc.problem) {
			t.Errorf("%s: %v, want %q", name, err, tc.problem)
		}
	}
	for _, text := range []string{"", "no JSON\n"} {
		if err := Run(t.Context(), strings.NewReader(text), io.Discard); err == nil || !strings.Contains(err.Error(), "read the order") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
