// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"net/http"
	"os"
	"path"
	"strings"
)

// FileHandler serves one file as every recorded file: at any path below /encoded/videos/. The file is opened for each request.
func FileHandler(file string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if (r.Method != http.MethodGet && r.Method != http.MethodHead) || !strings.HasPrefix(path.Clean(r.URL.Path), "/encoded/videos/") {
			http.NotFound(w, r)
			return
		}
		http.ServeFile(w, r, file)
	})
}

// CheckFile returns an error where the file cannot be served.
func CheckFile(file string) error {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return fmt.Errorf("the recorded file: %w", err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("the recorded file: %s is not a regular file", file)
	}
	return nil
}
