// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// page is a page with its blocks, in their order.
type page struct {
	name   string
	blocks []block
}

// block is a fenced block: "```sh cluster" has the language sh and the class cluster.
type block struct {
	language, class, text string
}

// fence finds blocks, also those that are indented as parts of a list.
var fence = regexp.MustCompile("(?ms)^( *)```(\\w+)(?: (\\S+))?\n(.*?)^ *```$")

// readPages returns README.md and the pages of docs/, tutorials first.
func readPages(t *testing.T) (pages []page) {
	t.Helper()
	files := []string{"README.md"}
	for _, folder := range []string{"tutorials", "explanation", "reference", "runbooks", "how-to"} {
		found, err := filepath.Glob(harness.Path("docs", folder, "*.md"))
		if err != nil || len(found) == 0 {
			t.Fatalf("no pages in docs/%s: %v", folder, err)
		}
		for _, file := range found {
			files = append(files, filepath.Join("docs", folder, filepath.Base(file)))
		}
	}
	// The order in which a reader goes through the tutorials.
	tutorials := []string{"docs/tutorials/first-recording.md", "docs/tutorials/first-pipeline.md", "docs/tutorials/live-page.md"}
	slices.SortStableFunc(files, func(a, b string) int { return slices.Index(tutorials, a) - slices.Index(tutorials, b) })
	for _, file := range append([]string{"README.md"}, slices.DeleteFunc(files, func(f string) bool { return f == "README.md" })...) {
		text, err := os.ReadFile(harness.Path(file))
		if err != nil {
			t.Fatal(err)
		}
		p := page{name: file}
		for _, found := range fence.FindAllStringSubmatch(string(text), -1) {
			body := found[4]
			if found[1] != "" {
				body = regexp.MustCompile("(?m)^"+found[1]).ReplaceAllString(body, "")
			}
			p.blocks = append(p.blocks, block{found[2], found[3], body})
		}
		pages = append(pages, p)
	}
	return pages
}

// has reports whether the page has commands of the class.
func (p page) has(class string) bool {
	return slices.ContainsFunc(p.blocks, func(b block) bool { return b.isOf(class) })
}

func (b block) isOf(class string) bool {
	return (b.language == "sh" || b.language == "console") && b.class == class
}

// shell runs the commands of one page, in a folder of its own, in one shell after another: exported variables do not pass from
// block to block, files do.
type shell struct {
	folder      string
	environment []string
	groups      []int // the process groups of the scripts: what they start in the background ends with the test
}

