// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// files are a tree without a problem.
func files() map[string]string {
	return map[string]string{
		"go.mod":                         "module example.com/a\n\ngo 1.26\n\nrequire example.com/b v1.0.0\n",
		"main.go":                        "package main\n\nvar message = \"Event spooled\"\n",
		"a_test.go":                      "package main\n\nfunc TestIt(t *testing.T) {}\n",
		".github/workflows/ci.yaml":      "jobs:\n  a:\n    steps:\n      - run: sudo -E make demo demo-down\n",
		"README.md":                      "# A\n\nSee [the guide](docs/how-to/guide.md#the-second-part), and `TestIt`.\n",
		"CONTRIBUTING.md":                "# C\n",
		"SECURITY.md":                    "# S\n",
		"CHANGELOG.md":                   "# L\n",
		"docs/how-to/guide.md":           "# Guide\n\n```sh ci\nmake demo\n```\n\n## The second part\n\nIt works.\n",
		"docs/reference/dependencies.md": "# D\n\n```text\nx\n```\n\n| `example.com/b` | because |\n",
	}
}

func TestCheck(t *testing.T) {
	guide := "docs/how-to/guide.md"
	long := strings.Repeat("word ", maxSentence+1)
	for name, test := range map[string]struct {
		file, text string
		want       string
	}{
		"nothing":           {"CHANGELOG.md", "# L\n", ""},
		"too many words":    {guide, files()[guide] + strings.Repeat("Short text. ", maxWords/2), "docs: 32016 words, at most 32000: shorten a page"},
		"long sentences":    {guide, files()[guide] + strings.Repeat(strings.Repeat("w ", 30)+". ", 9), "docs: 24.91 words in a sentence, must be below 16"},
		"a long sentence":   {"README.md", "# A\n\n" + long + "end. " + strings.Repeat("Short one. ", 99), "README.md: 42 words in a sentence, at most 40: word word"},
		"a long cell":       {"README.md", "# A\n\n| a |\n|---|\n| " + long + "|\n", "README.md: 41 words in a sentence, at most 40: word word"},
		"a broken link":     {"README.md", "# A\n\n[x](docs/gone.md)\n", "README.md: broken link docs/gone.md"},
		"a broken image":    {"README.md", "# A\n\n![x](a.png)\n", "README.md: broken link a.png"},
		"a broken anchor":   {"README.md", "# A\n\n[x](docs/how-to/guide.md#third)\n", "README.md: broken anchor docs/how-to/guide.md#third"},
		"no such heading":   {"CHANGELOG.md", "# L\n\n[x](#nowhere)\n", "CHANGELOG.md: broken anchor #nowhere"},
		"no language":       {guide, "# G\n\n```\nls\n```\n", guide + `: a block is in ""; commands are sh or console, output is text: ls`},
		"an unknown class":  {guide, "# G\n\n```sh later\nls\n```\n", guide + `: nothing runs blocks of the class "later": ls`},
		"output first":      {guide, "# G\n\n```console\nok\n```\n", guide + `: a console block begins with a command after "$ ": ok`},
		"hidden command":    {guide, "# G\n\n```text\n$ ls\n```\n", guide + ": a block of output has a command, which nothing tests: $ ls"},
		"not in a workflow": {guide, "# G\n\n```sh ci\nmake bench\n```\n", guide + ": no workflow runs: make bench"},
		"not logged":        {guide, "# G\n\n```sh\nkubectl logs a | grep -e \"Event spooled\" -e \"Event lost\"\n```\n", guide + `: no program logs "Event lost"`},
		"no example":        {guide, "# G\n\nOne.\n\nTwo.\n\n```sh\nls\n```\n", guide + ": begin with an example"},
		"no such test":      {"README.md", "# A\n\n`TestGone` shows it.\n", "README.md: no test is named TestGone"},
		"no reason":         {"docs/reference/dependencies.md", "# D\n\n```text\nx\n```\n", "docs/reference/dependencies.md: say why example.com/b is a dependency"},
	} {
		t.Run(name, func(t *testing.T) {
			all := files()
			all[test.file] = test.text
			if test.file == guide {
				all["README.md"] = "# A\n"
			}
			var out strings.Builder
			code := run(write(t, all), &out)
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			problems := lines[:len(lines)-1]
			if test.want == "" {
				if code != 0 || len(problems) > 0 {
					t.Errorf("exit code %d, %v", code, problems)
				}
				return
			}
			if code != 1 || len(problems) != 1 || !strings.HasPrefix(problems[0], test.want) {
				t.Errorf("exit code %d, want 1, and\n%s", code, cmp.Diff([]string{test.want}, problems))
			}
		})
	}
}

// TestSentences: where sentences end, and what counts as a word.
func TestSentences(t *testing.T) {
	p := parse("a.md", true, []byte("# Title\n\nIt takes 1.5 s, see api.md. Next (in brackets.) Third: `a b`!\n\n- One item\n- Another\n\n| a b |\n|---|\n| c |\n"))
	var got []string
	for _, s := range p.prose {
		got = append(got, fmt.Sprintf("%d %v %s", s.words(), s.cell, s.text))
	}
	want := []string{
		"6 false It takes 1.5 s, see api.md", "3 false Next (in brackets", "3 false Third: a b!", "2 false One item", "1 false Another", "2 true a b", "1 true c",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestUnreadable(t *testing.T) {
	var out strings.Builder
	if code := run(t.TempDir(), &out); code != 2 {
		t.Errorf("exit code %d, want 2: %s", code, out.String())
	}
}

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}
