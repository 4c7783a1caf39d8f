// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"
)

const (
	// maxTokenFileBytes bounds what is read of a token's file.
	maxTokenFileBytes = 4 << 10
	// tokenCheckInterval is how often the file is read for changes.
	tokenCheckInterval = time.Second
)

var tokenShape = regexp.MustCompile(`^[A-Za-z0-9_~.-]{16,256}$`)

// TokenFile is a secret that a sender must know. It is read from a file, and
// again when that changes; a file that can no longer be used leaves the last
// token in force.
type TokenFile struct {
	name    string // for errors
	path    string
	now     func() time.Time
	onError func(error)

	mu        sync.Mutex
	hash      [sha256.Size]byte
	checkedAt time.Time
	reported  string // the failure that onError was told last
}

// NewEndpointToken reads the secret at the end of the webhooks' path from a file: 16 to 256 characters that need
// no escaping in a URL (letters, digits, and any of -_.~), with white space
// around it ignored. onError is told, once for each reason, when the file
// becomes unusable later.
func NewEndpointToken(path string, now func() time.Time, onError func(error)) (*TokenFile, error) {
	return newTokenFile("endpoint token file", path, now, onError)
}

// NewClientToken is the same for the token of clients' events.
func NewClientToken(path string, now func() time.Time, onError func(error)) (*TokenFile, error) {
	return newTokenFile("client token file", path, now, onError)
}

func newTokenFile(name, path string, now func() time.Time, onError func(error)) (*TokenFile, error) {
	t := &TokenFile{name: name, path: path, now: now, onError: onError, checkedAt: now()}
	hash, err := t.read()
	if err != nil {
		return nil, err
	}
	t.hash = hash
	return t, nil
}

// matches tells whether path is the webhooks' path with the token.
func (t *TokenFile) matches(path string) bool {
	sent, isBelow := strings.CutPrefix(path, WebhookPath+"/")
	return t.is(sent) && isBelow
}

// is tells whether that is the token. It compares hashes, in constant time, so
// that nothing can be learnt from how long it took.
func (t *TokenFile) is(sent string) bool {
	want := t.current()
	got := sha256.Sum256([]byte(sent))
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// current returns the token's hash, after a look at the file if it is time.
func (t *TokenFile) current() [sha256.Size]byte {
	hash, failure := t.reload()
	if failure != nil {
		t.onError(failure)
	}
	return hash
}

// reload is current without the report: its error is one to report.
func (t *TokenFile) reload() ([sha256.Size]byte, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if now.Sub(t.checkedAt) < tokenCheckInterval {
		return t.hash, nil
	}
	t.checkedAt = now
	hash, err := t.read()
	if err == nil {
		t.hash, t.reported = hash, ""
		return t.hash, nil
	}
	if err.Error() == t.reported {
		return t.hash, nil
	}
	t.reported = err.Error()
	return t.hash, err
}

// read returns the hash of the token in the file. Its errors never hold any of
// it.
func (t *TokenFile) read() (hash [sha256.Size]byte, err error) {
	content, err := readRegularFile(t.path, maxTokenFileBytes)
	if err != nil {
		return hash, fmt.Errorf("%s: %w", t.name, err)
	}
	token := bytes.TrimSpace(content)
	if !tokenShape.Match(token) {
		return hash, fmt.Errorf("%s %s: must hold one token of 16 to 256 letters, digits, or any of -_.~; make one with: openssl rand -hex 24", t.name, t.path)
	}
	return sha256.Sum256(token), nil
}

// readRegularFile reads a file of at most limit bytes. Anything but a regular
// file could block, or never end.
func readRegularFile(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	if int64(len(content)) > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, limit)
	}
	return content, nil
}
