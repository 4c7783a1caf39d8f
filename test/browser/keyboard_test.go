// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"slices"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// focusSeen describes what has the focus, and whether it, or the row that it is in, has an outline.
const focusSeen = `(() => {
	const e = document.activeElement, of = e.closest("tr.row") ?? e;
	const label = e.getAttribute("aria-label") || document.querySelector('label[for="' + e.id + '"]')?.innerText || e.innerText || e.tagName;
	return [label.trim().split("\n")[0], String(getComputedStyle(of).outlineStyle !== "none")];
})()`

// TestKeyboard walks through the page with nothing but a keyboard.
func TestKeyboard(t *testing.T) {
	w := newWorld(t)
	gallery(t, w)
	b := newTab(t)
	b.withToken(w, "viewer")
	b.open(w.url(""))
	b.awaitText("#count", "10 recordings")
	b.awaitText("#link-state", "Live")

	var walked []string
	for range 11 {
		b.press(kb.Tab)
		seen := eval[[]string](b, focusSeen)
		walked = append(walked, seen[0])
		if seen[1] != "true" {
			t.Errorf("the focus on %q cannot be seen", seen[0])
		}
	}
	want := []string{"Skip to the recordings", "Sign out", "Search", "Meeting", "All", "Attention", "Recording", "Processing", "Ready"}
	if !slices.Equal(walked[:len(want)], want) {
		t.Errorf("Tab goes to %q, want %q first", walked, want)
	}
	row := walked[len(want)]
	b.press(kb.Tab, chromedp.KeyModifiers(chromedp.ModifierShift))
	b.press(kb.Enter)
	b.awaitText(".detail h2", row)
	b.await("the focus on its heading", `document.activeElement.id === "detail-title"`)
	b.awaitText(".detail", "Events")
	b.screenshot("keyboard-detail")
	b.press(kb.Tab)
	if got := eval[[]string](b, focusSeen)[0]; got != "Close the recording" {
		t.Errorf("after the heading comes %q", got)
	}
	b.press(kb.Escape)
	b.await("the recording to close", `!document.querySelector(".detail")`)
	if got := eval[[]string](b, focusSeen); got[0] != row || got[1] != "true" {
		t.Errorf("the focus is on %q, want it back on %q", got, row)
	}

	// The skip link leads past the bar, to what is after it.
	b.open(w.url(""))
	b.awaitText("#count", "10 recordings")
	b.press(kb.Tab)
	b.press(kb.Enter)
	b.press(kb.Tab)
	if got := eval[[]string](b, focusSeen)[0]; got != "Search" {
		t.Errorf("after the skip link comes %q", got)
	}
	b.press(kb.Tab)
	b.press(kb.Tab)
	b.press(kb.Tab)
	b.press(" ")
	b.await("the filter", `document.querySelector('[data-group="attention"][aria-pressed="true"]')`)
}

// TestCards sees that the list is a table for those who hear it also where it looks like cards.
func TestCards(t *testing.T) {
	w := newWorld(t)
	gallery(t, w)
	b := newTab(t)
	b.withToken(w, "viewer")
	b.look(phone.width, phone.height, "light")
	b.open(w.url(""))
	b.awaitText("#count", "10 recordings")
	if display := eval[string](b, `getComputedStyle(document.querySelector("tr.row")).display`); display != "grid" {
		t.Errorf("a row is laid out as %s", display)
	}
	counts := map[string]int{}
	for _, node := range call(b, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{}).Nodes {
		if !node.Ignored && node.Role != nil {
			counts[string(node.Role.Value)]++
		}
	}
	for role, least := range map[string]int{`"banner"`: 1, `"main"`: 1, `"search"`: 1, `"table"`: 1, `"columnheader"`: 5, `"row"`: 15, `"rowheader"`: 14, `"status"`: 1} {
		if counts[role] < least {
			t.Errorf("there are %d of the role %s, want %d", counts[role], role, least)
		}
	}
	b.click("tr.row a")
	b.awaitText(".detail", "Events")
	b.await("the list to make room", `!document.querySelector(".list").checkVisibility()`)
	b.click(".close")
	b.await("the list", `document.querySelector(".list").checkVisibility()`)
}

// TestMotion sees that something moves for those who do not mind, and nothing for those who do.
func TestMotion(t *testing.T) {
	w := newWorld(t)
	gallery(t, w)
	b := newTab(t)
	b.withToken(w, "viewer")
	b.open(w.url(""))
	b.awaitText("#count", "10 recordings")
	b.await("nothing to move", `document.getAnimations().length === 0`)
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
	b.await("the sign of a recording that goes on to move", `document.getAnimations().length > 0`)
}
