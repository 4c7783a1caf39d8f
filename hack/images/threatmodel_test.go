// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestThreatModelIsChecked: hack/threatmodel.sh accepts the page as it is, and no page on which a promise has no test of its own.
func TestThreatModelIsChecked(t *testing.T) {
	page := readText(t, "docs/explanation/security.md")
	const row, never = "| guessing the URL | endpoint token, compared in constant time; wrong guesses are limited | `TestEndpointToken`, `TestLimitDoesNotRevealTheToken` |", "## What the operator never does"
	replace := func(old, with string) string {
		if !strings.Contains(page, old) {
			t.Fatalf("the page has no %q", old)
		}
		return strings.Replace(page, old, with, 1)
	}
	before, after, _ := strings.Cut(page, never)
	for name, test := range map[string]struct{ page, want string }{
		"as it is":                       {page, ""},
		"empty":                          {"", "there is no section"},
		"a row without a test":           {replace(row, "| a | b | |"), "no test upholds"},
		"a row with prose for a test":    {replace(row, "| a | b | tested by hand |"), "no test upholds"},
		"a test in another cell":         {replace(row, "| a | b, `TestEndpointToken` | |"), "no test upholds"},
		"a test that is gone":            {replace("`TestEndpointToken`", "`TestThatIsGone`"), "there are 0 tests TestThatIsGone"},
		"a name that several tests have": {replace("`TestEndpointToken`", "`TestAnswers`"), "tests TestAnswers"},
		"a helper that is no test":       {replace("`TestEndpointToken`", "`TestMain`"), "there are 0 tests TestMain"},
		"a column of another name":       {replace("| attack | defence | test |", "| attack | defence | tests |"), "the last column"},
		"a table without the column":     {replace("| attack | defence | test |\n|---|---|---|", "| attack | defence |\n|---|---|"), "the last column"},
		"a section without a table":      {replace("## 2. ", "## 1. Empty\n\n## 2. "), "the section before has no promise"},
		"an indented row":                {replace(row, row+"\n  | a | b | |"), "no test upholds"},
		"a second table":                 {replace(row, row+"\n\n| attack | defence |\n|---|---|\n| a | b |"), "the last column"},
		"never, under another title":     {replace(never, "## What it never does"), "there is no section"},
		"never, without a test":          {before + never + "\n\n- It does no harm." + after, "no test upholds"},
		"never, with another bullet":     {before + never + "\n\n* It does no harm." + after, "no test upholds"},
		"never, without items":           {before + never + "\n", "the section before has no promise"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "security.md")
			if err := os.WriteFile(file, []byte(test.page), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.CommandContext(t.Context(), filepath.Join(root, "hack/threatmodel.sh"), file).CombinedOutput()
			if (err == nil) != (test.want == "") || !strings.Contains(string(out), test.want) {
				t.Errorf("it ends with %v, want %q:\n%s", err, test.want, out)
			}
		})
	}
}
