// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// absentSinceHeader is the PEM header of a key that the provider has replaced.
const absentSinceHeader = "Absent-Since"

// keyCache keeps the keys of one URL in a file: a line that names the URL, as a
// digest because the URL may hold secrets, and PEM blocks. A nil keyCache keeps
// nothing.
type keyCache struct {
	path    string
	head    []byte
	onError func(error)

	mu    sync.Mutex
	saved []heldKey // what the file holds, as far as we know
}

func newKeyCache(path string, u *url.URL, onError func(error)) *keyCache {
	digest := sha256.Sum256([]byte(u.String()))
	return &keyCache{
		path: path, onError: onError,
		head: []byte("Keys of the URL with the SHA-256 " + hex.EncodeToString(digest[:]) + "\n"),
	}
}

func (c *keyCache) report(err error) {
	if c.onError != nil {
		c.onError(err)
	}
}

// load returns the keys that were kept and are still valid. A file that cannot be
// used is reported, and replaced by the next save.
func (c *keyCache) load(now time.Time) []heldKey {
	keys, err := c.read(now)
	if err != nil {
		c.report(fmt.Errorf("the last good key is not used: %w; the next one that is fetched replaces it", err))
		return nil
	}
	c.saved = slices.Clone(keys)
	return slices.DeleteFunc(keys, func(k heldKey) bool { return k.expired(now) })
}

func (c *keyCache) read(now time.Time) ([]heldKey, error) {
	// Stat would follow a symbolic link.
	info, err := os.Lstat(c.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: not a regular file", c.path)
	case info.Mode().Perm()&0o002 != 0:
		return nil, fmt.Errorf("%s: everybody may write it, and so choose who can sign", c.path)
	case info.Size() > maxKeyBytes:
		return nil, fmt.Errorf("%s: larger than %d bytes", c.path, maxKeyBytes)
	}
	content, err := os.ReadFile(c.path)
	if err != nil {
		return nil, err
	}
	blocks, ours := bytes.CutPrefix(content, c.head)
	if !ours {
		return nil, fmt.Errorf("%s: not the keys of --public-key-url as it is now", c.path)
	}
	keys, err := ParsePublicKeys(blocks)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.path, err)
	}
	held := make([]heldKey, len(keys))
	for i, key := range keys {
		var block *pem.Block
		block, blocks = pem.Decode(blocks) // one for each key, or parsing them had failed
		held[i].key = key
		if text := block.Headers[absentSinceHeader]; text != "" {
			if held[i].absentSince, err = time.Parse(time.RFC3339, text); err != nil || held[i].absentSince.After(now) {
				held[i].absentSince = now // the clock went back
			}
		}
	}
	return held, nil
}

// save writes the keys to the file, if it holds others. A failure is reported,
// and tried again with the next fetch.
func (c *keyCache) save(current func() []heldKey) {
	if c == nil {
		return
	}
	// Asked for with the lock held, so that the latest are written last.
	c.mu.Lock()
	defer c.mu.Unlock()
	keys := current()
	if sameKeys(keys, c.saved) {
		return
	}
	if err := c.write(keys); err != nil {
		c.report(fmt.Errorf("the last good key is not kept for the next start: %w", err))
		return
	}
	c.saved = slices.Clone(keys)
}

// write replaces the file in one step, and returns once it is on disk.
func (c *keyCache) write(keys []heldKey) error {
	content := bytes.NewBuffer(slices.Clone(c.head))
	for _, k := range keys {
		der, err := x509.MarshalPKIXPublicKey(k.key)
		if err != nil {
			return err
		}
		block := &pem.Block{Type: "PUBLIC KEY", Bytes: der}
		if !k.absentSince.IsZero() {
			block.Headers = map[string]string{absentSinceHeader: k.absentSince.UTC().Format(time.RFC3339)}
		}
		if err := pem.Encode(content, block); err != nil {
			return err
		}
	}
	// One name, so that a crash leaves no more than one file behind; and a file
	// that was there is removed rather than opened.
	next := c.path + ".next"
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(content.Bytes())
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(next, c.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(next))
	}
	return syncDirectory(filepath.Dir(c.path))
}

// syncDirectory makes a rename in it durable.
func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}
