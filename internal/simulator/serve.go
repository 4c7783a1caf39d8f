// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"bytes"
	_ "embed" // the sample
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"strings"
	"sync"
	"time"
)

// sample is the recorded file if the user has none: five seconds of picture and sound. make-recording.sh makes it.
//
//go:embed recording.mp4
var sample []byte

// FileHandler serves one file as every recorded file: at any path below /encoded/videos/. The file is opened for each request. An empty
// name stands for the sample.
func FileHandler(file string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if (r.Method != http.MethodGet && r.Method != http.MethodHead) || !strings.HasPrefix(path.Clean(r.URL.Path), "/encoded/videos/") {
			http.NotFound(w, r)
			return
		}
		if file == "" {
			http.ServeContent(w, r, "recording.mp4", time.Time{}, bytes.NewReader(sample))
			return
		}
		http.ServeFile(w, r, file)
	})
}

// CheckFile returns an error if the file cannot be served.
func CheckFile(file string) error {
	if file == "" {
		return nil
	}
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return fmt.Errorf("the recorded file: %w", err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("the recorded file: %s is not a regular file", file)
	}
	return nil
}

// maxNotification is how large a notification may be.
const maxNotification = 1 << 20

// DirHandler serves the files of a directory. Unless notifications is empty it also receives what pipelines notify: each body that
// is posted to /events becomes a line of that file.
func DirHandler(directory, notifications string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(directory)))
	if notifications == "" {
		return mux
	}
	var writing sync.Mutex
	mux.HandleFunc("POST /events", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxNotification))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		writing.Lock()
		defer writing.Unlock()
		if err := appendLine(notifications, body); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

func appendLine(file string, line []byte) (err error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = f.Write(append(bytes.TrimSpace(line), '\n'))
	return err
}
