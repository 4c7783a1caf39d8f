// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/openvex/go-vex/pkg/vex"
)

const (
	scanned = `{"config":{"scan_mode":"binary","scan_level":"symbol"}} {"SBOM":{"roots":["example.com/cmd/manager"]}} `
	text    = `{"osv":{"id":"GO-1","summary":"It hangs.","aliases":["CVE-1","GHSA-1"]}} `
	network = `{"osv":{"id":"GO-2","details":"It leaks.","aliases":["CVE-2"]}} `
	library = `{"osv":{"id":"GO-3","summary":"It crashes.","aliases":["CVE-3"]}} `
)

func finding(id, module, version, function string) string {
	return fmt.Sprintf(`{"finding":{"osv":%q,"fixed_version":"v0.9.0","trace":[{"module":%q,"version":%q,"function":%q}]}} `, id, module, version, function)
}

// TestVEXStatements reads the document as Trivy does: by the address of the image and that of the module.
func TestVEXStatements(t *testing.T) {
	found := report{}
	for _, output := range []string{
		scanned + text + network + library + finding("GO-1", "golang.org/x/text", "v0.4.0", "") + finding("GO-2", "golang.org/x/net", "v0.5.0", "") +
			finding("GO-3", "stdlib", "v1.26.1", ""),
		scanned, // a program without a finding
		scanned + text + network + finding("GO-2", "golang.org/x/net", "v0.5.0", "Dial") + finding("GO-2", "golang.org/x/net", "v0.5.0", "") +
			finding("GO-1", "golang.org/x/text", "v0.4.0", ""),
	} {
		if err := found.add(strings.NewReader(output)); err != nil {
			t.Fatal(err)
		}
	}
	document, err := found.document([]string{"ghcr.io/example/operator", "ghcr.io/example/operator-media"})
	if err != nil {
		t.Fatal(err)
	}
	image := func(name string) string {
		return "pkg:oci/" + name + "@sha256:0123?arch=amd64&repository_url=ghcr.io%2Fexample%2F" + name
	}
	for name, test := range map[string]struct {
		vulnerability, image, module string
		want                         vex.Status
	}{
		"in no program":            {"CVE-1", image("operator"), "pkg:golang/golang.org/x/text@v0.4.0", vex.StatusNotAffected},
		"by another name":          {"GHSA-1", image("operator"), "pkg:golang/golang.org/x/text@v0.4.0", vex.StatusNotAffected},
		"the other image":          {"CVE-1", image("operator-media"), "pkg:golang/golang.org/x/text@v0.4.0", vex.StatusNotAffected},
		"the standard library":     {"CVE-3", image("operator"), "pkg:golang/stdlib@v1.26.1", vex.StatusNotAffected},
		"in one program of three":  {"CVE-2", image("operator"), "pkg:golang/golang.org/x/net@v0.5.0", vex.StatusAffected},
		"an image of others":       {"CVE-1", image("theirs"), "pkg:golang/golang.org/x/text@v0.4.0", ""},
		"another version":          {"CVE-1", image("operator"), "pkg:golang/golang.org/x/text@v0.3.0", ""},
		"another module":           {"CVE-1", image("operator"), "pkg:golang/golang.org/x/net@v0.5.0", ""},
		"a vulnerability unheard":  {"CVE-9", image("operator"), "pkg:golang/golang.org/x/text@v0.4.0", ""},
		"a program, not its image": {"CVE-1", "pkg:golang/example.com/cmd", "pkg:golang/golang.org/x/text@v0.4.0", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got vex.Status
			for _, statement := range document.Matches(test.vulnerability, test.image, []string{test.module}) {
				got = statement.Status
			}
			if got != test.want {
				t.Errorf("the status is %q, want %q", got, test.want)
			}
		})
	}
	if document.ID == "" || document.Author != author {
		t.Errorf("the document is %q of %q", document.ID, document.Author)
	}
}

// TestNothingCountsAsAbsentUnseen: what was not scanned to its end, and for functions, is an error.
func TestNothingCountsAsAbsentUnseen(t *testing.T) {
	for name, output := range map[string]string{
		"nothing":                  "",
		"no program":               `{"config":{"scan_mode":"binary","scan_level":"symbol"}}`,
		"modules only":             `{"config":{"scan_mode":"binary","scan_level":"module"}} {"SBOM":{"roots":["x"]}}`,
		"source":                   `{"config":{"scan_mode":"source","scan_level":"symbol"}} {"SBOM":{"roots":["x"]}}`,
		"cut off":                  scanned + text[:20],
		"text":                     "No vulnerabilities found.",
		"found but not described":  scanned + finding("GO-1", "golang.org/x/text", "v0.4.0", ""),
		"a finding without module": scanned + text + `{"finding":{"osv":"GO-1"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			if err := (report{}).add(strings.NewReader(output)); err == nil {
				t.Error("no error")
			}
		})
	}
	if err := run(nil, []string{"x"}); err == nil {
		t.Error("no error without an image")
	}
	if err := run([]string{"x"}, []string{t.TempDir() + "/missing"}); err == nil {
		t.Error("no error without the file")
	}
}
