// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const notifySecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// newNotifyFixture is a call of `postprocess notify` with the receiver as its server.
func newNotifyFixture(t *testing.T, receiver http.HandlerFunc) *fixture {
	t.Helper()
	f := newFixture(t, receiver)
	f.env["NOTIFY_URL"] = f.server.URL + "/hook?token=topsecret"
	f.env["NOTIFY_SECRET"] = notifySecret
	f.env["RECORDING_FILE_URL"] = "https://cdn.videosdk.live/a.mp4"
	f.args = []string{"notify", "--termination-log=" + f.terminationLog, "--allow-http", "--allow-private-addresses", "--retries=0"}
	return f
}

func TestNotify(t *testing.T) {
	// As the operator writes it, with the recording too.
	const steps = `{"recording":{"name":"r"},"steps":{"archive":{"state":"Succeeded","outputs":[{"name":"archive","url":"s3://b/a.mp4","values":{"x":1}}]},"poster":{"state":"Skipped","outputs":[]}}}`
	file := filepath.Join(t.TempDir(), "outputs.json")
	if err := os.WriteFile(file, []byte(steps), 0o600); err != nil {
		t.Fatal(err)
	}
	secretFile := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secretFile, []byte(notifySecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		arrange func(f *fixture)
		want    string
	}{
		"outputs":    {func(f *fixture) { f.env["STEP_OUTPUTS_FILE"] = file }, `"steps":{"archive":{"state":"Succeeded","outputs":[{"name":"archive","url":"s3://b/a.mp4","values":{"x":1}}]},"poster":{"state":"Skipped","outputs":[]}}`},
		"no outputs": {func(*fixture) {}, `"steps":{}`},
		"recording":  {func(*fixture) {}, `"recording":{"name":"abcd-efgh-ijkl-0123456789abcdef01234567","namespace":"prod","meetingID":"abcd-efgh-ijkl","sessionID":"0123456789abcdef01234567","segment":1},"state":"Stopped","file":{"path":"recordings/a.mp4","url":"https://cdn.videosdk.live/a.mp4"},`},
		"no file":    {func(f *fixture) { delete(f.env, "RECORDING_FILE_PATH"); delete(f.env, "RECORDING_FILE_URL") }, `"state":"Stopped","steps":`},
		"flags": {func(f *fixture) {
			f.args = append(f.args, "--url="+f.env["NOTIFY_URL"], "--secret-file="+secretFile, "--event-type=org.example.done")
			delete(f.env, "NOTIFY_URL")
			delete(f.env, "NOTIFY_SECRET")
		}, `"type":"org.example.done"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var body []byte
			f := newNotifyFixture(t, func(_ http.ResponseWriter, r *http.Request) {
				body, _ = io.ReadAll(r.Body)
				verifier, err := standardwebhooks.NewWebhook(notifySecret)
				if err != nil {
					t.Error(err)
				} else if err := verifier.Verify(body, r.Header); err != nil {
					t.Error(err)
				}
			})
			test.arrange(f)
			if code := f.run(t); code != 0 {
				t.Fatalf("exit code %d\n%s", code, &f.stderr)
			}
			if !strings.Contains(string(body), test.want) {
				t.Errorf("event %s\nwant %s", body, test.want)
			}
			if message := f.message(t); message != "{\"outputs\":[]}\n" {
				t.Errorf("termination message = %q", message)
			}
		})
	}
}

func TestNotifyFails(t *testing.T) {
	noSteps := filepath.Join(t.TempDir(), "outputs.json")
	if err := os.WriteFile(noSteps, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		arrange func(f *fixture)
		status  int
		code    int
		text    string
	}{
		"no receiver":    {func(f *fixture) { delete(f.env, "NOTIFY_URL") }, 0, 64, "set --url or NOTIFY_URL"},
		"no secret":      {func(f *fixture) { delete(f.env, "NOTIFY_SECRET") }, 0, 64, "set --secret-file or NOTIFY_SECRET"},
		"no secret file": {func(f *fixture) { f.args = append(f.args, "--secret-file=/none") }, 0, 78, "check that the Secret is mounted there"},
		"no recording":   {func(f *fixture) { delete(f.env, "RECORDING_NAME") }, 0, 64, "set RECORDING_NAME"},
		"bad segment":    {func(f *fixture) { f.env["RECORDING_SEGMENT"] = "x" }, 0, 64, "RECORDING_SEGMENT is not a number"},
		"bad outputs":    {func(f *fixture) { f.env["STEP_OUTPUTS_FILE"] = noSteps }, 0, 65, "the outputs of earlier steps are not"},
		"no outputs file": {func(f *fixture) { f.env["STEP_OUTPUTS_FILE"] = "/none" }, 0, 66,
			"cannot read the outputs of earlier steps"},
		"bad retries": {func(f *fixture) { f.args = append(f.args, "--retries=-1") }, 0, 64, "--retries must not be negative"},
		"bad timeout": {func(f *fixture) { f.args = append(f.args, "--timeout=0s") }, 0, 64, "must be more than 0"},
		"private":     {func(f *fixture) { f.args = append(f.args, "--allow-private-addresses=false") }, 0, 77, "if it is yours, use --allow-private-addresses"},
		"http":        {func(f *fixture) { f.args = append(f.args, "--allow-http=false") }, 0, 77, "use https, or --allow-http"},
		"argument":    {func(f *fixture) { f.args = append(f.args, "x") }, 0, 64, `unknown command "x"`},
		"404":         {nil, 404, 78, "answered 404 Not Found; correct --url"},
		"401":         {nil, 401, 77, "check that it has the same secret"},
		"422":         {nil, 422, 76, "not 2xx"},
		"429":         {nil, 429, 75, "429"},
		"503":         {nil, 503, 69, "503"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newNotifyFixture(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(test.status) })
			if test.arrange != nil {
				test.arrange(f)
			}
			if code := f.run(t); code != test.code || !strings.Contains(f.message(t), test.text) {
				t.Errorf("exit code %d, want %d; termination message %q, want %q", code, test.code, f.message(t), test.text)
			}
			for _, text := range []string{f.stderr.String(), f.message(t)} {
				if strings.Contains(text, "whsec_") || strings.Contains(text, "token=") {
					t.Errorf("a secret is revealed: %s", text)
				}
			}
		})
	}
}
