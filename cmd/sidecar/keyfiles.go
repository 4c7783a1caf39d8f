// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rsa"
	"fmt"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
	"github.com/meetingops/meeting-recording-operator/internal/watchedfile"
)

// maxKeyFileBytes bounds each file of public keys.
const maxKeyFileBytes = 64 << 10

// keyFiles are public keys of the provider in PEM files, read again when these
// change, and at once for a signature that no key has made.
type keyFiles struct {
	file *watchedfile.File[[]*rsa.PublicKey]
}

var _ videosdk.KeySource = (*keyFiles)(nil)

// openKeyFiles reads the keys of all paths, each a file with one or more RSA
// public keys of 2048 to 8192 bits and nothing else. onError is called once for
// each reason why the files cannot be used later.
func openKeyFiles(paths []string, now func() time.Time, onError func(error)) (*keyFiles, error) {
	file, err := watchedfile.Open(parseKeyFiles, watchedfile.Options{MaxBytes: maxKeyFileBytes, Now: now, OnError: onError}, paths...)
	if err != nil {
		return nil, fmt.Errorf("--public-key-file: %w", err)
	}
	return &keyFiles{file}, nil
}

func parseKeyFiles(files []watchedfile.Content) ([]*rsa.PublicKey, error) {
	var keys []*rsa.PublicKey
	for _, file := range files {
		fromFile, err := videosdk.ParsePublicKeys(file.Data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file.Path, err)
		}
		keys = append(keys, fromFile...)
	}
	return keys, nil
}

// Keys returns the keys that were read last.
func (k *keyFiles) Keys() []*rsa.PublicKey { return k.file.Get() }

// Refresh reads the files now.
func (k *keyFiles) Refresh(context.Context) error { return k.file.Refresh() }
