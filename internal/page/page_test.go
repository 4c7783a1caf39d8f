// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func handler(t *testing.T, o Options) http.Handler {
	t.Helper()
	h, err := Handler(o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func get(t *testing.T, h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, request)
	return recorder
}

func TestAnswers(t *testing.T) {
	h := handler(t, Options{})
	for _, c := range []struct {
		method, target string
		status         int
		contentType    string
		body           string
	}{
		{http.MethodGet, "/", 200, "text/html; charset=utf-8", "<title>Meeting recordings</title>"},
		{http.MethodGet, "/?token=x", 200, "text/html; charset=utf-8", "<main"},
		{http.MethodHead, "/", 200, "text/html; charset=utf-8", ""},
		{http.MethodGet, "/assets/app.js", 200, "text/javascript; charset=utf-8", "import"},
		{http.MethodGet, "/assets/base.css", 200, "text/css; charset=utf-8", "color-scheme"},
		{http.MethodGet, "/assets/mark.svg", 200, "image/svg+xml", "<svg"},
		{http.MethodGet, "/assets/", 404, "text/plain; charset=utf-8", "page not found"},
		{http.MethodGet, "/assets/index.html", 404, "text/plain; charset=utf-8", "page not found"},
		{http.MethodGet, "/recordings", 404, "text/plain; charset=utf-8", "the recordings are at /"},
		{http.MethodPost, "/", 405, "text/plain; charset=utf-8", "use GET"},
	} {
		t.Run(c.method+" "+c.target, func(t *testing.T) {
			answer := get(t, h, c.method, c.target)
			if answer.Code != c.status || answer.Header().Get("Content-Type") != c.contentType {
				t.Errorf("answered %d %s, want %d %s", answer.Code, answer.Header().Get("Content-Type"), c.status, c.contentType)
			}
			if !strings.Contains(answer.Body.String(), c.body) {
				t.Errorf("the body lacks %q", c.body)
			}
			if answer.Header().Get("X-Content-Type-Options") != "nosniff" || answer.Header().Get("Content-Security-Policy") == "" {
				t.Errorf("headers are %v", answer.Header())
			}
		})
	}
}

// TestUnchangedFiles sees that a file is sent once for as long as it stays the same.
func TestUnchangedFiles(t *testing.T) {
	h := handler(t, Options{})
	tag := get(t, h, http.MethodGet, "/assets/app.js").Header().Get("ETag")
	if again := get(t, h, http.MethodGet, "/assets/app.js", "If-None-Match", tag); again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("answered %d with %d bytes", again.Code, again.Body.Len())
	}
	other := handler(t, Options{LogsURL: "https://logs.example.com/{job}"})
	if get(t, other, http.MethodGet, "/").Header().Get("ETag") == get(t, h, http.MethodGet, "/").Header().Get("ETag") {
		t.Error("pages with other options have the same tag")
	}
}

func TestPolicy(t *testing.T) {
	const before = "default-src 'none'; script-src 'self'; style-src 'self'; "
	const after = "; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
	for _, c := range []struct {
		hosts []string
		want  string
	}{
		{nil, "connect-src 'self'; img-src 'self'; media-src 'none'"},
		{[]string{"Media.example.com", "http://localhost:9000", "*.cdn.example.com"},
			"connect-src 'self' https://media.example.com http://localhost:9000 https://*.cdn.example.com; img-src 'self' https://media.example.com http://localhost:9000 https://*.cdn.example.com; media-src https://media.example.com http://localhost:9000 https://*.cdn.example.com"},
	} {
		got := get(t, handler(t, Options{MediaHosts: c.hosts}), http.MethodGet, "/").Header().Get("Content-Security-Policy")
		if diff := cmp.Diff(before+c.want+after, got); diff != "" {
			t.Errorf("policy with %v (-want +got):\n%s", c.hosts, diff)
		}
	}
}

func TestOptionsReachThePage(t *testing.T) {
	body := get(t, handler(t, Options{MediaHosts: []string{"media.example.com"}, LogsURL: `https://logs.example.com/?q="{job}"`, Heartbeat: 20 * time.Second}),
		http.MethodGet, "/").Body.String()
	for _, want := range []string{
		`<meta name="mrec-media-sources" content="https://media.example.com">`,
		`<meta name="mrec-logs-url" content="https://logs.example.com/?q=&#34;{job}&#34;">`,
		`<meta name="mrec-heartbeat-seconds" content="20">`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestOptionsToMend(t *testing.T) {
	for name, c := range map[string]struct {
		options Options
		want    string
	}{
		"a path":              {Options{MediaHosts: []string{"example.com/media"}}, `media host "example.com/media": want a host`},
		"a second directive":  {Options{MediaHosts: []string{"example.com; script-src *"}}, "want a host"},
		"any host":            {Options{MediaHosts: []string{"*"}}, "want a host"},
		"another scheme":      {Options{MediaHosts: []string{"data://x"}}, "want a host"},
		"nothing":             {Options{MediaHosts: []string{""}}, "want a host"},
		"logs by script":      {Options{LogsURL: "javascript:alert('{job}')"}, "want an http or https URL"},
		"logs without a host": {Options{LogsURL: "/logs/{job}"}, "want an http or https URL"},
		"logs without a Job":  {Options{LogsURL: "https://logs.example.com/"}, "{job} is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Handler(c.options); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want one with %q", err, c.want)
			}
		})
	}
}

// TestNothingInline sees that the files are such as the policy lets run, and that no text is made into markup.
func TestNothingInline(t *testing.T) {
	forbidden := regexp.MustCompile(`(?i)\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|DOMParser|setHTMLUnsafe)|\sstyle=|<style|\son[a-z]+=|<script>|javascript:[a-z]`)
	err := fs.WalkDir(assets, "assets", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		contents, err := assets.ReadFile(name)
		if err != nil {
			return err
		}
		if found := forbidden.Find(contents); found != nil {
			t.Errorf("%s has %q", name, found)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
