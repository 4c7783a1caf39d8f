// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/internal/outputs"
)

func TestArchive(t *testing.T) {
	f := newFixture(t, serveContent)
	if code := f.run(t); code != 0 {
		t.Fatalf("exit code %d\n%s", code, &f.stderr)
	}
	got, err := outputs.Parse([]byte(f.message(t)))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Outputs) != 2 || got.Outputs[1].Name != "metadata" || got.Outputs[1].URL != got.Outputs[0].URL+".json" {
		t.Fatalf("outputs = %+v", got)
	}
	got.Outputs = got.Outputs[:1]
	if diff := gocmp.Diff(f.wantOutput(), got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	stored, err := os.ReadFile(filepath.Join(f.folder, object))
	if err != nil || !bytes.Equal(stored, content) {
		t.Errorf("stored %d bytes, %v", len(stored), err)
	}
	for _, want := range []string{"level=WARN", "flag=--allow-http", "flag=--allow-private-addresses", "msg=Archived"} {
		if !strings.Contains(f.stderr.String(), want) {
			t.Errorf("no %s in the log:\n%s", want, &f.stderr)
		}
	}
	if f.stdout.Len() != 0 {
		t.Errorf("stdout = %s", &f.stdout)
	}
}

// On a workstation flags take the environment's place, and outputs are printed.
func TestArchiveOnWorkstation(t *testing.T) {
	f := newFixture(t, serveContent)
	source, destination := f.env["RECORDING_FILE_URL"], f.env["ARCHIVE_DESTINATION"]
	f.env = map[string]string{"RECORDING_FILE_URL": "https://example.com", "ARCHIVE_DESTINATION": "s3://none"}
	f.args = append(f.args, "--source-url="+source, "--destination="+destination, "--object-name={{.FileName}}", "--metadata-suffix=",
		"--termination-log="+filepath.Join(f.folder, "none"))
	if code := f.run(t); code != 0 {
		t.Fatalf("exit code %d\n%s", code, &f.stderr)
	}
	got, err := outputs.Parse(f.stdout.Bytes())
	if err != nil || len(got.Outputs) != 1 || got.Outputs[0].URL != "file://"+f.folder+"/a.mp4" {
		t.Errorf("printed %+v, %v", got, err)
	}
}

func TestArchiveFails(t *testing.T) {
	tests := map[string]struct {
		arrange func(f *fixture)
		handler http.HandlerFunc
		code    int
		text    string
	}{
		"no URL": {func(f *fixture) { delete(f.env, "RECORDING_FILE_URL") }, nil,
			64, "RECORDING_FILE_URL is not set, nor --source-url; the recording may have ended without a file"},
		"no destination": {func(f *fixture) { delete(f.env, "ARCHIVE_DESTINATION") }, nil, 64, "set --destination or ARCHIVE_DESTINATION"},
		"no id":          {func(f *fixture) { delete(f.env, "RECORDING_SESSION_ID") }, nil, 64, "set RECORDING_SESSION_ID"},
		"other scheme":   {func(f *fixture) { f.env["ARCHIVE_DESTINATION"] = "ftp://b" }, nil, 64, `scheme "ftp" is not supported; supported: azblob, file, gs, s3`},
		"unknown flag":   {func(f *fixture) { f.args = append(f.args, "--bogus") }, nil, 64, "unknown flag: --bogus; see postprocess archive --help"},
		"argument":       {func(f *fixture) { f.args = append(f.args, "x") }, nil, 64, `unknown command "x"`},
		"bad template":   {func(f *fixture) { f.args = append(f.args, "--object-name={{.X}}") }, nil, 64, "--object-name is not a template over"},
		"bad host":       {func(f *fixture) { f.args = append(f.args, "--allowed-host=*") }, nil, 64, `--allowed-host: allowed host "*": must be`},
		"bad size":       {func(f *fixture) { f.args = append(f.args, "--max-bytes=20GB") }, nil, 64, "must be a whole number of bytes above 0"},
		"bad retries":    {func(f *fixture) { f.args = append(f.args, "--retries=-1") }, nil, 64, "--retries must not be negative"},
		"bad time-out":   {func(f *fixture) { f.args = append(f.args, "--stall-timeout=0s") }, nil, 64, "--stall-timeout must be more than 0"},
		"host": {func(f *fixture) { f.env["RECORDING_FILE_URL"] = "https://example.com/a?sig=topsecret" }, nil,
			77, `host "example.com" is not allowed`},
		"http":    {func(f *fixture) { f.args = append(f.args, "--allow-http=false") }, nil, 77, "use https, or --allow-http"},
		"private": {func(f *fixture) { f.args = append(f.args, "--allow-private-addresses=false") }, nil, 77, "which is loopback"},
		"missing folder": {func(f *fixture) { f.env["ARCHIVE_DESTINATION"] += "/none" }, nil,
			74, "/none does not exist; mount a volume there"},
		"too large": {func(f *fixture) { f.args = append(f.args, "--max-bytes=1k") }, serveContent, 65, "the limit is 1000, set by --max-bytes"},
		"HTML": {nil, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<html>"))
		}, 65, "an HTML page, not a recording"},
		"404": {nil, http.NotFound, 66, "the file does not exist"},
		"403": {nil, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, 77, "access was refused"},
		"429": {nil, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }, 75, "429"},
		"503": {nil, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, 69, "503"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, test.handler)
			if test.arrange != nil {
				test.arrange(f)
			}
			if code := f.run(t); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if message := f.message(t); !strings.Contains(message, test.text) {
				t.Errorf("termination message = %q, want %q", message, test.text)
			}
			if !strings.Contains(f.stderr.String(), "postprocess: "+f.message(t)) {
				t.Errorf("the log does not end with the message:\n%s", &f.stderr)
			}
			f.expectNothingStored(t)
		})
	}
}

