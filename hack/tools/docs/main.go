// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command docs checks the documentation: its length, its sentences, its links, and that each command in it is tested. Part of
// `make verify`; CONTRIBUTING.md has the rules. It prints each problem with its page and exits with 1 if there are any.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

const (
	// maxWords is the limit on README.md and docs/ together. A word is a token with a letter or a digit; examples and generated
	// pages count.
	maxWords = 32000
	// maxMean is what the mean length of a sentence must stay below, in words. Cells of tables are not part of it.
	maxMean = 16.0
	// maxSentence is the length of the longest sentence, cells of tables included.
	maxSentence = 40
)

func main() {
	root := flag.String("root", ".", "Root of the repository.")
	flag.Parse()
	os.Exit(run(*root, os.Stdout))
}

func run(root string, out io.Writer) int {
	tree, err := readTree(root)
	if err != nil {
		_, _ = fmt.Fprintln(out, "docs:", err)
		return 2
	}
	problems := tree.check()
	for _, problem := range problems {
		_, _ = fmt.Fprintln(out, problem)
	}
	total := tree.total()
	_, _ = fmt.Fprintf(out, "docs: %d pages, %d words (at most %d), %.1f words in a sentence (below %.0f), %d in the longest (at most %d)\n",
		len(tree.pages), total.words, maxWords, total.mean(), maxMean, total.longest, maxSentence)
	if len(problems) > 0 {
		return 1
	}
	return 0
}
