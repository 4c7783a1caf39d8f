// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command images writes a container image of static binaries to a docker-archive tar file, without Docker or a registry.
// The same inputs give the same bytes.
//
//	images -o manager.tar -name example:dev -entrypoint /manager -user 65532:65532 \
//	    -file /manager=bin/manager -link /bin/sh=/bin/busybox -ca-certificates /etc/ssl/certs/ca-certificates.crt
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// caCertificatesPath is where Go programs, curl and others look for certificate authorities first.
const caCertificatesPath = "/etc/ssl/certs/ca-certificates.crt"

func main() {
	if err := run(os.Args[1:]); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "images:", err)
		}
		os.Exit(1)
	}
}

func run(args []string) error {
	var s spec
	var out, tag, caCertificates string
	var entrypoint list
	files, links := pairs{}, pairs{}
	flags := flag.NewFlagSet("images", flag.ContinueOnError)
	flags.StringVar(&out, "o", "", "docker-archive tar `file` to write")
	flags.StringVar(&tag, "name", "", "`name:tag` of the image")
	flags.StringVar(&s.architecture, "arch", runtime.GOARCH, "`architecture` of the binaries, as in GOARCH")
	flags.StringVar(&s.user, "user", "", "`user` the image runs as, such as 65532:65532; none is root")
	flags.StringVar(&caCertificates, "ca-certificates", "", "`file` of certificate authorities to put at "+caCertificatesPath)
	flags.Var(&entrypoint, "entrypoint", "a `word` of the entrypoint; repeatable")
	flags.Var(files, "file", "`path=file`: an executable of the image and the file it is made of; repeatable")
	flags.Var(links, "link", "`path=target`: a symbolic link of the image; repeatable")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: everything is given by flags", flags.Arg(0))
	}
	if out == "" || tag == "" || len(files) == 0 {
		return errors.New("-o, -name and at least one -file are needed")
	}
	ref, err := name.NewTag(tag)
	if err != nil {
		return fmt.Errorf("-name %q is not a name:tag: %w", tag, err)
	}

	s.entrypoint, s.executables, s.links = entrypoint, map[string][]byte{}, links
	for at, from := range files {
		if s.executables[at], err = os.ReadFile(from); err != nil {
			return fmt.Errorf("reading -file %s: %w", at, err)
		}
	}
	if caCertificates != "" {
		if s.caCertificates, err = os.ReadFile(caCertificates); err != nil {
			return fmt.Errorf("reading -ca-certificates: %w", err)
		}
	}
	return write(out, ref, s)
}

// write puts the image at out in one step, so that out is never half an image.
func write(out string, ref name.Tag, s spec) error {
	img, err := s.image()
	if err != nil {
		return fmt.Errorf("making the image: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	part, err := os.CreateTemp(filepath.Dir(out), ".image-*")
	if err != nil {
		return err
	}
	defer os.Remove(part.Name())
	if err := errors.Join(tarball.Write(ref, img, part), part.Chmod(0o644), part.Close()); err != nil {
		return fmt.Errorf("writing the image: %w", err)
	}
	return os.Rename(part.Name(), out)
}

// pairs is a repeatable flag of path=value.
type pairs map[string]string

func (p pairs) String() string { return "" }

func (p pairs) Set(arg string) error {
	at, value, ok := strings.Cut(arg, "=")
	if !ok || !path.IsAbs(at) || path.Clean(at) != at || at == "/" || value == "" {
		return errors.New("want /absolute/path=value")
	}
	if _, double := p[at]; double {
		return errors.New("given twice")
	}
	p[at] = value
	return nil
}

// list is a repeatable flag.
type list []string

func (l *list) String() string { return strings.Join(*l, " ") }

func (l *list) Set(arg string) error {
	*l = append(*l, arg)
	return nil
}
