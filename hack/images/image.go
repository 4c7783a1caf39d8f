// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

const (
	passwd = "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n"
	group  = "root:x:0:\nnonroot:x:65532:\n"
)

// epoch is the time of every file and of the image, so that the same inputs give the same bytes.
var epoch = time.Unix(0, 0).UTC()

// spec is what an image is made of. Paths are absolute and clean.
type spec struct {
	architecture   string            // as in GOARCH
	user           string            // uid:gid, or empty for root
	entrypoint     []string          // empty for none
	executables    map[string][]byte // path -> content
	links          map[string]string // path -> target
	caCertificates []byte            // PEM, or empty for none
}

// image makes an image of one layer: the executables and links, the accounts root and nonroot (65532), an empty /tmp for all, and
// the certificate authorities.
func (s spec) image() (v1.Image, error) {
	content, err := s.layer()
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil })
	if err != nil {
		return nil, err
	}
	img, err := mutate.Append(empty.Image, mutate.Addendum{Layer: layer, History: v1.History{Created: v1.Time{Time: epoch}, CreatedBy: "hack/images"}})
	if err != nil {
		return nil, err
	}
	file, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Created = "linux", s.architecture, v1.Time{Time: epoch}
	file.Config = v1.Config{User: s.user, Entrypoint: s.entrypoint, Env: []string{"PATH=/usr/bin:/bin:/"}, WorkingDir: "/"}
	return mutate.ConfigFile(img, file)
}

// layer is the uncompressed tar of the image's files, folders first, in the order of their paths.
func (s spec) layer() ([]byte, error) {
	entries := map[string]entry{
		"/tmp":        {header: tar.Header{Typeflag: tar.TypeDir, Mode: 0o1777}},
		"/etc/passwd": {header: tar.Header{Typeflag: tar.TypeReg, Mode: 0o644}, content: []byte(passwd)},
		"/etc/group":  {header: tar.Header{Typeflag: tar.TypeReg, Mode: 0o644}, content: []byte(group)},
	}
	if len(s.caCertificates) > 0 {
		entries[caCertificatesPath] = entry{header: tar.Header{Typeflag: tar.TypeReg, Mode: 0o644}, content: s.caCertificates}
	}
	for at, content := range s.executables {
		entries[at] = entry{header: tar.Header{Typeflag: tar.TypeReg, Mode: 0o755}, content: content}
	}
	for at, target := range s.links {
		entries[at] = entry{header: tar.Header{Typeflag: tar.TypeSymlink, Mode: 0o777, Linkname: target}}
	}
	addParents(entries)

	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, at := range sortedPaths(entries) {
		e := entries[at]
		e.header.Name, e.header.Size, e.header.ModTime = strings.TrimPrefix(at, "/"), int64(len(e.content)), epoch
		if e.header.Typeflag == tar.TypeDir {
			e.header.Name += "/"
		}
		if err := w.WriteHeader(&e.header); err != nil {
			return nil, err
		}
		if _, err := w.Write(e.content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

type entry struct {
	header  tar.Header
	content []byte
}

// addParents adds the folders that entries lie in.
func addParents(entries map[string]entry) {
	for _, at := range sortedPaths(entries) {
		for dir := path.Dir(at); dir != "/"; dir = path.Dir(dir) {
			if _, ok := entries[dir]; !ok {
				entries[dir] = entry{header: tar.Header{Typeflag: tar.TypeDir, Mode: 0o755}}
			}
		}
	}
}

// sortedPaths sorts by path, which puts every folder before what lies in it.
func sortedPaths(entries map[string]entry) []string {
	paths := make([]string, 0, len(entries))
	for at := range entries {
		paths = append(paths, at)
	}
	slices.Sort(paths)
	return paths
}
