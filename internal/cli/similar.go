// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// maxSuggestions is how many similar names an error lists.
const maxSuggestions = 3

// mostSimilar returns the names that contain what was typed, or differ from it in at most a third of its characters.
func mostSimilar(typed string, names []string) []string {
	type candidate struct {
		name     string
		distance int
	}
	var candidates []candidate
	limit := max(2, len(typed)/3)
	for _, name := range names {
		switch distance := editDistance(typed, name, limit); {
		case strings.Contains(name, typed):
			candidates = append(candidates, candidate{name, 0})
		case distance <= limit:
			candidates = append(candidates, candidate{name, distance})
		}
	}
	slices.SortFunc(candidates, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.name, b.name))
	})
	var similar []string
	for _, c := range candidates[:min(len(candidates), maxSuggestions)] {
		similar = append(similar, c.name)
	}
	return similar
}

// editDistance returns how many characters have to be inserted, deleted or replaced to turn a into b; more than limit where
// it is more than that.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func runtimeKind(version, kind string) schema.GroupVersionKind {
	return schema.GroupVersionKind{Version: version, Kind: kind}
}
