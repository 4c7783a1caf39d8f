// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/meetingops/meeting-recording-operator/internal/page"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// TestBrowserKeepsThePolicy sees that the browser keeps the page to its Content-Security-Policy, and that the tests would notice.
func TestBrowserKeepsThePolicy(t *testing.T) {
	handler, err := page.Handler(page.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	b := newTab(t)
	b.do(chromedp.Navigate(server.URL + "/"))
	b.awaitView("problem") // there is no API behind it
	b.awaitText("main", "The recordings could not be loaded: the server answered 404.")

	if got := eval[string](b, `(() => { try { document.body.innerHTML = "<b>x</b>"; return "taken"; } catch (e) { return e.name; } })()`); got != "TypeError" {
		t.Errorf("text as markup: %s", got)
	}
	eval[chromedp.Void](b, `new Image().src = "http://127.0.0.1:9/x.png"; undefined`)
	b.await("the violation", `violations.some((v) => v.startsWith("img-src"))`)
	harness.Eventually(t, "the console to tell of it", func(context.Context) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		if len(b.problems) < 2 {
			return errors.New("it does not")
		}
		b.problems = nil
		return nil
	})
	eval[chromedp.Void](b, `violations.length = 0; undefined`)
}

// TestScriptNotLoaded: a page of which a script could not be loaded loads itself again.
func TestScriptNotLoaded(t *testing.T) {
	handler, err := page.Handler(page.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/assets/sse.js" && asked.Add(1) == 1 {
			http.Error(w, "not now", http.StatusServiceUnavailable)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	b := newTab(t)
	b.do(chromedp.Navigate(server.URL + "/"))
	b.awaitText("#starting", "Trying again…")
	b.awaitView("problem") // it runs: there is no API behind it
}
