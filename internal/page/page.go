// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package page serves the web page on which people watch recordings: one HTML document and the few files that it needs, embedded in the
// binary. The page reads the HTTP interface of the server that serves it (/events and /api/v1/...), with the rights of whoever signed
// in, and writes nothing.
package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// assets holds index.html, which is a template, and what it loads.
//
//go:embed assets
var assets embed.FS

// Options say what the page may show besides what the server sends.
type Options struct {
	// MediaHosts are where posters, players and captions may load from: host, host:port, *.domain, or with http:// or https:// before it, without
	// a path. Without a scheme https is meant. None: outputs are links only.
	MediaHosts []string
	// LogsURL is where the log of a step's Job can be read: an http or https URL in which {namespace} and {job} are replaced by the
	// page. Empty: no links to logs.
	LogsURL string
	// Heartbeat is how often the server writes to an idle stream. A page that heard nothing for three times as long connects again.
	// Zero means 15 s.
	Heartbeat time.Duration
}

// file is one served file, with what a client needs to keep it.
type file struct {
	contents    []byte
	contentType string
	etag        string
}

// contentTypes of the embedded files, which must not depend on the machine's own table of types.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// Check returns an error that says which option to correct, by its value.
func (o Options) Check() error {
	_, err := mediaSources(o.MediaHosts)
	return errors.Join(err, checkLogsURL(o.LogsURL))
}

// Handler serves the page at / and its files below /assets/, and answers 404 to any other path and 405 to any method but GET and HEAD.
// The error says which option to correct.
func Handler(o Options) (http.Handler, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	sources, _ := mediaSources(o.MediaHosts) // checked
	if o.Heartbeat <= 0 {
		o.Heartbeat = 15 * time.Second
	}
	files, err := load(map[string]any{
		"MediaSources":     strings.Join(sources, " "),
		"LogsURL":          o.LogsURL,
		"HeartbeatSeconds": o.Heartbeat.Seconds(),
	})
	if err != nil {
		return nil, err
	}
	policy := contentSecurityPolicy(sources)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(w, r, files, policy) }), nil
}

// load reads the embedded files, by the path at which each is served.
func load(values map[string]any) (map[string]file, error) {
	files := map[string]file{}
	err := fs.WalkDir(assets, "assets", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		contents, err := assets.ReadFile(name)
		if err != nil {
			return err
		}
		at := "/" + name
		if name == "assets/index.html" {
			at = "/"
			if contents, err = render(contents, values); err != nil {
				return err
			}
		}
		contentType, ok := contentTypes[path.Ext(name)]
		if !ok {
			return fmt.Errorf("%s: its content type is not known", name)
		}
		digest := sha256.Sum256(contents)
		files[at] = file{contents: contents, contentType: contentType, etag: `"` + hex.EncodeToString(digest[:16]) + `"`}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the page: %w", err)
	}
	return files, nil
}

func render(contents []byte, values map[string]any) ([]byte, error) {
	page, err := template.New("index.html").Option("missingkey=error").Parse(string(contents))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := page.Execute(&out, values); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func serve(w http.ResponseWriter, r *http.Request, files map[string]file, policy string) {
	header := w.Header()
	setSecurityHeaders(header, policy)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "use GET", http.StatusMethodNotAllowed)
		return
	}
	found, ok := files[r.URL.Path]
	if !ok {
		http.Error(w, "page not found; the recordings are at /", http.StatusNotFound)
		return
	}
	header.Set("Content-Type", found.contentType)
	header.Set("ETag", found.etag)
	// Asked for again each time, so that all files are of one version right after an upgrade; what has not changed is answered 304.
	header.Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(found.contents))
}
