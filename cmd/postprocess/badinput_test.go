// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/test/harness/objectstore"
)

var s3Server *objectstore.Server

// startS3 starts the S3 server of this package's tests.
func startS3() (stop func()) {
	folder, err := os.MkdirTemp("", "postprocess-s3-")
	if err != nil {
		log.Fatal(err)
	}
	if s3Server, err = objectstore.StartS3(context.Background(), folder); err != nil {
		log.Fatal(err)
	}
	for key, value := range objectstore.Environment() {
		if err := os.Setenv(key, value); err != nil {
			log.Fatal(err)
		}
	}
	return func() {
		s3Server.Stop()
		_ = os.RemoveAll(folder)
	}
}

// toS3 has the fixture archive to a bucket, which ends with the test.
func (f *fixture) toS3(t *testing.T) {
	t.Helper()
	f.folder = filepath.Join(s3Server.Folder, "recordings")
	f.env["ARCHIVE_DESTINATION"] = s3Server.BucketURL("recordings")
	if err := os.Mkdir(f.folder, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(f.folder); err != nil {
			t.Error(err)
		}
	})
}

// Everything that a source can do wrong, to a folder and to an S3 server: what the exit code and the message are, and that
// nothing is left behind.
func TestBadInput(t *testing.T) {
	length := strconv.Itoa(len(content))
	tests := map[string]struct {
		handler http.HandlerFunc
		code    int
		text    string
	}{
		"404": {http.NotFound, 66, "source answered 404 Not Found: the file does not exist, or no longer"},
		"403": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, 77, "403 Forbidden: access was refused; a signed URL may have expired"},
		"Content-Length too large": {func(w http.ResponseWriter, _ *http.Request) {
			raw(w, "HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n"+string(content))
		}, 69, "source broke off after 800000 of 900000 bytes"},
		"Content-Length too small": {func(w http.ResponseWriter, _ *http.Request) {
			raw(w, "HTTP/1.1 200 OK\r\nContent-Length: 700000\r\nContent-MD5: qvTGHdzF6KLavt4PO0gs2A==\r\n\r\n"+string(content))
		}, 65, "but it announced aaf4c61d"},
		"Content-Length is no number": {func(w http.ResponseWriter, _ *http.Request) {
			raw(w, "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"+string(content))
		}, 69, "cannot reach the source"},
		"cut at random": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", length)
			_, _ = w.Write(content[:rand.N(len(content))])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, 69, "source broke off after"},
		"an HTML error page with 200": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write([]byte("<html>not here</html>"))
		}, 65, "source is an HTML page, not a recording: check that its URL is the file's"},
		"0 bytes": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "0") }, 65, "source is an empty file"},
		"redirect to the metadata service": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusFound)
		}, 77, `source host "169.254.169.254" is not allowed`},
		"redirect to localhost": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://localhost/", http.StatusFound)
		},
			77, `source host "localhost" is not allowed`},
	}
	for name, test := range tests {
		for _, place := range []string{"file", "s3"} {
			t.Run(name+" to "+place, func(t *testing.T) {
				f := newFixture(t, test.handler)
				if place == "s3" {
					f.toS3(t)
				}
				if code := f.run(t); code != test.code || !strings.Contains(f.message(t), test.text) {
					t.Errorf("exit code %d, want %d; termination message %q, want %q", code, test.code, f.message(t), test.text)
				}
				f.expectNothingStored(t)
			})
		}
	}
}

// raw answers with bytes that net/http would not send.
func raw(w http.ResponseWriter, text string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = conn.Write([]byte(text))
	_ = conn.Close()
}

// A private address is refused wherever a redirect leads, also when its host is allowed.
func TestRedirectInside(t *testing.T) {
	f := newFixture(t, serveContent)
	_, port, err := net.SplitHostPort(f.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	// A proxy stands in for a public server, since none can be had here: it redirects to one inside.
	proxy := newFixture(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://localhost:"+port+"/a.mp4", http.StatusFound)
	})
	f.env["RECORDING_FILE_URL"] = "http://files.test/a.mp4"
	f.env["http_proxy"] = proxy.server.URL
	f.env["no_proxy"] = "localhost"
	f.args = []string{"archive", "--termination-log=" + f.terminationLog, "--allow-http", "--proxy-from-environment",
		"--allowed-host=files.test", "--allowed-host=localhost:" + port}
	if code := f.run(t); code != 77 || !strings.Contains(f.message(t), "which is loopback") {
		t.Errorf("exit code %d: %s", code, f.message(t))
	}
}

