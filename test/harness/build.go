// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
)

var built = struct {
	sync.Mutex
	names map[string]bool
}{names: map[string]bool{}}

// Binary returns the path of a binary of ours, built from the sources as they are. All packages' tests share the folder bin/test, where go
// build leaves alone what is up to date.
func Binary(name string) (string, error) {
	path := Path("bin", "test", name)
	built.Lock()
	defer built.Unlock()
	if built.names[name] {
		return path, nil
	}
	if err := build(name, path); err != nil {
		return "", err
	}
	built.names[name] = true
	return path, readSources()
}

// build lets one process at a time build a binary: others may be about to start it.
func build(name, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	lock, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", path, err)
	}
	command := exec.Command("go", "build", "-buildvcs=false", "-o", path, "./cmd/"+name) //nolint:noctx // it ends
	command.Dir = Path()
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", name, err, out)
	}
	return nil
}

// readSources looks at every source of the binaries, so that `go test` does not reuse a test's result after a source has changed.
func readSources() error {
	for _, folder := range []string{"api", "cmd", "controllers", "events", "internal"} {
		err := filepath.WalkDir(Path(folder), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && filepath.Ext(path) == ".go" {
				_, err = os.Stat(path)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