func newShell(t *testing.T, environment ...string) *shell {
	t.Helper()
	s := &shell{folder: t.TempDir(), environment: append(os.Environ(), environment...)}
	t.Cleanup(func() {
		for _, group := range s.groups {
			_ = syscall.Kill(-group, syscall.SIGTERM)
		}
	})
	for _, name := range []string{"config", "charts", "hack", "go.mod", "bin"} {
		if err := os.Symlink(harness.Path(name), filepath.Join(s.folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// prelude has grep succeed where it finds nothing: a log need not have what a page looks for.
const prelude = "set -eu\ngrep() { command grep \"$@\" || [ $? = 1 ]; }\n"

// patience is the longest time for one block.
const patience = 2 * time.Minute

// run runs a script and returns its output.
func (s *shell) run(ctx context.Context, script string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", prelude+script)
	cmd.Dir, cmd.Env = s.folder, s.environment
	cmd.WaitDelay = time.Second // what it started in the background may hold its output open
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.CombinedOutput()
	if cmd.Process != nil {
		s.groups = append(s.groups, cmd.Process.Pid)
	}
	if err != nil && !strings.Contains(err.Error(), "WaitDelay") {
		return string(out), fmt.Errorf("%w\n%s", err, out)
	}
	return string(out), nil
}

// play runs the blocks of the class in their order, and writes files that the page has: YAML whose first line is "# NAME".
func (s *shell) play(t *testing.T, p page, class string) {
	t.Helper()
	for _, b := range p.blocks {
		if name, ok := strings.CutPrefix(strings.SplitN(b.text, "\n", 2)[0], "# "); b.language == "yaml" && ok && filepath.Ext(name) == ".yaml" {
			if err := os.WriteFile(filepath.Join(s.folder, name), []byte(b.text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if !b.isOf(class) {
			continue
		}
		if b.language == "sh" {
			if _, err := s.run(t.Context(), b.text); err != nil {
				t.Fatalf("%s:\n%s%v", p.name, b.text, err)
			}
			continue
		}
		for _, c := range commands(b.text) {
			out, err := s.run(t.Context(), c.line)
			if err != nil && !c.mayFail() {
				t.Fatalf("%s: %s: %v", p.name, c.line, err)
			}
			if diff := difference(c.want, out); diff != "" {
				t.Errorf("%s: %s (-page +output)\n%s", p.name, c.line, diff)
			}
		}
	}
}

// command is a command of a console block, with its output.
type command struct{ line, want string }

// mayFail reports whether the command exits with 1 to say no.
func (c command) mayFail() bool { return strings.Contains(c.line, " can-i ") }

func commands(text string) (all []command) {
	for line := range strings.Lines(text) {
		if typed, ok := strings.CutPrefix(line, "$ "); ok {
			all = append(all, command{line: strings.TrimSpace(typed)})
		} else if len(all) > 0 {
			all[len(all)-1].want += line
		}
	}
	return all
}

// varying is what differs from run to run: ids, ages, times, sizes of a page's own recording.
var varying = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`[0-9a-f]{24}`), "ID"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT[\d:.-]+Z?`), "TIME"},
	{regexp.MustCompile(`\b(\d+[dhms])+\b`), "AGE"},
	{regexp.MustCompile(`attempt \d+`), "attempt N"},
	{regexp.MustCompile(`Context "[^"]*"`), "Context"},
	{regexp.MustCompile(`[ \t]+`), " "},
}

// normal is the output without what varies, line by line. The rows of a table are sorted: kubectl sorts them by names that vary.
func normal(text string) (lines []string) {
	for line := range strings.Lines(text) {
		for _, v := range varying {
			line = v.pattern.ReplaceAllString(line, v.name)
		}
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) > 0 && strings.HasPrefix(lines[0], "NAME ") && !slices.Contains(lines, "...") {
		slices.Sort(lines[1:])
	}
	return lines
}

// difference compares a page with an output. A line "..." stands for any lines.
func difference(page, output string) string {
	want, got := normal(page), normal(output)
	if !slices.Contains(want, "...") {
		return cmp.Diff(want, got)
	}
	rest := got
	for _, line := range want {
		if line == "..." {
			continue
		}
		at := slices.Index(rest, line)
		if at < 0 {
			return fmt.Sprintf("lacks %q in\n%s", line, output)
		}
		rest = rest[at+1:]
	}
	return ""
}

func TestDifference(t *testing.T) {
	for name, test := range map[string]struct {
		page, output string
		same         bool
	}{
		"ages and ids":     {"a-0123456789abcdef01234567   14s\n", "a-76543210fedcba9876543210 3m4s\n", true},
		"other text":       {"Succeeded\n", "Failed\n", false},
		"a line more":      {"a\n", "a\nb\n", false},
		"left out":         {"a\n...\nc\n", "a\nb\nc\nd\n", true},
		"in another order": {"c\n...\na\n", "a\nb\nc\n", false},
	} {
		if diff := difference(test.page, test.output); (diff == "") != test.same {
			t.Errorf("%s: %q", name, diff)
		}
	}
}

// bin returns a folder with the programs of cmd/ that pages call.
func bin(t *testing.T, names ...string) string {
	t.Helper()
	folder := t.TempDir()
	for _, name := range names {
		path, err := harness.Binary(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}
