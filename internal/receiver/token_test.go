// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const goodToken = "abcdefghijklmnop"

func writeToken(t testing.TB, content string) *TokenFile {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	writeFile(t, path, content)
	token, err := NewEndpointToken(path, time.Now, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func writeFile(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestEndpointToken(t *testing.T) {
	f := newFixture(t, recordedAlways)
	f.Token = writeToken(t, "  "+goodToken+"\n")
	for _, tc := range []struct {
		name, method, path string
		status             int
	}{
		{"the token", "POST", WebhookPath + "/" + goodToken, 200},
		{"the token, escaped", "POST", WebhookPath + "/%61" + goodToken[1:], 200},
		{"no token", "POST", WebhookPath, 404},
		{"an empty token", "POST", WebhookPath + "/", 404},
		{"another token", "POST", WebhookPath + "/" + goodToken + "q", 404},
		{"a part of the token", "POST", WebhookPath + "/" + goodToken[1:], 404},
		{"more behind the token", "POST", WebhookPath + "/" + goodToken + "/", 404},
		{"the token alone", "POST", "/" + goodToken, 404},
		{"GET with the token", "GET", WebhookPath + "/" + goodToken, 405},
		{"GET without the token", "GET", WebhookPath, 404},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			f.ServeHTTP(w, request{method: tc.method, path: tc.path, body: goodBody}.build(t))
			if w.Code != tc.status {
				t.Errorf("status %d, want %d", w.Code, tc.status)
			}
		})
	}
}

func TestEndpointTokenFilesThatWillNotDo(t *testing.T) {
	folder := t.TempDir()
	for name, content := range map[string]string{
		"empty": "", "short": "abcdefghijklmno", "spaces": "abcdefgh ijklmnop", "slash": "abcdefgh/ijklmnop",
		"escape": "abcdefgh%2Fijklmnop", "two lines": goodToken + "\n" + goodToken, "long": strings.Repeat("a", 257),
		"huge": strings.Repeat("a", maxTokenFileBytes+1),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(folder, name)
			writeFile(t, path, content)
			_, err := NewEndpointToken(path, time.Now, nil)
			if err == nil || !strings.Contains(err.Error(), path) || (content != "" && strings.Contains(err.Error(), content)) {
				t.Errorf("error %v", err)
			}
		})
	}
	for name, path := range map[string]string{"missing": filepath.Join(folder, "missing"), "a folder": folder} {
		t.Run(name, func(t *testing.T) {
			if _, err := NewEndpointToken(path, time.Now, nil); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestEndpointTokenIsReadAgain(t *testing.T) {
	now := epoch
	var reported []string
	path := filepath.Join(t.TempDir(), "token")
	writeFile(t, path, goodToken)
	token, err := NewEndpointToken(path, func() time.Time { return now }, func(err error) { reported = append(reported, err.Error()) })
	if err != nil {
		t.Fatal(err)
	}
	const next = "ponmlkjihgfedcba"
	check := func(when string, good, bad string, reports int) {
		t.Helper()
		if !token.matches(WebhookPath+"/"+good) || token.matches(WebhookPath+"/"+bad) {
			t.Errorf("%s: the wrong token is in force", when)
		}
		if len(reported) != reports {
			t.Errorf("%s: reported %q", when, reported)
		}
	}
	check("at first", goodToken, next, 0)
	writeFile(t, path, next)
	check("within the second", goodToken, next, 0)
	now = now.Add(time.Second)
	check("after it", next, goodToken, 0)
	writeFile(t, path, "short")
	now = now.Add(time.Second)
	check("with a bad file", next, goodToken, 1)
	now = now.Add(time.Second)
	check("with the same bad file", next, goodToken, 1)
	writeFile(t, path, goodToken)
	now = now.Add(time.Second)
	check("mended", goodToken, next, 1)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Second)
	check("removed", goodToken, next, 2)
}
