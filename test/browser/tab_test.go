// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// tab is a page in a profile of its own. What breaks the Content-Security-Policy, and every exception that nothing caught, fails its test.
type tab struct {
	t   testing.TB
	ctx context.Context

	mu       sync.Mutex
	problems []string
	failed   []string // requests, as the console reports them
}

// watchPolicy notes in the page what its Content-Security-Policy kept from happening.
const watchPolicy = `globalThis.violations = [];
addEventListener("securitypolicyviolation", (e) => violations.push(e.effectiveDirective + " " + e.blockedURI));`

func newTab(t testing.TB) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext())
	b := &tab{t: t, ctx: ctx}
	messages := chromedp.Console(ctx)
	read := make(chan struct{})
	go func() {
		defer close(read)
		for message, err := range messages {
			if err != nil {
				return
			}
			b.note(message)
		}
	}()
	t.Cleanup(func() {
		if t.Failed() {
			b.screenshot("failed-" + strings.ReplaceAll(t.Name(), "/", "-"))
		}
		b.audit()
		cancel()
		<-read
	})
	call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watchPolicy})
	b.look(1280, 800, "light")
	return b
}

// note keeps what the console reports. Answers that are no success are no problem: the tests ask for them.
func (b *tab) note(message chromedp.ConsoleMessage) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case message.IsException() || strings.Contains(message.Text, "Content Security Policy") || message.Type == "error" && message.Source != "network":
		b.problems = append(b.problems, message.String())
	case message.Type == "error":
		b.failed = append(b.failed, message.String())
	}
}

// audit fails the test where something was noted.
func (b *tab) audit() {
	b.t.Helper()
	if violations := eval[[]string](b, `globalThis.violations ?? []`); len(violations) > 0 {
		b.t.Errorf("the Content-Security-Policy was violated: %q", violations)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.problems) > 0 {
		b.t.Errorf("the console has %q", b.problems)
	}
}

// call sends a command of the browser's protocol.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	result, err := chromedp.Call(b.ctx, command, params)
	if err != nil {
		b.t.Fatalf("%s: %v", command.Method, err)
	}
	return result
}

// eval evaluates an expression in the page, or waits for its promise.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("evaluating %s: %v", expression, err)
	}
	return value
}

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// open loads a page, and what is loaded already again.
func (b *tab) open(url string) {
	b.t.Helper()
	if eval[string](b, `location.origin + location.pathname`) == strings.SplitN(url, "#", 2)[0] {
		b.audit()
		b.do(chromedp.Navigate("about:blank"))
	}
	b.do(chromedp.Navigate(url))
}

// await waits until an expression is true in the page.
func (b *tab) await(what, expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, harness.Patience)
	defer cancel()
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if err == nil && ok {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			seen, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body.innerText`))
			b.mu.Lock()
			defer b.mu.Unlock()
			b.t.Fatalf("waiting for %s: %v\nfailed requests: %q\nthe page says:\n%s", what, err, b.failed, seen)
		}
	}
}

// awaitText waits until some element that fits the selector shows the text.
func (b *tab) awaitText(selector, text string) {
	b.t.Helper()
	b.await(fmt.Sprintf("%q in %s", text, selector), fmt.Sprintf(
		`[...document.querySelectorAll(%q)].some((e) => e.checkVisibility() && e.innerText.includes(%q))`, selector, text))
}

// awaitView waits until the page shows one of its views.
func (b *tab) awaitView(view string) {
	b.t.Helper()
	b.await("the view "+view, fmt.Sprintf(`document.getElementById("main")?.dataset.view === %q`, view))
}

func (b *tab) click(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector)))
}

// enter types a text into a field, in place of what is there.
func (b *tab) enter(selector, text string) {
	b.t.Helper()
	eval[chromedp.Void](b, fmt.Sprintf(`document.querySelector(%q).select()`, selector))
	b.do(chromedp.Focus(chromedp.CSS(selector)), chromedp.SendKeys(chromedp.CSS(selector), text))
}

func (b *tab) press(keys string, options ...chromedp.KeyOption) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys, options...))
}

// look sets the size of the window and the colour scheme. Nothing moves, but where a test asks for it.
func (b *tab) look(width, height int64, scheme string) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(width, height))
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

// screenshot keeps a picture of what is seen.
func (b *tab) screenshot(name string) {
	b.t.Helper()
	picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(screenshots, name+".png"), picture, 0o644)
	}
	if err != nil {
		b.t.Errorf("the screenshot %s: %v", name, err)
	}
}

// withToken has the tab signed in as one of the world's ServiceAccounts.
func (b *tab) withToken(w *world, account string) {
	b.t.Helper()
	call(b, network.SetCookie, network.SetCookieParams{Name: "mrec-session", Value: w.token(b.t, account), URL: w.url(""), HTTPOnly: ptrTo(true)})
}

func ptrTo[T any](v T) *T { return &v }

// rows returns the meetings that the list shows, from top to bottom, with what their badges say.
func (b *tab) rows() []string {
	b.t.Helper()
	return eval[[]string](b, `[...document.querySelectorAll("tr.row")].filter((e) => e.checkVisibility())
		.map((e) => e.querySelector("a").innerText + ": " + e.querySelector(".badge").innerText)`)
}

// awaitRows waits until the list shows these, as rows returns them.
func (b *tab) awaitRows(want ...string) {
	b.t.Helper()
	harness.Eventually(b.t, fmt.Sprintf("the rows %q", want), func(context.Context) error {
		if got := b.rows(); !slices.Equal(got, want) {
			return fmt.Errorf("they are %q", got)
		}
		return nil
	})
}

// awaitSaid waits until those who hear the page are told something.
func (b *tab) awaitSaid(text string) {
	b.t.Helper()
	b.await("to hear "+text, fmt.Sprintf(`document.getElementById("announcer").textContent.includes(%q)`, text))
}
