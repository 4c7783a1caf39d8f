// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package eventsink

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/meetingops/meeting-recording-operator/internal/signing"
)

// keyFile is read again for each event, so that a key can be replaced without a restart. It is some hundred bytes in the page cache.
type keyFile struct {
	path string

	mu   sync.Mutex
	last signing.Keys
}

func openKeyFile(path string) (*keyFile, error) {
	if path == "" {
		return nil, errors.New("events are signed: set --cloudevents-signing-key-file")
	}
	file := &keyFile{path: path}
	keys, err := file.read()
	if err != nil {
		return nil, fmt.Errorf("--cloudevents-signing-key-file: %w", err)
	}
	file.last = keys
	return file, nil
}

func (f *keyFile) read() (signing.Keys, error) {
	content, err := os.ReadFile(f.path)
	if err != nil {
		return signing.Keys{}, err
	}
	return signing.Parse(string(content))
}

// current returns the keys in the file; those that it had last while it has none.
func (f *keyFile) current() signing.Keys {
	keys, err := f.read()
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		f.last = keys
	}
	return f.last
}
