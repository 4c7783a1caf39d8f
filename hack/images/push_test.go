// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// cosignLog takes cosign's place: it keeps what it is told to sign and to attest, and checks that what it attests is there.
const cosignLog = `#!/usr/bin/env bash
set -euo pipefail
echo "$1 ${*: -1}" >>"$COSIGN_LOG"
while (($#)); do
  if [[ $1 == --predicate ]]; then grep -q '"bomFormat": *"CycloneDX"' "$2"; fi
  shift
done
`

// TestImagesArePushedAndSigned runs what pushes the images of a release, in a copy of the tree, with a registry of this machine.
func TestImagesArePushedAndSigned(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	tree, bin := t.TempDir(), t.TempDir()
	if out, err := exec.CommandContext(t.Context(), filepath.Join(root, "hack/copy-tree.sh"), tree).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(bin, "cosign"), []byte(cosignLog), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	signed := filepath.Join(bin, "signed")
	repository := strings.TrimPrefix(server.URL, "http://") + "/meetingops/meeting-recording-operator"
	push := exec.CommandContext(t.Context(), filepath.Join(tree, "hack/release/images.sh"), repository+":v0.0.1")
	push.Dir = bin
	push.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "COSIGN_LOG="+signed, "INSECURE=yes", "VERSION=v0.0.1", "PLATFORMS="+runtime.GOARCH)
	var said strings.Builder
	push.Stderr = &said
	out, err := push.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	digest := strings.TrimSpace(string(out))
	if !strings.HasPrefix(digest, repository+"@sha256:") || strings.Contains(digest, "\n") {
		t.Fatalf("it prints %q, of which the workflow takes what follows the @", digest)
	}
	reference, err := name.NewDigest(digest, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(reference)
	if err != nil {
		t.Fatal(err)
	}
	if tagged, err := remote.Get(reference.Tag("v0.0.1")); err != nil || tagged.Digest.String() != reference.DigestStr() {
		t.Errorf("the tag is of another image: %v", err)
	}
	manifest, err := index.IndexManifest()
	if err != nil || len(manifest.Manifests) != 1 || manifest.Manifests[0].Platform.Architecture != runtime.GOARCH {
		t.Errorf("the index has %+v: %v", manifest, err)
	}
	want := "sign " + digest + "\n" + strings.Repeat("attest "+digest+"\n", 5)
	if got, err := os.ReadFile(signed); err != nil || string(got) != want {
		t.Errorf("signed and attested are\n%s, want\n%s: %v", got, want, err)
	}

	chart := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", fmt.Sprintf(
		`VERSION=v0.0.1 IMG=%q hack/dist.sh dist >&2 && hack/release/chart.sh dist/meeting-recording-operator-*.tgz oci://%s/charts`,
		digest, strings.TrimPrefix(server.URL, "http://")))
	chart.Dir, chart.Env = tree, push.Env
	if out, err = chart.Output(); err != nil || !strings.Contains(string(out), "/charts/meeting-recording-operator@sha256:") {
		t.Fatalf("the chart: %v: %s", err, out)
	}
	if got, err := os.ReadFile(signed); err != nil || string(got) != want+"sign "+string(out) {
		t.Errorf("signed are\n%s: %v", got, err)
	}
	for _, file := range []string{"install.yaml", "install-split.yaml"} {
		text, err := os.ReadFile(filepath.Join(tree, "dist", file))
		if err != nil || !strings.Contains(string(text), "image: "+digest+"\n") || strings.Contains(string(text), "meeting-recording-operator:dev") {
			t.Errorf("%s does not name the image by its digest: %v", file, err)
		}
	}
}
