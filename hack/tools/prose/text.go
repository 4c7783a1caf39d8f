// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
)

// sheet has the text of a file, line by line.
type sheet map[int][]string

func (s sheet) add(line int, text string) {
	for i, part := range strings.Split(text, "\n") {
		s[line+i] = append(s[line+i], strings.TrimSpace(part))
	}
}

func (s sheet) bytes() []byte {
	last := 0
	for line := range s {
		last = max(last, line)
	}
	var out strings.Builder
	for line := 1; line <= last; line++ {
		out.WriteString(strings.Join(s[line], ". "))
		out.WriteByte('\n')
	}
	return []byte(out.String())
}

// goText is the comments of a Go file and, unless it is a test, its messages: strings with a space.
func goText(name string, source []byte) ([]byte, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	text := sheet{}
	for _, group := range file.Comments {
		for _, comment := range group.List {
			if !directive.MatchString(comment.Text) {
				text.add(files.Position(comment.Pos()).Line, strings.Trim(comment.Text, "/* \t"))
			}
		}
	}
	if strings.HasSuffix(name, "_test.go") {
		return text.bytes(), nil
	}
	ast.Inspect(file, func(node ast.Node) bool {
		if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			if message, err := strconv.Unquote(literal.Value); err == nil && strings.Contains(message, " ") {
				text.add(files.Position(literal.Pos()).Line, message)
			}
		}
		return true
	})
	return text.bytes(), nil
}

// directive is a comment for a tool, such as //nolint or //go:build.
var directive = regexp.MustCompile(`^//[a-z]+:|^// \+[a-z]`)

var (
	// hash is a comment of YAML, a shell or make, which "$#" and a color are not.
	hash = regexp.MustCompile(`(?:^|\s)#+ (.*)$`)
	// value is a text of YAML that people read: an alert's, or a help text of make.
	value = regexp.MustCompile(`(?:summary|description|message|messageExpression): +(.*)$`)
)

// hashText is the comments after "#", and texts of alerts and policies.
func hashText(_ string, source []byte) ([]byte, error) {
	text := sheet{}
	number := 0
	for line := range strings.Lines(string(source)) {
		number++
		for _, pattern := range []*regexp.Regexp{hash, value} {
			if found := pattern.FindStringSubmatch(strings.TrimRight(line, "\n")); found != nil {
				text.add(number, found[1])
			}
		}
	}
	return text.bytes(), nil
}
