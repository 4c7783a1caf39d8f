// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package startup

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCommandLine: the exit code and the output of each kind of command line.
func TestCommandLine(t *testing.T) {
	for name, tc := range map[string]struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		"right":           {[]string{"--size=1"}, OK, "", ""},
		"help":            {[]string{"--help"}, OK, "", "-size"},
		"version":         {[]string{"--version", "--size=-1"}, OK, "unknown", ""},
		"an unknown flag": {[]string{"--sise=1"}, Usage, "", "flag provided but not defined: -sise"},
		"an argument":     {[]string{"serve"}, Usage, "", `server: unexpected argument "serve"`},
		"a wrong value":   {[]string{"--size=-1"}, Usage, "", "server: --size must not be negative"},
		"diagnostics":     {[]string{"--pprof", "--diagnostics-bind-address=0"}, Usage, "", "server: --pprof needs a --diagnostics-bind-address"},
		"a bad log level": {[]string{"--zap-log-level=loud"}, Usage, "", `for flag -zap-log-level: invalid`},
	} {
		t.Run(name, func(t *testing.T) {
			var o Options
			var size int
			var stdout, stderr bytes.Buffer
			err := o.Parse("server", tc.args, &stderr, func(flags *flag.FlagSet) { flags.IntVar(&size, "size", 0, "Size.") }, func() error {
				if size < 0 {
					return errors.New("--size must not be negative")
				}
				return nil
			})
			if code := Exit("server", err, &stdout, &stderr); code != tc.code {
				t.Errorf("exit code %d, want %d", code, tc.code)
			}
			if tc.stdout == "" && stdout.Len() > 0 || tc.stdout != "" && stdout.Len() == 0 {
				t.Errorf("stdout %q", &stdout)
			}
			if tc.stderr == "" && stderr.Len() > 0 || strings.Count(stderr.String(), tc.stderr) != 1 && tc.stderr != "" {
				t.Errorf("stderr %q, want %q once", &stderr, tc.stderr)
			}
		})
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

// TestFailures: what is neither help nor usage ends with 1.
func TestFailures(t *testing.T) {
	for want, err := range map[string]error{"server: no API server": errors.New("no API server"), "server: broken pipe": errVersion} {
		var stderr bytes.Buffer
		if code := Exit("server", err, brokenPipe{}, &stderr); code != Failed || stderr.String() != want+"\n" {
			t.Errorf("exit code %d, stderr %q, want %q", code, &stderr, want)
		}
	}
}

// TestErrorsHaveNoStack: a log's error is one line with a time.
func TestErrorsHaveNoStack(t *testing.T) {
	var o Options
	if err := o.Parse("server", nil, io.Discard, func(*flag.FlagSet) {}, func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	var output bytes.Buffer
	o.Log(&output).Error(errors.New("no reason"), "Failed")
	if line := output.String(); strings.Contains(line, "stack") || !strings.Contains(line, `"error":"no reason"`) || strings.Count(line, "\n") != 1 {
		t.Errorf("logged %s", line)
	}
}

func TestNamespace(t *testing.T) {
	original := namespaceFile
	defer func() { namespaceFile = original }()
	namespaceFile = filepath.Join(t.TempDir(), "namespace")
	check := func(value, want, problem string) {
		t.Helper()
		got, err := Namespace(value)
		if got != want || (err == nil) != (problem == "") || err != nil && !strings.Contains(err.Error(), problem) {
			t.Errorf("namespace %q, error %v, want %q, %q", got, err, want, problem)
		}
	}
	t.Setenv("POD_NAMESPACE", "")
	check("", "", "set --namespace or $POD_NAMESPACE")
	if err := os.WriteFile(namespaceFile, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	check("", "from-file", "")
	t.Setenv("POD_NAMESPACE", "from-env")
	check("", "from-env", "")
	check("from-flag", "from-flag", "")
	check("a/b", "", `"a/b" of --namespace is not a namespace`)
	t.Setenv("POD_NAMESPACE", "A_b")
	check("", "", `"A_b" of $POD_NAMESPACE is not a namespace`)
}
