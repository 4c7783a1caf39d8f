// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

// otherKey is a key that is not the provider's, until it is.
var otherKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func publicPEM(t *testing.T, key *rsa.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// TestKeyFilesAreReadAgain: a new key counts at once, a file that cannot be used
// leaves the last key in use, and then no signature is called bad.
func TestKeyFilesAreReadAgain(t *testing.T) {
	folder := t.TempDir()
	one, two := filepath.Join(folder, "one.pem"), filepath.Join(folder, "two.pem")
	writeFile(t, one, publicPEM(t, otherKey()))
	writeFile(t, two, publicPEM(t, otherKey()))
	reports := 0
	keys, err := OpenKeyFiles([]string{one, two}, func() time.Time { return epoch }, func(error) { reports++ })
	if err != nil {
		t.Fatal(err)
	}
	verifier := videosdk.NewVerifier(keys)
	body := []byte("{}")
	expect := func(want error) {
		t.Helper()
		if err := verifier.Verify(t.Context(), body, sign(t, body)); !errors.Is(err, want) {
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
	writeFile(t, two, publicPEM(t, testKey()))
	expect(nil)
	if err := os.Remove(one); err != nil {
		t.Fatal(err)
	}
	expect(nil) // by the key that is there
}

func TestKeyFilesThatCannotBeUsed(t *testing.T) {
	folder := t.TempDir()
	good, private := filepath.Join(folder, "good.pem"), filepath.Join(folder, "private.pem")
	writeFile(t, good, publicPEM(t, testKey()))
	writeFile(t, private, string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(testKey())})))
	for path, want := range map[string]string{
		filepath.Join(folder, "none"): "no such file", folder: "not a regular file", private: private + ": PEM block 1: is a private key",
	} {
		if _, err := OpenKeyFiles([]string{good, path}, time.Now, nil); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "--public-key-file: ") {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
