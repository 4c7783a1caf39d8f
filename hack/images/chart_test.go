// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// TestChartIsPushedAndSigned runs hack/release/chart.sh with a registry on this machine and a stand-in for cosign: what is signed is the digest that the
// registry has, not a tag that may move.
func TestChartIsPushedAndSigned(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	charts := strings.TrimPrefix(server.URL, "http://") + "/charts"
	bin := t.TempDir()
	signed := filepath.Join(bin, "signed")
	stub := "#!/bin/sh\necho \"$*\" >>" + signed + "\n"
	if err := os.WriteFile(filepath.Join(bin, "cosign"), []byte(stub), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	push := func(args ...string) (string, error) {
		command := exec.CommandContext(t.Context(), filepath.Join(root, "hack/release/chart.sh"), args...)
		command.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "INSECURE=yes")
		out, err := command.Output()
		return strings.TrimSpace(string(out)), err
	}
	printed, err := push(newChart(t), "oci://"+charts)
	if err != nil {
		t.Fatal(err)
	}
	reference, err := name.ParseReference(charts+"/operator:1.2.3", name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := remote.Head(reference, remote.WithContext(context.Background()))
	if err != nil {
		t.Fatal(err)
	}
	if want := charts + "/operator@" + stored.Digest.String(); printed != want {
		t.Errorf("it prints %q, want %q", printed, want)
	}
	if got, err := os.ReadFile(signed); err != nil || string(got) != "sign --yes "+printed+"\n" {
		t.Errorf("cosign was called with %q, %v", got, err)
	}
	for _, wrong := range [][]string{nil, {"chart.tgz"}, {newChart(t), charts}, {"no-such.tgz", "oci://" + charts}} {
		if out, err := push(wrong...); err == nil || out != "" {
			t.Errorf("%v: it prints %q, and succeeds", wrong, out)
		}
	}
	if got, _ := os.ReadFile(signed); strings.Count(string(got), "\n") != 1 {
		t.Errorf("something else was signed: %q", got)
	}
}

// newChart returns the smallest chart there is.
func newChart(t *testing.T) string {
	t.Helper()
	var file bytes.Buffer
	zipped := gzip.NewWriter(&file)
	archive := tar.NewWriter(zipped)
	const text = "apiVersion: v2\nname: operator\nversion: 1.2.3\n"
	header := &tar.Header{Name: "operator/Chart.yaml", Mode: 0o600, Size: int64(len(text))}
	if err := archive.WriteHeader(header); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return writeFile(t, "operator-1.2.3.tgz", file.String())
}
