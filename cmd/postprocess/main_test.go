// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/version"
)

// asProgram makes the test binary be the program, so that tests can send it signals.
const asProgram = "POSTPROCESS_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		if limit := os.Getenv(limitFile); limit != "" {
			limitFiles(limit)
		}
		main()
	}
	stop := startS3()
	code := m.Run()
	stop()
	os.Exit(code)
}

var content = bytes.Repeat([]byte("recorded"), 100_000)

// fixture is one call of `postprocess archive`: a server, a folder to archive in, a termination message file.
type fixture struct {
	server         *httptest.Server
	folder         string
	terminationLog string
	env            map[string]string
	args           []string
	stdout, stderr bytes.Buffer
}

func newFixture(t *testing.T, handler http.HandlerFunc) *fixture {
	t.Helper()
	f := &fixture{server: httptest.NewServer(handler), folder: t.TempDir()}
	t.Cleanup(f.server.Close)
	f.terminationLog = filepath.Join(t.TempDir(), "termination-log")
	if err := os.WriteFile(f.terminationLog, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f.env = map[string]string{
		"RECORDING_NAME":       "abcd-efgh-ijkl-0123456789abcdef01234567",
		"RECORDING_NAMESPACE":  "prod",
		"RECORDING_MEETING_ID": "abcd-efgh-ijkl",
		"RECORDING_SESSION_ID": "0123456789abcdef01234567",
		"RECORDING_SEGMENT":    "1",
		"RECORDING_STATE":      "Stopped",
		"RECORDING_FILE_PATH":  "recordings/a.mp4",
		"RECORDING_FILE_URL":   f.server.URL + "/a.mp4?sig=topsecret",
		"ARCHIVE_DESTINATION":  "file://" + f.folder,
	}
	f.args = []string{
		"archive", "--termination-log=" + f.terminationLog, "--allowed-host=" + f.server.Listener.Addr().String(),
		"--allow-http", "--allow-private-addresses", "--retries=0",
	}
	return f
}

const object = "abcd-efgh-ijkl/0123456789abcdef01234567/1/a.mp4"

func (f *fixture) run(t *testing.T) int {
	t.Helper()
	code := run(t.Context(), process{
		args: f.args, getenv: func(key string) string { return f.env[key] }, stdout: &f.stdout, stderr: &f.stderr,
	})
	for what, text := range map[string]string{"log": f.stderr.String(), "stdout": f.stdout.String(), "message": f.message(t)} {
		if strings.Contains(text, "topsecret") {
			t.Errorf("the %s reveals the query: %s", what, text)
		}
	}
	return code
}

func (f *fixture) message(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(f.terminationLog)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (f *fixture) expectNothingStored(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(f.folder, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			t.Errorf("%s was left behind", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func serveContent(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "video/mp4")
	_, _ = w.Write(content)
}

func (f *fixture) wantOutput() outputs.Message {
	sum := sha256.Sum256(content)
	size := int64(len(content))
	return outputs.Message{Outputs: []outputs.Output{{
		Name: "archive", URL: "file://" + f.folder + "/" + object, MediaType: "video/mp4",
		SizeBytes: &size, SHA256: hex.EncodeToString(sum[:]),
	}}}
}

func TestVersionAndUsage(t *testing.T) {
	tests := map[string]struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		"version":        {[]string{"version"}, 0, version.String() + "\n", ""},
		"--version":      {[]string{"--version"}, 0, version.String() + "\n", ""},
		"help":           {[]string{"archive", "--help"}, 0, "RECORDING_FILE_URL", ""},
		"nothing":        {nil, 64, "", "postprocess: no command is given; see postprocess --help\n"},
		"other command":  {[]string{"bogus"}, 64, "", `unknown command "bogus"`},
		"version of one": {[]string{"version", "x"}, 64, "", `unknown command "x"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), process{args: test.args, getenv: func(string) string { return "" }, stdout: &stdout, stderr: &stderr})
			if code != test.code || !strings.Contains(stdout.String(), test.stdout) || !strings.Contains(stderr.String(), test.stderr) {
				t.Errorf("exit code %d, stdout %q, stderr %q", code, &stdout, &stderr)
			}
		})
	}
}

// The real process, stopped as the kubelet stops it in the middle of a copy.
func TestSIGTERM(t *testing.T) {
	arrived := make(chan struct{})
	f := newFixture(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(content)+1))
		_, _ = w.Write(content)
		w.(http.Flusher).Flush()
		close(arrived)
		<-r.Context().Done()
	})
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := exec.CommandContext(ctx, program, f.args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	for key, value := range f.env {
		cmd.Env = append(cmd.Env, key+"="+value)
	}
	cmd.Stdout, cmd.Stderr = &f.stdout, &f.stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-arrived:
	case err := <-ended:
		t.Fatalf("ended early: %v\n%s", err, &f.stderr)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; cmd.ProcessState.ExitCode() != 75 {
		t.Errorf("%v, want exit code 75\n%s", err, &f.stderr)
	}
	if message := f.message(t); !strings.Contains(message, "interrupted: terminated signal received") {
		t.Errorf("termination message = %q", message)
	}
	f.expectNothingStored(t)
}
