// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"maps"
	"slices"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/traits"
)

// ordered is a map that a condition goes through in the order of its keys. Go's own order differs each time, and so could the
// answer of a condition that depends on which comes first; the controller counts on it being the same. A map that a condition writes itself has no order.
type ordered struct {
	traits.Mapper
	keys []string
}

func inOrder[V any](values map[string]V) ordered {
	return ordered{
		Mapper: types.NewDynamicMap(types.DefaultTypeAdapter, values),
		keys:   slices.Sorted(maps.Keys(values)),
	}
}

// Iterator implements traits.Iterable.
func (o ordered) Iterator() traits.Iterator {
	return types.NewStringList(types.DefaultTypeAdapter, o.keys).Iterator()
}
