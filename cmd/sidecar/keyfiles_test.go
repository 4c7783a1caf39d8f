// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// TestKeyFilesAreReadAgain: a new key counts at once, a file that cannot be used
// leaves the last key in use, and then no signature is called bad.
func TestKeyFilesAreReadAgain(t *testing.T) {
	folder, other := t.TempDir(), harness.NewKey()
	one, two := filepath.Join(folder, "one.pem"), filepath.Join(folder, "two.pem")
	writeFile(t, one, string(harness.PublicPEM(other)))
	writeFile(t, two, string(harness.PublicPEM(other)))
	reports := 0
	keys, err := openKeyFiles([]string{one, two}, func() time.Time { return time.Unix(1e9, 0) }, func(error) { reports++ })
	if err != nil {
		t.Fatal(err)
	}
	verifier := videosdk.NewVerifier(keys)
	body := []byte("{}")
	expect := func(want error) {
		t.Helper()
		if err := verifier.Verify(t.Context(), body, sign(t, string(body))); !errors.Is(err, want) {
			t.Errorf("Verify = %v, want %v", err, want)
		}
	}
	expect(videosdk.ErrBadSignature)
	writeFile(t, two, "not a key")
	expect(videosdk.ErrCannotVerify)
	expect(videosdk.ErrCannotVerify)
	if reports != 1 {
		t.Errorf("%d reports, want 1", reports)
	}
	writeFile(t, two, string(harness.PublicPEM(testKey)))
	expect(nil)
	if err := os.Remove(one); err != nil {
		t.Fatal(err)
	}
	expect(nil) // by the key that is there
}

func TestKeyFilesThatCannotBeUsed(t *testing.T) {
	folder := t.TempDir()
	good, private := filepath.Join(folder, "good.pem"), filepath.Join(folder, "private.pem")
	writeFile(t, good, string(harness.PublicPEM(testKey)))
	writeFile(t, private, string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(testKey)})))
	for path, want := range map[string]string{
		filepath.Join(folder, "none"): "no such file", folder: "not a regular file", private: private + ": PEM block 1: is a private key",
	} {
		if _, err := openKeyFiles([]string{good, path}, time.Now, nil); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "--public-key-file: ") {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
