// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// tree is the documentation and what it refers to.
type tree struct {
	root  string
	pages map[string]*page
	// ci are the commands that the workflows run.
	ci []string
	// goFiles has the text of all Go files, tests of all test files.
	goFiles, tests string
	// modules are the direct dependencies.
	modules []string
}

// others are the pages beside docs/ whose links are checked too.
var others = []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"}

func readTree(root string) (*tree, error) {
	t := &tree{root: root, pages: map[string]*page{}}
	for _, name := range others {
		if err := t.addPage(name); err != nil {
			return nil, err
		}
	}
	err := t.each("docs", ".md", func(name string, _ []byte) error { return t.addPage(name) })
	if err != nil {
		return nil, err
	}
	err = t.each(".github/workflows", ".yaml", func(_ string, text []byte) error {
		for _, run := range regexp.MustCompile(`(?m)^\s*(?:- )?run: (.*)$`).FindAllStringSubmatch(string(text), -1) {
			t.ci = append(t.ci, run[1])
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var all, tests strings.Builder
	err = t.each(".", ".go", func(name string, text []byte) error {
		if strings.HasSuffix(name, "_test.go") {
			tests.Write(text)
		} else {
			all.Write(text)
		}
		return nil
	})
	t.goFiles, t.tests = all.String(), tests.String()
	if err != nil {
		return nil, err
	}
	return t, t.readModules()
}

func (t *tree) addPage(name string) error {
	source, err := os.ReadFile(filepath.Join(t.root, name))
	if err == nil {
		t.pages[name] = parse(name, name == "README.md" || strings.HasPrefix(name, "docs/"), source)
	}
	return err
}

// each calls do for every file below a folder that has the suffix, but for those that git ignores.
func (t *tree) each(folder, suffix string, do func(name string, text []byte) error) error {
	return filepath.WalkDir(filepath.Join(t.root, folder), func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if slices.Contains([]string{"bin", ".git", "node_modules"}, entry.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(file, suffix) {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(t.root, file)
		if err != nil {
			return err
		}
		return do(filepath.ToSlash(name), text)
	})
}

func (t *tree) readModules() error {
	text, err := os.ReadFile(filepath.Join(t.root, "go.mod"))
	if err != nil {
		return err
	}
	file, err := modfile.ParseLax("go.mod", text, nil)
	if err != nil {
		return err
	}
	for _, require := range file.Require {
		if !require.Indirect {
			t.modules = append(t.modules, require.Mod.Path)
		}
	}
	return nil
}

// sum is what counts of several pages.
type sum struct{ words, sentences, inSentences, longest int }

func (s sum) mean() float64 { return float64(s.inSentences) / float64(max(1, s.sentences)) }

func (t *tree) total() (s sum) {
	for _, p := range t.pages {
		if !p.counted {
			continue
		}
		s.words += words(string(p.source))
		for _, sentence := range p.prose {
			n := sentence.words()
			s.longest = max(s.longest, n)
			if !sentence.cell {
				s.sentences++
				s.inSentences += n
			}
		}
	}
	return s
}

func (t *tree) check() (problems []string) {
	total := t.total()
	if total.words > maxWords {
		problems = append(problems, fmt.Sprintf("docs: %d words, at most %d: shorten a page", total.words, maxWords))
	}
	if total.mean() >= maxMean {
		problems = append(problems, fmt.Sprintf("docs: %.2f words in a sentence, must be below %.0f", total.mean(), maxMean))
	}
	for _, name := range slices.Sorted(maps.Keys(t.pages)) {
		p := t.pages[name]
		for _, check := range []func(*page) []string{t.checkSentences, t.checkLinks, t.checkBlocks, t.checkOpening, t.checkTests} {
			for _, problem := range check(p) {
				problems = append(problems, p.path+": "+problem)
			}
		}
	}
	return append(problems, t.checkDependencies()...)
}

func (t *tree) checkSentences(p *page) (problems []string) {
	for _, sentence := range p.prose {
		if n := sentence.words(); p.counted && n > maxSentence {
			problems = append(problems, fmt.Sprintf("%d words in a sentence, at most %d: %.60s...", n, maxSentence, sentence.text))
		}
	}
	return problems
}

func (t *tree) checkLinks(p *page) (problems []string) {
	for _, link := range p.links {
		if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
			continue
		}
		file, anchor, _ := strings.Cut(link, "#")
		target := p.path
		if file != "" {
			target = path.Join(path.Dir(p.path), file)
		}
		if _, err := os.Stat(filepath.Join(t.root, target)); err != nil {
			problems = append(problems, "broken link "+link)
		} else if to, ok := t.pages[target]; anchor != "" && (!ok || !to.anchors[anchor]) {
			problems = append(problems, "broken anchor "+link)
		}
	}
	return problems
}

// checkTests: tests that a page names exist.
func (t *tree) checkTests(p *page) (problems []string) {
	if !p.counted {
		return nil
	}
	for _, name := range regexp.MustCompile("`((?:Test|Benchmark|Fuzz)[A-Z]\\w*)").FindAllStringSubmatch(string(p.source), -1) {
		if !strings.Contains(t.tests, "func "+name[1]+"(") {
			problems = append(problems, "no test is named "+name[1])
		}
	}
	return problems
}

const dependenciesPage = "docs/reference/dependencies.md"

// checkDependencies: the page on dependencies has a reason for each direct one.
func (t *tree) checkDependencies() (problems []string) {
	page, ok := t.pages[dependenciesPage]
	if !ok {
		return []string{dependenciesPage + " is missing"}
	}
	for _, module := range t.modules {
		if !strings.Contains(string(page.source), "`"+module+"`") {
			problems = append(problems, dependenciesPage+": say why "+module+" is a dependency")
		}
	}
	return problems
}