// A message that cannot be written is a failure: without it the operator would not know of the file.
func TestMessageCannotBeTold(t *testing.T) {
	f := newFixture(t, serveContent)
	f.args = append(f.args, "--termination-log="+f.folder)
	if code := f.run(t); code != 74 || !strings.Contains(f.stderr.String(), "the file is archived, but the outcome cannot be written") {
		t.Errorf("exit code %d\n%s", code, &f.stderr)
	}
}

func TestProxyFromEnvironment(t *testing.T) {
	var asked string
	f := newFixture(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Host
		serveContent(w, r)
	})
	f.env["RECORDING_FILE_URL"] = "http://files.test/a.mp4"
	f.env["http_proxy"] = f.server.URL
	f.args = append(f.args, "--allowed-host=*.test", "--allowed-host=files.test", "--proxy-from-environment")
	if code := f.run(t); code != 0 || asked != "files.test" {
		t.Errorf("exit code %d, the proxy was asked for %q\n%s", code, asked, &f.stderr)
	}
	for target, want := range map[string]string{
		"https://cdn.videosdk.live/a": "http://lower:1",
		"http://cdn.videosdk.live/a":  "http://plain:1",
		"https://files.test/a":        "",
	} {
		u, err := url.Parse(target)
		if err != nil {
			t.Fatal(err)
		}
		env := map[string]string{
			"HTTPS_PROXY": "http://upper:1", "https_proxy": "http://lower:1", "HTTP_PROXY": "http://plain:1", "NO_PROXY": "files.test",
		}
		proxy, err := proxyFromEnv(func(key string) string { return env[key] })(u)
		if got := fmt.Sprint(proxy); err != nil || got != cmp.Or(want, "<nil>") {
			t.Errorf("proxy for %s = %s, %v, want %q", target, got, err, want)
		}
	}
}

// Without flags nothing inside the cluster can be reached, whatever the URL says.
func TestDefaultsAreSafe(t *testing.T) {
	var asked bool
	f := newFixture(t, func(http.ResponseWriter, *http.Request) { asked = true })
	_, port, err := net.SplitHostPort(f.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	f.args = f.args[:2]
	for _, url := range []string{
		"http://127.0.0.1:" + port, "https://127.0.0.1:" + port, "https://localhost:" + port, "https://[::1]:" + port,
		"https://169.254.169.254/latest/meta-data", "https://kubernetes.default.svc/api", "http://cdn.videosdk.live/a.mp4",
	} {
		f.env["RECORDING_FILE_URL"] = url
		if code := f.run(t); code != 77 {
			t.Errorf("%s: exit code %d, want 77: %s", url, code, f.message(t))
		}
	}
	if asked {
		t.Error("a request was sent")
	}
}
