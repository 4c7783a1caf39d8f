// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ffmpeg_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/meetingops/meeting-recording-operator/internal/media/ffmpeg"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// What runs in ffmpeg's place reaches nothing of ours.
func TestSandbox(t *testing.T) {
	if missing := ffmpeg.Unsupported(); len(missing) > 0 {
		t.Fatalf("this kernel lacks: %v", missing)
	}
	secret := filepath.Join(t.TempDir(), "secret")
	given := filepath.Join(t.TempDir(), "given")
	for _, path := range []string{secret, given} {
		if err := os.WriteFile(path, []byte("topsecret"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct{ script, want string }{
		"a file that is given":        {"cat " + given, "topsecret"},
		"another file":                {"cat " + secret + " || echo denied", "denied"},
		"the parent's environment":    {"cat /proc/$PPID/environ || echo denied", "denied"},
		"the parent's memory":         {"cat /proc/$PPID/maps || echo denied", "denied"},
		"the parent's descriptors":    {"ls /proc/$PPID/fd || echo denied", "denied"},
		"a signal to the parent":      {"kill -0 $PPID || echo denied", "denied"},
		"a service account's token":   {"cat /var/run/secrets/kubernetes.io/serviceaccount/token || echo denied", "denied"},
		"its own folder":              {"echo mine > here && cat here", "mine"},
		"another folder":              {"echo x > " + filepath.Dir(secret) + "/new || echo denied", "denied"},
		"the network":                 {"perl -MSocket -e 'socket(my $s, PF_INET, SOCK_STREAM, 0) or print \"denied\\n\"'", "denied"},
		"a local socket":              {"perl -MSocket -e 'socket(my $s, PF_UNIX, SOCK_STREAM, 0) or print \"denied\\n\"'", "denied"},
		"what we use to find secrets": {"env", "TMPDIR="},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AWS_SECRET_ACCESS_KEY", "topsecret-key")
			tools := tools(t)
			tools.FFmpeg = filepath.Join(t.TempDir(), "fake")
			if err := os.WriteFile(tools.FFmpeg, []byte("#!/bin/sh\n"+test.script+" 2>/dev/null\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := tools.Run(t.Context(), ffmpeg.Command{Args: []string{"-i", "file:" + given}, Stdout: &out}); err != nil {
				t.Fatal(err)
			}
			if got := out.String(); !strings.Contains(got, test.want) || strings.Contains(got, "topsecret") != (test.want == "topsecret") {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// Files whose headers cost much are given up.
func TestHeadersThatCostMuch(t *testing.T) {
	tools := tools(t)
	tools.FFprobe = filepath.Join(t.TempDir(), "fake")
	if err := os.WriteFile(tools.FFprobe, []byte("#!/bin/sh\nwhile :; do :; done\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := tools.Probe(t.Context(), tools.FFprobe)
	expect(t, err, sysexits.DataErr, "needs more than 1 s of CPU to read the file's headers")
}

// A decoder that recordings do not need is not used.
func TestDecodersAreListed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.avi")
	free := tools(t)
	free.Dir = filepath.Dir(path)
	if err := free.Run(t.Context(), ffmpeg.Command{Args: []string{"-f", "lavfi", "-i", "testsrc=duration=1:size=64x36", "-c:v", "zmbv", path}}); err != nil {
		t.Fatal(err)
	}
	expect(t, free.Run(t.Context(), ffmpeg.Command{Args: null(path)}), sysexits.DataErr, "zmbv")
}
