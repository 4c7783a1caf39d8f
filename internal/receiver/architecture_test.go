// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestArchitectureListsFunctions: the page that says what one webhook passes names functions that exist, and not too many.
func TestArchitectureListsFunctions(t *testing.T) {
	page, err := os.ReadFile("../../docs/explanation/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "## The path of a webhook")
	listed := regexp.MustCompile("(?m)^[0-9]+\\. `([a-z]+)\\.([A-Za-z.]+)`").FindAllStringSubmatch(section, -1)
	if len(listed) < 20 || len(listed) > 40 {
		t.Errorf("%d functions are listed", len(listed))
	}
	known := map[string]map[string]bool{}
	for _, entry := range listed {
		name := entry[1]
		if known[name] == nil {
			folder := filepath.Join("..", name)
			if name == "guard" {
				folder = name
			}
			known[name] = functionsIn(t, folder)
		}
		if !known[name][entry[2]] {
			t.Errorf("package %s has no function %s", name, entry[2])
		}
	}
}

// functionsIn returns the functions of a package, methods as Type.Method.
func functionsIn(t *testing.T, folder string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v", folder, err)
	}
	functions := map[string]bool{}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declared := range file.Decls {
			function, isFunction := declared.(*ast.FuncDecl)
			if !isFunction {
				continue
			}
			name := function.Name.Name
			if function.Recv != nil {
				of := function.Recv.List[0].Type
				if pointer, isPointer := of.(*ast.StarExpr); isPointer {
					of = pointer.X
				}
				if ident, isIdent := of.(*ast.Ident); isIdent {
					name = ident.Name + "." + name
				}
			}
			functions[name] = true
		}
	}
	return functions
}
