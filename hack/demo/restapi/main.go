// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command restapi is the stand-in of the provider's REST API in `make demo`. Its account lists one recording, whose webhooks were never
// sent.
package main

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/harness/provider"
)

func main() {
	if err := run(); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "restapi:", err)
		os.Exit(1)
	}
}

func run() error {
	listen := flag.String("listen", "", "address to listen at")
	credentials := flag.String("credentials", "", "folder with the files key and secret of the account")
	meeting := flag.String("meeting", "", "id of the recording's room")
	session := flag.String("session", "", "id of its session")
	fileURL := flag.String("file-url", "", "URL of its file; the base name without extension is the file's id")
	flag.Parse()
	account := provider.NewAccount()
	for name, field := range map[string]*string{"key": &account.Key, "secret": &account.Secret} {
		content, err := os.ReadFile(filepath.Join(*credentials, name))
		if err != nil {
			return err
		}
		*field = strings.TrimSpace(string(content))
	}
	end := time.Now().Add(-time.Minute)
	base := path.Base(*fileURL)
	account.AddSession(provider.Session{ID: *session, RoomID: *meeting, Start: end.Add(-time.Minute), End: end})
	account.AddRecording(provider.Recording{
		ID: provider.NewID(), SessionID: *session, RoomID: *meeting, FileID: strings.TrimSuffix(base, path.Ext(base)), URL: *fileURL, Created: end,
	})
	server := &http.Server{Addr: *listen, Handler: account, ReadHeaderTimeout: 10 * time.Second}
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
