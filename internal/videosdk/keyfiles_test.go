// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import (
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// keyFile is a FileKeys on one file, and all that a test needs around it.
type keyFile struct {
	t        *testing.T
	path     string
	clock    *clock
	reports  *reports
	verifier *Verifier
}

func newKeyFile(t *testing.T, path string) *keyFile {
	t.Helper()
	k := &keyFile{t: t, path: path, clock: newClock(), reports: &reports{}}
	keys, err := NewFileKeys([]string{path}, FileKeysOptions{Now: k.clock.Now, OnError: k.reports.add})
	if err != nil {
		t.Fatal(err)
	}
	k.verifier = NewVerifier(keys)
	return k
}

// expect expects that a body signed by testKeys()[signer] is answered so.
func (k *keyFile) expect(signer int, want error) {
	k.t.Helper()
	body := []byte("{}")
	if err := k.verifier.Verify(k.t.Context(), body, sign(k.t, testKeys()[signer], body)); !errors.Is(err, want) {
		k.t.Errorf("signed by key %d: %v, want %v", signer, err, want)
	}
}

func (k *keyFile) expectReports(want ...string) {
	k.t.Helper()
	got := k.reports.take()
	if len(got) != len(want) {
		k.t.Fatalf("reports = %q, want %q", got, want)
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) || !strings.Contains(got[i], k.path) {
			k.t.Errorf("report %d = %q, want %q and the path in it", i, got[i], want[i])
		}
	}
}

func TestFileKeysOfSeveralFiles(t *testing.T) {
	directory := t.TempDir()
	one, two := filepath.Join(directory, "one.pem"), filepath.Join(directory, "two.pem")
	writeFile(t, one, pemOf(t, testKeys()[0])+pemOf(t, testKeys()[1]))
	writeFile(t, two, pemOf(t, testKeys()[2]))
	keys, err := NewFileKeys([]string{one, two}, FileKeysOptions{})
	if err != nil {
		t.Fatal(err)
	}
	k := &keyFile{t: t, verifier: NewVerifier(keys)}
	for signer := range testKeys() {
		k.expect(signer, nil)
	}
}

func TestNewFileKeysRefuses(t *testing.T) {
	directory := t.TempDir()
	in := func(name, content string) string {
		file := filepath.Join(directory, name)
		writeFile(t, file, content)
		return file
	}
	good := in("good.pem", pemOf(t, testKeys()[0]))
	private := in("private.pem", encodePEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(testKeys()[0])))
	tests := map[string]struct {
		paths []string
		want  string
	}{
		"no path":      {nil, "no public key file named"},
		"missing file": {[]string{good, filepath.Join(directory, "none")}, "no such file or directory"},
		"directory":    {[]string{directory}, "not a regular file; name the PEM file itself"},
		"device":       {[]string{os.DevNull}, "not a regular file"},
		"empty file":   {[]string{in("empty.pem", "")}, "no PEM block found"},
		"huge file":    {[]string{in("huge.pem", strings.Repeat("x", maxKeyBytes+1))}, "larger than 65536 bytes"},
		"private key":  {[]string{good, private}, private + ": PEM block 1: is a private key"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			keys, err := NewFileKeys(test.paths, FileKeysOptions{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error = %v, want %q in it", err, test.want)
			}
			if keys != nil {
				t.Error("keys beside the error")
			}
		})
	}
}

func TestFileKeysRotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key.pem")
	writeFile(t, path, pemOf(t, testKeys()[0]))
	k := newKeyFile(t, path)
	k.expect(0, nil)
	k.expect(1, ErrBadSignature)

	writeFile(t, path, pemOf(t, testKeys()[1]))
	// Within the second what verifies does not look, what does not looks at once.
	k.expect(0, nil)
	k.expect(1, nil)
	k.expect(0, ErrBadSignature)

	// A key that was taken out is refused within a second.
	writeFile(t, path, pemOf(t, testKeys()[2]))
	k.expect(1, nil)
	k.clock.Advance(time.Second)
	k.expect(1, ErrBadSignature)
	k.expect(2, nil)
	k.expectReports()
}

// Kubernetes swaps the symbolic link ..data to a new directory.
func TestFileKeysFollowASymlinkSwap(t *testing.T) {
	volume := t.TempDir()
	publish := func(name, content string) {
		if err := os.Mkdir(filepath.Join(volume, name), 0o700); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(volume, name, "key.pem"), content)
		if err := os.Symlink(name, filepath.Join(volume, "..tmp")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(volume, "..tmp"), filepath.Join(volume, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	publish("..v1", pemOf(t, testKeys()[0]))
	path := filepath.Join(volume, "key.pem")
	if err := os.Symlink(filepath.Join("..data", "key.pem"), path); err != nil {
		t.Fatal(err)
	}
	k := newKeyFile(t, path)
	k.expect(0, nil)
	publish("..v2", pemOf(t, testKeys()[1]))
	if err := os.RemoveAll(filepath.Join(volume, "..v1")); err != nil {
		t.Fatal(err)
	}
	k.expect(1, nil)
	k.expect(0, ErrBadSignature)
	k.expectReports()
}

func TestFileKeysKeepTheLastGoodKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key.pem")
	good := pemOf(t, testKeys()[0])
	writeFile(t, path, good)
	k := newKeyFile(t, path)

	next := pemOf(t, testKeys()[1])
	writeFile(t, path, next[:len(next)/2])
	k.clock.Advance(time.Second)
	k.expect(0, nil)
	k.expectReports("incomplete or damaged")
	k.clock.Advance(time.Second)
	k.expect(0, nil)
	k.expect(1, ErrBadSignature)
	k.expectReports() // the same reason is told once

	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	k.clock.Advance(time.Second)
	k.expect(0, nil)
	k.expectReports("no such file or directory")

	writeFile(t, path, good+next)
	k.expect(1, nil)
	k.expect(0, nil)

	// After it was well again, the same reason is news.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	k.clock.Advance(time.Second)
	k.expect(0, nil)
	k.expectReports("no such file or directory")
}

func TestFileKeysConcurrently(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key.pem")
	contents := []string{pemOf(t, testKeys()[0]), pemOf(t, testKeys()[0]) + pemOf(t, testKeys()[1])}
	writeFile(t, path, contents[0])
	keys, err := NewFileKeys([]string{path}, FileKeysOptions{})
	if err != nil {
		t.Fatal(err)
	}
	k := &keyFile{t: t, path: path, verifier: NewVerifier(keys)}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 50 {
				k.expect(0, nil)
				k.expect(2, ErrBadSignature)
			}
		})
	}
	group.Go(func() {
		for i := range 100 {
			writeFile(t, path+".new", contents[i%2])
			if err := os.Rename(path+".new", path); err != nil {
				t.Error(err)
			}
		}
	})
	group.Wait()
}
