// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// cachedURL is a keyURL whose keys are kept in a file.
type cachedURL struct {
	*keyURL
	file         string
	cacheReports *reports
}

// newCachedURL is a start of the program.
func newCachedURL(t *testing.T, server *keyServer, file string) *cachedURL {
	t.Helper()
	c := &cachedURL{keyURL: &keyURL{t: t, server: server, clock: newClock(), reports: &reports{}}, file: file, cacheReports: &reports{}}
	keys, err := NewURLKeys(server.URL+"/key?secret=1", URLKeysOptions{
		Now: c.clock.Now, OnError: c.reports.add, CacheFile: file, OnCacheError: c.cacheReports.add,
	})
	if err != nil {
		t.Fatal(err)
	}
	c.keys, c.verifier = keys, NewVerifier(keys)
	t.Cleanup(keys.fetches.Wait) // before the folder of the file is removed
	return c
}

func (c *cachedURL) expectCacheReports(want ...string) {
	c.t.Helper()
	got := c.cacheReports.take()
	if len(got) != len(want) {
		c.t.Fatalf("reports of the cache = %q, want %q", got, want)
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) || !strings.Contains(got[i], c.file) {
			c.t.Errorf("report %q, want %q and the file in it", got[i], want[i])
		}
	}
}

func TestCachedKeySurvivesARestart(t *testing.T) {
	server, file := newKeyServer(t, 0), filepath.Join(t.TempDir(), "key.pem")
	first := newCachedURL(t, server, file)
	first.expect(0, nil, 1)
	first.flush()

	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(content), "secret") {
		t.Errorf("the URL is in the file:\n%s", content)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}

	server.serve(http.StatusBadGateway, "")
	second := newCachedURL(t, server, file)
	second.expect(0, nil, 2) // it waits for no request, and causes one
	second.expectReport("answered 502")
	if err := second.keys.Prefetch(t.Context()); err != nil {
		t.Errorf("Prefetch = %v, want none: there is a key", err)
	}
	second.expect(0, nil, 2)
	second.expect(1, ErrCannotVerify, 2)
	second.expectCacheReports()
}

// flush waits until what was fetched is in the file.
func (c *cachedURL) flush() { c.keys.fetches.Wait() }

// A key that changed while the program was down is found at once, and the one
// that was kept is valid for an hour more, over restarts too.
func TestCachedKeyIsAFallbackOnly(t *testing.T) {
	server, file := newKeyServer(t, 0), filepath.Join(t.TempDir(), "key.pem")
	first := newCachedURL(t, server, file)
	first.expect(0, nil, 1)
	first.flush()

	server.serveKey(t, 1)
	second := newCachedURL(t, server, file)
	if err := second.keys.Prefetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	second.expect(1, nil, 2)
	second.expect(0, nil, 2)

	server.serve(http.StatusBadGateway, "")
	third := newCachedURL(t, server, file)
	if err := third.keys.Prefetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	third.expect(0, nil, 3)
	third.expect(1, nil, 3)
	third.clock.Advance(keyRetention)
	third.expect(0, ErrCannotVerify, 4)
	third.flush()

	fourth := newCachedURL(t, server, file)
	fourth.clock.Advance(-keyRetention) // the clock went back while the program was down
	if keys := fourth.keys.cache.load(fourth.clock.Now()); len(keys) != 2 || keys[1].absentSince.After(fourth.clock.Now()) {
		t.Errorf("%+v is loaded, want both keys, none absent since the future", keys)
	}
	fourth.flush()
}

func TestCacheFilesThatAreNotUsed(t *testing.T) {
	good := filepath.Join(t.TempDir(), "key.pem")
	server := newKeyServer(t, 0)
	first := newCachedURL(t, server, good)
	first.expect(0, nil, 1)
	first.flush()
	content, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	server.serveKey(t, 2)
	half := string(content[:len(content)/2])
	tests := map[string]struct {
		make func(t *testing.T, path string)
		want string
	}{
		"empty":           {func(t *testing.T, path string) { writeFile(t, path, "") }, "not the keys of --public-key-url as it is now"},
		"cut short":       {func(t *testing.T, path string) { writeFile(t, path, half) }, "1 of 1 PEM blocks are incomplete or damaged"},
		"without its URL": {func(t *testing.T, path string) { writeFile(t, path, pemOf(t, testKeys()[1])) }, "not the keys of --public-key-url"},
		"huge":            {func(t *testing.T, path string) { writeFile(t, path, strings.Repeat("x", maxKeyBytes+1)) }, "larger than"},
		"all may write":   {func(t *testing.T, path string) { writeFile(t, path, string(content)); chmod(t, path, 0o666) }, "everybody may write it"},
		"a symbolic link": {func(t *testing.T, path string) { link(t, good, path) }, "not a regular file"},
		"a directory":     {func(t *testing.T, path string) { mkdir(t, path) }, "not a regular file"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server.mu.Lock()
			server.requests = 0
			server.mu.Unlock()
			file := filepath.Join(t.TempDir(), "key.pem")
			test.make(t, file)
			c := newCachedURL(t, server, file)
			c.expectCacheReports(test.want)
			c.expect(0, ErrBadSignature, 1) // nothing of the file counts
			c.expect(2, nil, 1)
			c.flush()
		})
	}
}

// A corrupt file is replaced by the next key that is fetched.
func TestCorruptCacheFileIsReplaced(t *testing.T) {
	server, file := newKeyServer(t, 0), filepath.Join(t.TempDir(), "key.pem")
	writeFile(t, file, "corrupt")
	writeFile(t, file+".next", "left by a crash")
	first := newCachedURL(t, server, file)
	first.expectCacheReports("not the keys of")
	first.expect(0, nil, 1)
	first.flush()
	last := newCachedURL(t, server, file)
	if keys := last.keys.Keys(); len(keys) != 1 || !keys[0].Equal(&testKeys()[0].PublicKey) {
		t.Errorf("%d keys after a restart, want the one that was fetched", len(keys))
	}
	last.flush()
	if _, err := os.Stat(file + ".next"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file is left behind: %v", err)
	}
}

func TestCacheThatCannotBeWritten(t *testing.T) {
	server := newKeyServer(t, 0)
	c := newCachedURL(t, server, filepath.Join(t.TempDir(), "missing", "key.pem"))
	c.expect(0, nil, 1)
	c.flush()
	got := c.cacheReports.take()
	if len(got) == 0 || !strings.Contains(got[0], "not kept for the next start") || !strings.Contains(got[0], "missing") {
		t.Errorf("reports %q", got)
	}
	c.expect(0, nil, 1)
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

func mkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
}
