// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import (
	"bytes"
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"
)

// fileCheckInterval is how often files are read for changes while signatures
// verify. A signature that does not has them read at once.
const fileCheckInterval = time.Second

// FileKeysOptions are what FileKeys can do without.
type FileKeysOptions struct {
	// Now tells the time; time.Now if nil.
	Now func() time.Time
	// OnError is told when the files can no longer be loaded, once for each
	// new reason. The keys loaded last stay in force. It may be nil.
	OnError func(error)
}

// FileKeys are public keys in PEM files, several to a file if need be. The
// files are loaded again when their content changes, also by the swap of a
// symbolic link, as in Secret and ConfigMap volumes. Content is compared and
// not the time of change, because that can stay the same; files of a few
// hundred bytes are read in microseconds.
type FileKeys struct {
	paths   []string
	now     func() time.Time
	onError func(error)

	mu        sync.Mutex
	keys      []*rsa.PublicKey // never modified, only replaced
	contents  [][]byte         // what keys were parsed from
	checkedAt time.Time
	reported  string // the failure that onError was told last
}

var _ KeySource = (*FileKeys)(nil)

// NewFileKeys loads the keys of all paths. It fails unless each is a regular
// file, at most 64 KiB, with at least one RSA public key of 2048 to 8192 bits
// and nothing else; a private key among them is an error.
func NewFileKeys(paths []string, options FileKeysOptions) (*FileKeys, error) {
	if len(paths) == 0 {
		return nil, errors.New("no public key file named")
	}
	f := &FileKeys{
		paths:   slices.Clone(paths),
		now:     options.Now,
		onError: options.OnError,
	}
	if f.now == nil {
		f.now = time.Now
	}
	f.checkedAt = f.now()
	if err := f.load(); err != nil {
		return nil, err
	}
	return f, nil
}

// Keys returns the keys loaded last, after a look at the files if the last one
// is a second old. It never fails.
func (f *FileKeys) Keys(context.Context) ([]*rsa.PublicKey, error) {
	return f.check(fileCheckInterval), nil
}

// Refresh looks at the files at once.
func (f *FileKeys) Refresh(context.Context) { f.check(0) }

// Verified does nothing: a file's keys hold until the file changes.
func (f *FileKeys) Verified(*rsa.PublicKey) {}

// check loads the files if the last look is at least age old, reports a
// failure that is new, and returns the keys in force.
func (f *FileKeys) check(age time.Duration) []*rsa.PublicKey {
	keys, failure := f.reload(age)
	if failure != nil && f.onError != nil {
		f.onError(failure)
	}
	return keys
}

// reload is check without the report: its error is one to report.
func (f *FileKeys) reload(age time.Duration) ([]*rsa.PublicKey, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	if now.Sub(f.checkedAt) < age {
		return f.keys, nil
	}
	f.checkedAt = now
	err := f.load()
	var reason string
	if err != nil {
		reason = err.Error()
	}
	if reason == f.reported {
		return f.keys, nil
	}
	f.reported = reason
	return f.keys, err
}

// load replaces the keys if the files' contents have changed and are all good.
func (f *FileKeys) load() error {
	contents := make([][]byte, len(f.paths))
	for i, path := range f.paths {
		var err error
		if contents[i], err = readKeyFile(path); err != nil {
			return err
		}
	}
	if slices.EqualFunc(contents, f.contents, bytes.Equal) {
		return nil
	}
	var keys []*rsa.PublicKey
	for i, content := range contents {
		fromFile, err := parsePEM(content)
		if err != nil {
			return fmt.Errorf("public key file %s: %w", f.paths[i], err)
		}
		keys = append(keys, fromFile...)
	}
	f.keys, f.contents = keys, contents
	return nil
}

func readKeyFile(path string) ([]byte, error) {
	// Anything but a regular file could block, or never end.
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("public key file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("public key file %s: not a regular file; name the PEM file itself", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("public key file: %w", err)
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, maxKeyBytes+1))
	if err != nil {
		return nil, fmt.Errorf("public key file: %w", err)
	}
	if len(content) > maxKeyBytes {
		return nil, fmt.Errorf("public key file %s: larger than %d bytes", path, maxKeyBytes)
	}
	return content, nil
}
