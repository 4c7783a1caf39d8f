// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writeCertificate writes a new certificate and its key, each in one move as a Secret's volume does, and returns the former's name.
func writeCertificate(t *testing.T, certFile, keyFile string, number int64) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("certificate-%d.example", number)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(number), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	replace(t, certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	replace(t, keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
	return name
}

func replace(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := errors.Join(os.WriteFile(path+".new", content, 0o600), os.Rename(path+".new", path)); err != nil {
		t.Fatal(err)
	}
}

// secure is an HTTP client that keeps its connection, and tells which certificate that has.
func secure(versions ...uint16) *http.Client {
	config := &tls.Config{InsecureSkipVerify: true} // the test looks at what is presented
	if len(versions) > 0 {
		config.MinVersion, config.MaxVersion = versions[0], versions[0]
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config, MaxIdleConnsPerHost: 1, ForceAttemptHTTP2: true}}
}

// askSecurely returns the answer's status, and the name of the certificate that the connection began with.
func askSecurely(t *testing.T, c *http.Client, address, sessionID string) (status int, name string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+address+"/webhooks/videosdk", strings.NewReader(body("recording-started", sessionID)))
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	_, err = io.Copy(io.Discard, response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		t.Fatal(err)
	}
	if response.ProtoMajor != 1 {
		t.Errorf("%s was spoken", response.Proto)
	}
	return response.StatusCode, response.TLS.PeerCertificates[0].Subject.CommonName
}

// TestCertificateIsReadAgain: a rotation disturbs no open connection, and new ones get the new certificate; a file that cannot be used
// changes nothing but the metrics.
func TestCertificateIsReadAgain(t *testing.T) {
	folder := t.TempDir()
	certFile, keyFile := filepath.Join(folder, "tls.crt"), filepath.Join(folder, "tls.key")
	first := writeCertificate(t, certFile, keyFile, 1)
	p := start(t, "--insecure-skip-signature", "--namespace=default", "--kubeconfig="+kubeconfig, "--tls-cert-file="+certFile, "--tls-key-file="+keyFile)
	p.becomes(t, 200, "ok")
	p.stderr.line(t, first)
	if line := p.stderr.line(t, "Sidecar started"); !strings.Contains(line, `"tls":"1.2 or newer"`) {
		t.Errorf("log %s", line)
	}
	session := fmt.Sprintf("tls-%d", time.Now().UnixNano())
	open := secure()
	expect := func(c *http.Client, name string) {
		t.Helper()
		if status, got := askSecurely(t, c, p.Webhooks, session); status != 200 || got != name {
			t.Errorf("%d %s, want 200 %s", status, got, name)
		}
	}
	expect(open, first)
	expect(secure(tls.VersionTLS12), first)
	if status, got := askSecurely(t, secure(tls.VersionTLS11), p.Webhooks, session); status != 0 || !strings.Contains(got, "protocol version") {
		t.Errorf("TLS 1.1: %d %s", status, got)
	}
	if status, got := ask(t, http.MethodPost, "http://"+p.Webhooks+"/webhooks/videosdk", body("recording-started", session), false); status != 400 || !strings.Contains(got, "HTTPS") {
		t.Errorf("plain HTTP: %d %s", status, got)
	}

	second := writeCertificate(t, certFile, keyFile, 2)
	eventually(t, 200, second, func() (int, string) { return askSecurely(t, secure(), p.Webhooks, session) })
	expect(open, first)

	metrics := func() (int, string) { return ask(t, http.MethodGet, "http://"+p.Metrics+"/metrics", "", false) }
	eventually(t, 200, "\nmeetingrecording_webhook_certificate_outdated 0", metrics)
	replace(t, certFile, []byte("no certificate"))
	eventually(t, 200, "\nmeetingrecording_webhook_certificate_outdated 1", metrics)
	p.stderr.line(t, "TLS certificate not reloaded")
	expect(secure(), second)
	expect(open, first)
	third := writeCertificate(t, certFile, keyFile, 3)
	eventually(t, 200, third, func() (int, string) { return askSecurely(t, secure(), p.Webhooks, session) })
	if _, text := metrics(); !strings.Contains(text, "\nmeetingrecording_webhook_certificate_expiry_timestamp_seconds 1.") || !strings.Contains(text, "\nmeetingrecording_webhook_certificate_outdated 0") {
		t.Error("the metrics do not tell of the third certificate")
	}
	if code := p.end(t); code != 0 {
		t.Errorf("exit code %d\n%s", code, p.stderr)
	}
}

// TestWrongCertificates: each message says what to fix.
func TestWrongCertificates(t *testing.T) {
	folder := t.TempDir()
	certFile, keyFile := filepath.Join(folder, "tls.crt"), filepath.Join(folder, "tls.key")
	writeCertificate(t, certFile, keyFile, 1)
	other := filepath.Join(folder, "other.key")
	writeCertificate(t, filepath.Join(folder, "other.crt"), other, 2)
	const pair = "--tls-cert-file and --tls-key-file: must be a certificate and its private key, both in PEM: "
	for _, tc := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no key", []string{"--tls-cert-file=" + certFile}, 2, "--tls-cert-file and --tls-key-file go together"},
		{"no certificate", []string{"--tls-key-file=" + keyFile}, 2, "--tls-cert-file and --tls-key-file go together"},
		{"a missing file", []string{"--tls-cert-file=/no/such", "--tls-key-file=" + keyFile}, 1, "--tls-cert-file and --tls-key-file: stat /no/such: no such file"},
		{"a missing key", []string{"--tls-cert-file=" + certFile, "--tls-key-file=/no/such"}, 1, "--tls-cert-file and --tls-key-file: stat /no/such: no such file"},
		{"another's key", []string{"--tls-cert-file=" + certFile, "--tls-key-file=" + other}, 1, pair + "tls: private key does not match public key"},
		{"exchanged", []string{"--tls-cert-file=" + keyFile, "--tls-key-file=" + certFile}, 1, pair + "tls: failed to find certificate PEM data"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var stderr bytes.Buffer
			code := run(t.Context(), append([]string{"--insecure-skip-signature", "--namespace=a", "--kubeconfig=" + kubeconfig}, tc.args...), io.Discard, &stderr)
			if code != tc.code || !strings.Contains(stderr.String(), tc.want) {
				t.Errorf("exit code %d, printed %q, want %q", code, stderr.String(), tc.want)
			}
		})
	}
}
