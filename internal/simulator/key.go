// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// keyBits is the size of the key; the provider's own has as many.
const keyBits = 2048

// Names of the key's files.
const (
	PrivateKeyFile = "private.pem"
	PublicKeyFile  = "public.pem"
)

// Key signs webhooks as the provider does.
type Key struct {
	private *rsa.PrivateKey
	public  []byte
}

// NewKey makes a key.
func NewKey() (*Key, error) {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return keyOf(private)
}

func keyOf(private *rsa.PrivateKey) (*Key, error) {
	der, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("encode the public key: %w", err)
	}
	return &Key{private: private, public: pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})}, nil
}

// Public is the public key, in PEM: what the sidecar's --public-key-file wants.
func (k *Key) Public() []byte { return k.public }

// Sign returns the value of the header videosdk-signature: base64 of RSA-SHA256 (PKCS #1 v1.5) over the body.
func (k *Key) Sign(body []byte) (string, error) {
	digest := sha256.Sum256(body)
	signature, err := rsa.SignPKCS1v15(rand.Reader, k.private, crypto.SHA256, digest[:])
	if err != nil {
		return "", fmt.Errorf("sign a webhook: %w", err)
	}
	return base64.StdEncoding.EncodeToString(signature), nil
}

// LoadKey reads the key of a directory, and creates one if there is none.
func LoadKey(directory string) (*Key, error) {
	file := filepath.Join(directory, PrivateKeyFile)
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(directory)
	}
	if err != nil {
		return nil, fmt.Errorf("read the key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("read the key: %s has no PEM block: delete the file to have a key made", file)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read the key: %s: %w", file, err)
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("read the key: %s holds a %T: webhooks are signed with RSA", file, parsed)
	}
	return keyOf(private)
}

func makeKey(directory string) (*Key, error) {
	key, err := NewKey()
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key.private)
	if err != nil {
		return nil, fmt.Errorf("encode the private key: %w", err)
	}
	private := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	err = errors.Join(os.MkdirAll(directory, 0o700),
		os.WriteFile(filepath.Join(directory, PublicKeyFile), key.public, 0o644), //nolint:gosec // it is public
		os.WriteFile(filepath.Join(directory, PrivateKeyFile), private, 0o600))
	if err != nil {
		return nil, fmt.Errorf("store the key: %w", err)
	}
	return key, nil
}
