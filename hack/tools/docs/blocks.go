// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// quiet are the languages of blocks without commands: output, and text that other tests read.
var quiet = []string{"text", "yaml", "json", "cel", "promql", "mermaid", "js", "go"}

// classes say what runs the commands of a block in sh or console, whose info string has the class after the language:
//
//	sh           test/docs, against an API server with recordings and without a manager
//	sh cluster   test/docs, on the cluster of make demo (make demo-docs)
//	sh ci        the workflows: each command is one of theirs
//	sh packages  hack/charts, on clusters that have never seen the operator
//	sh verify    hack/images, on a made-up release with a stand-in for cosign
//	sh usage     test/docs, with --help: so commands and flags exist
//
// A console block has commands after "$ ", each with its real output, which the test compares.
var classes = []string{"", "cluster", "ci", "packages", "usage", "verify"}

// checkBlocks: each block has a language, and each command something that runs it.
func (t *tree) checkBlocks(p *page) (problems []string) {
	if !p.counted {
		return nil
	}
	for _, block := range p.blocks {
		first := block.lines[0]
		isCommand := func(line string) bool { return strings.HasPrefix(line, "$ ") }
		switch {
		case block.language == "sh" || block.language == "console":
			if !slices.Contains(classes, block.class) {
				problems = append(problems, fmt.Sprintf("nothing runs blocks of the class %q: %s", block.class, first))
			}
			if block.language == "console" && !isCommand(first) {
				problems = append(problems, "a console block begins with a command after \"$ \": "+first)
			}
		case !slices.Contains(quiet, block.language):
			problems = append(problems, fmt.Sprintf("a block is in %q; commands are sh or console, output is text: %s", block.language, first))
		case block.language == "text" && slices.ContainsFunc(block.lines, isCommand):
			problems = append(problems, "a block of output has a command, which nothing tests: "+first)
		}
		if block.class == "ci" {
			problems = append(problems, t.checkCI(block)...)
		}
		problems = append(problems, t.checkPatterns(block)...)
	}
	return problems
}

// checkCI: each line is a command of a workflow.
func (t *tree) checkCI(b block) (problems []string) {
	for _, line := range b.lines {
		if !slices.ContainsFunc(t.ci, func(run string) bool { return runs(run, line) }) {
			problems = append(problems, "no workflow runs: "+line)
		}
	}
	return problems
}

// runs reports whether a command of a workflow does what a line says: "sudo ... make demo demo-down" runs "make demo".
func runs(command, line string) bool {
	have, want := targets(command), targets(line)
	for _, word := range want {
		if !slices.Contains(have, word) {
			return false
		}
	}
	return len(want) > 0
}

// targets are the words of a command from make on, without a comment.
func targets(command string) []string {
	command, _, _ = strings.Cut(command, " #")
	words := strings.Fields(command)
	if at := slices.Index(words, "make"); at >= 0 {
		return words[at:]
	}
	return nil
}

var (
	grep    = regexp.MustCompile(`\| grep (.*)$`)
	pattern = regexp.MustCompile(`"([^"]+)"`)
)

// checkPatterns: quoted patterns that a log is searched for are in the programs.
func (t *tree) checkPatterns(b block) (problems []string) {
	for _, line := range b.lines {
		found := grep.FindStringSubmatch(line)
		if found == nil || !strings.Contains(line, " logs ") {
			continue
		}
		for _, quoted := range pattern.FindAllStringSubmatch(found[1], -1) {
			if !strings.Contains(t.goFiles, quoted[1]) {
				problems = append(problems, "no program logs "+quoted[0])
			}
		}
	}
	return problems
}

// readersPages are those that begin with an example: not the decisions, and not what is generated.
var readersPages = []string{"docs/tutorials/", "docs/how-to/", "docs/reference/", "docs/explanation/", "docs/runbooks/"}

func (t *tree) checkOpening(p *page) []string {
	isReaders := slices.ContainsFunc(readersPages, func(folder string) bool { return strings.HasPrefix(p.path, folder) })
	if !isReaders || p.opens || strings.HasSuffix(p.path, "/README.md") || p.path == "docs/reference/api.md" {
		return nil
	}
	return []string{"begin with an example"}
}
