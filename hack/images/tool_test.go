// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const exitingTool = `package main

import (
	"os"
	"strconv"
	"syscall"
)

func main() {
	code, err := strconv.Atoi(os.Args[1])
	if err != nil {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	os.Exit(code)
}
`

// TestToolsFail: what hack/tool.sh runs fails it, also by a signal, of which "go tool" makes a success.
func TestToolsFail(t *testing.T) {
	folder := t.TempDir()
	for name, content := range map[string]string{
		"hack/tool.sh":      readText(t, "hack/tool.sh"),
		"hack/env.sh":       readText(t, "hack/env.sh"),
		"hack/tools/go.mod": "module example.com/exiting\n\ngo 1.26\n\ntool (\n\texample.com/exiting\n\texample.com/exiting/broken\n)\n",
		"go.mod":            "module example.com/exiting\n\ngo 1.26\n",
		"main.go":           exitingTool,
		"broken/main.go":    "package main\n\nfunc main() { missing() }\n",
	} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		arguments []string
		code      int
	}{
		"succeeds":         {[]string{"tools", "exiting", "0"}, 0},
		"fails":            {[]string{"tools", "exiting", "3"}, 3},
		"is killed":        {[]string{"tools", "exiting", "kill"}, -1}, // by the signal that ended the tool
		"does not compile": {[]string{"tools", "broken"}, 1},
		"is not pinned":    {[]string{"tools", "missing"}, 2},
		"has no folder":    {[]string{"missing", "exiting"}, 1},
		"is not named":     {[]string{"tools"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			command := exec.CommandContext(t.Context(), filepath.Join(folder, "hack/tool.sh"), test.arguments...)
			command.Dir = t.TempDir()
			command.Env = append(os.Environ(), "GOOS=plan9") // what is built for another system needs its tools here
			out, err := command.CombinedOutput()
			code := 0
			if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
				code = exit.ExitCode()
			} else if err != nil {
				t.Fatal(err)
			}
			if code != test.code {
				t.Errorf("tool.sh exits with %d, want %d:\n%s", code, test.code, out)
			}
		})
	}
}

// TestEveryToolIsRunByTheScript: nothing starts a tool by "go tool", which hides the signal that ended it.
func TestEveryToolIsRunByTheScript(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", "--cached", "--others", "--exclude-standard",
		"--", "*.sh", "*.mk", "Makefile", ".ci/run", "*.yaml", "*.yml", "*.json", "Dockerfile").Output()
	if err != nil {
		t.Fatal(err)
	}
	direct := regexp.MustCompile(`\bgo( -C \S+)? tool\b|^ +args: \[tool,`)
	for file := range strings.FieldsSeq(string(out)) {
		if _, err := os.Stat(filepath.Join(root, file)); err != nil || file == "hack/tool.sh" {
			continue
		}
		for line := range strings.Lines(readText(t, file)) {
			if !strings.HasPrefix(strings.TrimSpace(line), "#") && direct.MatchString(line) {
				t.Errorf("%s runs a tool by itself, not by hack/tool.sh: %s", file, line)
			}
		}
	}
}
