// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPageFlags sees that what the page cannot use is refused with the flag's name.
func TestPageFlags(t *testing.T) {
	f, err := parse([]string{"--media-host=media.example.com", "--media-host=http://localhost:9000", "--logs-url=https://logs.example.com/{namespace}/{job}"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"media.example.com", "http://localhost:9000"}, f.mediaHosts); diff != "" {
		t.Errorf("media hosts (-want +got):\n%s", diff)
	}
	for argument, want := range map[string]string{
		"--media-host=example.com/path":            `-media-host: media host "example.com/path": want a host such as`,
		"--media-host=x; script-src *":             "want a host such as",
		"--logs-url=/logs/{job}":                   `--logs-url: logs URL "/logs/{job}": want an http or https URL`,
		"--logs-url=https://logs.example.com/logs": "{job} is missing",
	} {
		if _, err := parse([]string{argument}, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v, want one with %q", argument, err, want)
		}
	}
}
