// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	at := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(at, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return at
}

func TestRunWritesAnImage(t *testing.T) {
	out := filepath.Join(t.TempDir(), "images", "x.tar")
	args := []string{
		"-o", out, "-name", "example:dev", "-arch", "arm64", "-user", "65532:65532", "-entrypoint", "/app", "-entrypoint", "run",
		"-file", "/app=" + writeFile(t, "app", "binary"), "-file", "/usr/bin/tool=" + writeFile(t, "tool", "tool"),
		"-link", "/bin/app=/app", "-ca-certificates", writeFile(t, "ca", "pem"),
	}
	if err := run(args); err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag("example:dev")
	if err != nil {
		t.Fatal(err)
	}
	img, err := tarball.ImageFromPath(out, &tag)
	if err != nil {
		t.Fatal(err)
	}
	file, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if file.Architecture != "arm64" || file.OS != "linux" || file.Config.User != "65532:65532" || !slices.Equal(file.Config.Entrypoint, []string{"/app", "run"}) {
		t.Errorf("configuration = %+v", file)
	}

	var got []string
	contents := map[string]string{}
	r := tar.NewReader(mutate.Extract(img))
	for {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, header.FileInfo().Mode().String()+" /"+header.Name+header.Linkname)
		contents[header.Name] = string(content)
	}
	want := []string{
		"-rwxr-xr-x /app", "drwxr-xr-x /bin", "Lrwxrwxrwx /bin/app/app", "drwxr-xr-x /etc", "-rw-r--r-- /etc/group",
		"-rw-r--r-- /etc/passwd", "drwxr-xr-x /etc/ssl", "drwxr-xr-x /etc/ssl/certs", "-rw-r--r-- /etc/ssl/certs/ca-certificates.crt",
		"dtrwxrwxrwx /tmp", "drwxr-xr-x /usr", "drwxr-xr-x /usr/bin", "-rwxr-xr-x /usr/bin/tool",
	}
	if !slices.Equal(got, want) {
		t.Errorf("files:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if contents["app"] != "binary" || contents["etc/ssl/certs/ca-certificates.crt"] != "pem" || contents["etc/passwd"] != passwd {
		t.Errorf("contents = %q", contents)
	}
}

func TestSameInputsGiveTheSameBytes(t *testing.T) {
	app, dir := writeFile(t, "app", "binary"), t.TempDir()
	var written [][]byte
	for _, out := range []string{filepath.Join(dir, "1.tar"), filepath.Join(dir, "2.tar")} {
		err := run([]string{"-o", out, "-name", "example:dev", "-file", "/a=" + app, "-file", "/b=" + app, "-link", "/c=/a", "-link", "/d=/b"})
		if err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		written = append(written, content)
	}
	if !bytes.Equal(written[0], written[1]) {
		t.Error("two images of the same inputs differ")
	}
}

func TestRunRefuses(t *testing.T) {
	app := writeFile(t, "app", "binary")
	for _, tc := range []struct {
		name, want string
		args       []string
	}{
		{"nothing", "are needed", nil},
		{"no file", "are needed", []string{"-o", "x", "-name", "example:dev"}},
		{"a bad name", "is not a name:tag", []string{"-o", "x", "-name", "Example:dev:", "-file", "/a=" + app}},
		{"a file that is absent", "reading -file /a", []string{"-o", "x", "-name", "example:dev", "-file", "/a=" + app + ".absent"}},
		{"certificates that are absent", "reading -ca-certificates", []string{"-o", "x", "-name", "example:dev", "-file", "/a=" + app, "-ca-certificates", app + ".absent"}},
		{"a relative path", "want /absolute/path=value", []string{"-file", "a=" + app}},
		{"a path that leaves the image", "want /absolute/path=value", []string{"-file", "/../a=" + app}},
		{"a path twice", "given twice", []string{"-file", "/a=" + app, "-file", "/a=" + app}},
		{"an argument", "unexpected argument", []string{"more"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := run(tc.args); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("run() = %v, want an error with %q", err, tc.want)
			}
		})
	}
}
