// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package routes

import (
	"crypto/rand"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const goodToken = "3f9c0d71be52a846"

var epoch = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// tokenFile returns the path of a file with a token.
func tokenFile(t testing.TB, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	writeFile(t, path, content)
	return path
}

func writeFile(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestTokenFilesThatCannotBeUsed: a token that could be guessed is refused at the
// start, with the way to a better one, and never appears in the error.
func TestTokenFilesThatCannotBeUsed(t *testing.T) {
	folder := t.TempDir()
	for name, tc := range map[string]struct{ content, want string }{
		"empty":           {"", "has 0 tokens"},
		"blank lines":     {"\n \n", "has 0 tokens"},
		"three tokens":    {goodToken + "\n" + goodToken + "x\n" + goodToken + "y", "has 3 tokens; it must have one, or two"},
		"short":           {"3f9c0d71be52a84", "line 1: the token must have 16 to 256 letters"},
		"short, second":   {goodToken + "\n\nabc", "line 3: the token must have"},
		"spaces":          {"3f9c0d71 be52a846", "must have 16 to 256 letters, digits, or any of -_.~"},
		"slash":           {"3f9c0d71/be52a846", "must have 16 to 256"},
		"escape":          {"3f9c0d71%2Fbe52a846", "must have 16 to 256"},
		"long":            {strings.Repeat("3f9c0d71be52a846", 16) + "x", "must have 16 to 256"},
		"huge":            {strings.Repeat("a", maxTokenFileBytes+1), "larger than 4096 bytes"},
		"one character":   {"aaaaaaaaaaaaaaaaaaaaaaaa", "fewer than 6 different characters"},
		"few characters":  {"ababcabdcbadacbdabcdabca", "fewer than 6 different characters"},
		"repeated":        {"sesame7.sesame7.sesame7.", "it repeats a short text"},
		"repeated, cut":   {"sesame7.sesame7.sesa", "it repeats a short text"},
		"a common word":   {"my-Password-2026-x", "it contains a common word"},
		"a placeholder":   {"changeme-changeme-1", "it contains a common word"},
		"the alphabet":    {"abcdefghijklmnop", "follow each other in the alphabet"},
		"backwards":       {"9876543210zyxwvutsrqponm", "follow each other in the alphabet"},
		"counted":         {"0123456789012345", "follow each other in the alphabet"},
		"counted in hexa": {"0123456789abcdef", "follow each other in the alphabet"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(folder, strings.ReplaceAll(name, " ", ""))
			writeFile(t, path, tc.content)
			_, err := Open(Options{EndpointTokenFile: path})
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.HasPrefix(err.Error(), "--endpoint-token-file: "+path) {
				t.Fatalf("error %v, want %s", err, tc.want)
			}
			if content := strings.TrimSpace(tc.content); content != "" && strings.Contains(err.Error(), content) {
				t.Errorf("the token is in the error: %v", err)
			}
			if name != "huge" && !strings.Contains(err.Error(), "openssl rand -hex 24") {
				t.Errorf("error %v does not say how to make one", err)
			}
		})
	}
	for name, path := range map[string]string{"missing": filepath.Join(folder, "missing"), "a folder": folder} {
		t.Run(name, func(t *testing.T) {
			if _, err := Open(Options{ClientTokenFile: path}); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestRandomTokensAreStrong, as short as they may be.
func TestRandomTokensAreStrong(t *testing.T) {
	for range 2000 {
		var random [12]byte
		if _, err := rand.Read(random[:]); err != nil {
			t.Fatal(err)
		}
		if token := hex.EncodeToString(random[:]); weakness(token) != "" {
			t.Errorf("%s: %s", token, weakness(token))
		}
	}
}

// TestTokenRotation: two tokens are valid while they are exchanged, and a file
// that cannot be used leaves those that were.
func TestTokenRotation(t *testing.T) {
	const next, client, clientToken = "c4a81e95d07b36f2", "66f1c0a99d3e4b72", "a-token-for-the-apps"
	now := epoch
	var reported []string
	path := tokenFile(t, goodToken)
	table, err := Open(Options{
		Namespace: "meetings", EndpointTokenFile: path, ClientTokenFile: tokenFile(t, client+"\n"+clientToken+"\n"),
		Now: func() time.Time { return now }, OnError: func(err error) { reported = append(reported, err.Error()) },
	})
	if err != nil {
		t.Fatal(err)
	}
	check := func(when string, old, renewed bool, reports int) {
		t.Helper()
		for token, valid := range map[string]bool{goodToken: old, next: renewed, client: false} {
			if got := table.Webhook(token) == "meetings"; got != valid {
				t.Errorf("%s: %s is valid: %t", when, token, got)
			}
		}
		for token, valid := range map[string]bool{client: true, clientToken: true, goodToken: false, "": false} {
			if got := table.Client(token) == "meetings"; got != valid {
				t.Errorf("%s: client token %s is valid: %t", when, token, got)
			}
		}
		if len(reported) != reports {
			t.Errorf("%s: reported %q", when, reported)
		}
		now = now.Add(time.Second)
	}
	check("at first", true, false, 0)
	writeFile(t, path, goodToken+"\n"+next+"\n")
	check("while they are exchanged", true, true, 0)
	writeFile(t, path, next)
	check("afterwards", false, true, 0)
	writeFile(t, path, "aaaaaaaaaaaaaaaa")
	check("with a weak token", false, true, 1)
	check("with the same weak token", false, true, 1)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	check("removed", false, true, 2)
	if !strings.Contains(reported[0], "--endpoint-token-file: ") || !strings.Contains(reported[0], "the last good content stays in use") {
		t.Errorf("reported %q", reported[0])
	}
}
