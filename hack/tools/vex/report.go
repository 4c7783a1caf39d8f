// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
)

// report has each vulnerability of a module that a program has, by its id.
type report map[string]*vulnerability

type vulnerability struct {
	id, summary string
	aliases     []string
	modules     map[module]bool
	fixed       string // module and version with the fix, if there is one
	contained   bool   // a program has a vulnerable function
}

type module struct{ path, version string }

// message is one of the JSON objects that govulncheck writes.
type message struct {
	Config *struct {
		ScanMode  string `json:"scan_mode"`
		ScanLevel string `json:"scan_level"`
	} `json:"config"`
	SBOM *struct {
		Roots []string `json:"roots"`
	} `json:"SBOM"`
	OSV *struct {
		ID, Summary, Details string
		Aliases              []string
	} `json:"osv"`
	Finding *struct {
		OSV          string `json:"osv"`
		FixedVersion string `json:"fixed_version"`
		Trace        []struct{ Module, Version, Function string }
	} `json:"finding"`
}

func (r report) addFile(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	return r.add(file)
}

// add reads what govulncheck found in one program. It reports an error unless govulncheck looked for functions, so that nothing counts as absent that
// was not looked for.
func (r report) add(text io.Reader) error {
	looked := false
	known := map[string]vulnerability{}
	decoder := json.NewDecoder(text)
	for {
		var m message
		if err := decoder.Decode(&m); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		switch {
		case m.Config != nil:
			if m.Config.ScanMode != "binary" || m.Config.ScanLevel != "symbol" {
				return fmt.Errorf("it scanned by mode %q and level %q: run it with -mode=binary and -scan=symbol", m.Config.ScanMode, m.Config.ScanLevel)
			}
		case m.SBOM != nil:
			looked = len(m.SBOM.Roots) > 0
		case m.OSV != nil:
			known[m.OSV.ID] = vulnerability{id: m.OSV.ID, summary: cmp.Or(m.OSV.Summary, m.OSV.Details), aliases: m.OSV.Aliases}
		case m.Finding != nil:
			if len(m.Finding.Trace) == 0 {
				return fmt.Errorf("the finding of %s names no module", m.Finding.OSV)
			}
			v, exists := r[m.Finding.OSV]
			if !exists {
				described, is := known[m.Finding.OSV]
				if !is {
					return fmt.Errorf("%s was found but not described", m.Finding.OSV)
				}
				v = &described
				v.modules = map[module]bool{}
				r[v.id] = v
			}
			frame := m.Finding.Trace[0]
			v.modules[module{frame.Module, frame.Version}] = true
			v.contained = v.contained || frame.Function != ""
			if m.Finding.FixedVersion != "" {
				v.fixed = frame.Module + " " + m.Finding.FixedVersion
			}
		}
	}
	if !looked {
		return errors.New("it names no program that was scanned")
	}
	return nil
}

func (r report) sorted() []*vulnerability {
	return slices.SortedFunc(maps.Values(r), func(a, b *vulnerability) int { return cmp.Compare(a.id, b.id) })
}

func (v *vulnerability) sortedModules() []module {
	return slices.SortedFunc(maps.Keys(v.modules), func(a, b module) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.version, b.version))
	})
}
