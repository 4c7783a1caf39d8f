// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

var axe = sync.OnceValues(func() (string, error) {
	script, err := os.ReadFile(filepath.Join("testdata", "axe", "axe.min.js"))
	return string(script), err
})

// violation is a rule of axe-core that the page breaks.
type violation struct {
	ID, Help string
	Nodes    []string
}

// accessible fails the test where axe-core finds something in what is shown now, by any of its rules.
func (b *tab) accessible(state string) {
	b.t.Helper()
	for _, v := range b.violations() {
		b.t.Errorf("%s: %s: %s\n%s", state, v.ID, v.Help, strings.Join(v.Nodes, "\n"))
	}
}

func (b *tab) violations() []violation {
	b.t.Helper()
	script, err := axe()
	if err != nil {
		b.t.Fatal(err)
	}
	if !eval[bool](b, `"axe" in globalThis`) {
		eval[chromedp.Void](b, script+"\n;undefined")
	}
	return eval[[]violation](b, `axe.run(document, {resultTypes: ["violations"]}).then(({violations}) =>
		violations.map(({id, help, nodes}) => ({ID: id, Help: help, Nodes: nodes.map((n) => n.html + "\n" + n.failureSummary)})))`)
}

// TestAxe sees that axe-core is the file that testdata/axe reports, and that it finds what is wrong.
func TestAxe(t *testing.T) {
	script, err := axe()
	if err != nil {
		t.Fatal(err)
	}
	told, err := os.ReadFile(filepath.Join("testdata", "axe", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte(script))
	if !strings.Contains(string(told), hex.EncodeToString(digest[:])) {
		t.Errorf("axe.min.js has the SHA-256 %x, which its README.md does not tell", digest)
	}
	b := newTab(t)
	b.do(chromedp.Navigate(`data:text/html,<!doctype html><title>x</title><main><h1>x</h1><input></main>`))
	found := b.violations()
	if len(found) == 0 || !strings.Contains(found[0].ID+found[len(found)-1].ID, "label") {
		t.Errorf("an input without a label: found %v", found)
	}
}