func TestBadDestination(t *testing.T) {
	tests := map[string]struct {
		arrange func(t *testing.T, f *fixture)
		code    int
		text    string
	}{
		"no bucket": {func(_ *testing.T, f *fixture) { f.env["ARCHIVE_DESTINATION"] = s3Server.BucketURL("none") }, 78,
			"the bucket s3://none does not exist; create it, or correct --destination"},
		"no such key": {func(t *testing.T, _ *fixture) { t.Setenv("AWS_ACCESS_KEY_ID", "other") }, 77, "check the credentials, and that they may write there"},
		"no credentials": {func(t *testing.T, _ *fixture) {
			t.Setenv("AWS_ACCESS_KEY_ID", "")
			t.Setenv("AWS_SECRET_ACCESS_KEY", "")
		}, 78, "no credentials for the destination s3://recordings: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the Pod a role"},
		"../ of the template": {func(_ *testing.T, f *fixture) { f.args = append(f.args, "--object-name=../{{.FileName}}") }, 64, `has the part ".."`},
		"../ of the suffix":   {func(_ *testing.T, f *fixture) { f.args = append(f.args, "--metadata-suffix=/../x") }, 64, `has the part ".."`},
		"../ of the prefix":   {func(_ *testing.T, f *fixture) { f.env["ARCHIVE_DESTINATION"] += "&prefix=../" }, 64, `has the part ".."`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, serveContent)
			f.toS3(t)
			test.arrange(t, f)
			if code := f.run(t); code != test.code || !strings.Contains(f.message(t), test.text) {
				t.Errorf("exit code %d, want %d; termination message %q, want %q", code, test.code, f.message(t), test.text)
			}
			f.expectNothingStored(t)
		})
	}
}

// Ids and file names come from outside: "../" in them stays one part of the name.
func TestNamesDoNotClimb(t *testing.T) {
	f := newFixture(t, serveContent)
	f.env["RECORDING_MEETING_ID"], f.env["RECORDING_SESSION_ID"], f.env["RECORDING_FILE_PATH"] = "..", "../../etc", "a/../.."
	if code := f.run(t); code != 0 {
		t.Fatalf("exit code %d\n%s", code, &f.stderr)
	}
	if _, err := os.Stat(filepath.Join(f.folder, "%2E%2E/..%2F..%2Fetc/1/%2E%2E")); err != nil {
		t.Error(err)
	}
}

func TestArchiveToS3(t *testing.T) {
	f := newFixture(t, serveContent)
	f.toS3(t)
	f.env["ARCHIVE_DESTINATION"] += "&prefix=here/"
	if code := f.run(t); code != 0 {
		t.Fatalf("exit code %d\n%s", code, &f.stderr)
	}
	got, err := outputs.Parse([]byte(f.message(t)))
	if err != nil || got.Outputs[0].URL != "s3://recordings/here/"+object {
		t.Errorf("outputs = %+v, %v", got, err)
	}
}

// limitFile makes the test binary, as the program, have a disk that is full after so many bytes.
const limitFile = "POSTPROCESS_TEST_FILE_LIMIT"

// A real file system that is full: as root a tmpfs of 400 KiB, else a limit on the size of files, which is met alike.
func TestFullDisk(t *testing.T) {
	f := newFixture(t, serveContent)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), asProgram+"=1")
	if os.Geteuid() == 0 {
		mountTmpfs(t, f.folder)
	} else {
		env = append(env, limitFile+"=400000")
	}
	for key, value := range f.env {
		env = append(env, key+"="+value)
	}
	cmd := exec.CommandContext(t.Context(), program, f.args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, &f.stdout, &f.stderr
	err = cmd.Run()
	if want := fmt.Sprintf("the destination file://%s is full", f.folder); cmd.ProcessState.ExitCode() != 74 || !strings.Contains(f.message(t), want) {
		t.Errorf("%v, termination message %q, want %q\n%s", err, f.message(t), want, &f.stderr)
	}
	f.expectNothingStored(t)
}
