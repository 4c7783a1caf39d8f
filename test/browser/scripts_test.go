// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/meetingops/meeting-recording-operator/internal/page"
)

// TestScripts runs the tests of the page's own logic, testdata/scripts/*.test.js, in the browser that it is written for.
func TestScripts(t *testing.T) {
	handler, err := page.Handler(page.Options{})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/assets/", handler)
	mux.Handle("/tests/", http.StripPrefix("/tests/", http.FileServer(http.Dir("testdata/scripts"))))
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `<!doctype html><title>tests</title><link rel="icon" href="data:,"><script type="module" src="/tests/all.js"></script>`)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	b := newTab(t)
	b.do(chromedp.Navigate(server.URL + "/"))
	b.await("the tests to end", `globalThis.results`)
	results := eval[[]struct{ Name, Error string }](b, `results.map(({name, error}) => ({Name: name, Error: error}))`)
	if len(results) < 20 {
		t.Errorf("only %d tests ran", len(results))
	}
	for _, result := range results {
		t.Run(result.Name, func(t *testing.T) {
			if result.Error != "" {
				t.Error(result.Error)
			}
		})
	}
}
