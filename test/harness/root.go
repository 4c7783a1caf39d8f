// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bufio"
	"os"
	"path/filepath"
	"sync"
)

const module = "module github.com/meetingops/meeting-recording-operator"

// Path returns the path of a file of the project.
func Path(elements ...string) string { return filepath.Join(append([]string{root()}, elements...)...) }

// root is found from the working directory, which for a test is that of its package.
var root = sync.OnceValue(func() string {
	folder, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	for !isRoot(folder) {
		above := filepath.Dir(folder)
		if above == folder {
			panic("run this within the project's folder")
		}
		folder = above
	}
	return folder
})

// isRoot reports whether a folder has our go.mod. Those in hack are of other modules.
func isRoot(folder string) bool {
	file, err := os.Open(filepath.Join(folder, "go.mod"))
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if lines.Text() == module {
			return true
		}
	}
	return false
}
