// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extensionast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// page is one Markdown file.
type page struct {
	// path is relative to the root, with slashes.
	path string
	// counted pages are those whose words and sentences count: README.md and docs/.
	counted bool
	source  []byte

	anchors map[string]bool
	links   []string
	blocks  []block
	prose   []sentence
	// opens reports whether an example is among the first two blocks after the title.
	opens bool
}

// block is a fenced code block.
type block struct {
	// language and class are the two words of its info string, such as sh and cluster.
	language, class string
	lines           []string
}

// sentence is a sentence of prose, or of a table's cell.
type sentence struct {
	text string
	cell bool
}

func (s sentence) words() int { return words(s.text) }

// words counts the tokens that have a letter or a digit.
func words(text string) int {
	n := 0
	for _, token := range strings.Fields(text) {
		if strings.ContainsFunc(token, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
			n++
		}
	}
	return n
}

var parser = goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser()

func parse(path string, counted bool, source []byte) *page {
	p := &page{path: path, counted: counted, source: source, anchors: map[string]bool{}}
	document := parser.Parse(text.NewReader(source))
	examples := 0
	for node := document.FirstChild(); node != nil && examples < 2; node = node.NextSibling() {
		switch node.Kind() {
		case ast.KindHeading, ast.KindHTMLBlock:
			continue
		case ast.KindFencedCodeBlock:
			p.opens = true
		}
		examples++
	}
	_ = ast.Walk(document, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			p.visit(node)
		}
		return ast.WalkContinue, nil
	})
	return p
}

func (p *page) visit(node ast.Node) {
	switch node := node.(type) {
	case *ast.Heading:
		p.addAnchor(p.plain(node))
	case *ast.Link:
		p.links = append(p.links, string(node.Destination))
	case *ast.Image:
		p.links = append(p.links, string(node.Destination))
	case *ast.FencedCodeBlock:
		language, class := "", ""
		if node.Info != nil {
			language, class, _ = strings.Cut(string(node.Info.Value(p.source)), " ")
		}
		lines := strings.Split(strings.TrimSuffix(string(node.Lines().Value(p.source)), "\n"), "\n")
		p.blocks = append(p.blocks, block{language, class, lines})
	case *ast.Paragraph, *ast.TextBlock:
		p.addSentences(p.plain(node), false)
	case *extensionast.TableCell:
		p.addSentences(p.plain(node), true)
	}
}

// plain is the text of a node without its markup.
func (p *page) plain(node ast.Node) string {
	var out strings.Builder
	_ = ast.Walk(node, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text:
			out.Write(n.Value(p.source))
			if n.SoftLineBreak() || n.HardLineBreak() {
				out.WriteByte(' ')
			}
		case *ast.AutoLink:
			out.Write(n.Label(p.source))
		case *ast.String:
			out.Write(n.Value)
		}
		return ast.WalkContinue, nil
	})
	return out.String()
}

var notInAnchor = regexp.MustCompile(`[^\p{L}\p{N}_\- ]`)

// addAnchor adds the anchor that GitHub makes of a heading.
func (p *page) addAnchor(heading string) {
	p.anchors[strings.ReplaceAll(notInAnchor.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")] = true
}

// endOfSentence is where a sentence ends and another begins: "1.5 times" and "api.md" have no end in them.
var endOfSentence = regexp.MustCompile("[.!?][)\"]?\\s+")

func (p *page) addSentences(text string, cell bool) {
	for _, part := range endOfSentence.Split(text, -1) {
		if words(part) > 0 {
			p.prose = append(p.prose, sentence{strings.TrimSpace(part), cell})
		}
	}
}
