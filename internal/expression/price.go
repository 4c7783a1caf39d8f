// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"strings"

	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
)

// price returns what a call will cost in time and memory, in units, from its arguments.
func price(function string, args []ref.Val) uint64 {
	switch function {
	case operators.Equals, operators.NotEquals, operators.In, "flatten", "format", "join":
		units := uint64(0)
		for _, arg := range args {
			units = add(units, weight(arg))
		}
		if function == "format" {
			units = add(units, precision(args[0]))
		}
		if function == "join" && len(args) == 2 { // the separator is written once for each element
			units = add(units, multiply(size(args[0]), weight(args[1])))
		}
		return units
	case "sets.contains", "sets.equivalent", "sets.intersects", "distinct", "isSorted", "indexOf", "lastIndexOf", "sum", "min", "max":
		return pairs(args)
	case "replace":
		return replaced(args)
	case "split":
		return size(args[0])
	case "lists.range":
		if n, ok := args[0].(types.Int); ok && n > 0 {
			return uint64(n)
		}
		return 0
	case "sort", "@sortByAssociatedKeys":
		return 8 * size(args[0])
	case "cel.@mapInsert":
		return 4
	}
	units := uint64(0)
	for _, arg := range args {
		units = add(units, shallow(arg))
	}
	if strings.HasPrefix(function, "get") && len(args) == 2 {
		units += timeZoneUnits
	}
	return units
}

// pairs is the price of comparing each element of one list with each of another, or of searching one text in another.
func pairs(args []ref.Val) uint64 {
	units := uint64(0)
	for i, arg := range args {
		units = add(units, multiply(weight(arg), size(args[len(args)-1-i])))
	}
	if _, isText := args[0].(types.String); isText {
		return units / bytesPerUnit
	}
	return units
}

// replaced is the price of replace, whose result may be far larger than its arguments.
func replaced(args []ref.Val) uint64 {
	if len(args) < 3 {
		return 0
	}
	text, isText := args[0].(types.String)
	old, isOld := args[1].(types.String)
	replacement, isReplacement := args[2].(types.String)
	if !isText || !isOld || !isReplacement {
		return 0
	}
	count := uint64(strings.Count(string(text), string(old)))
	return (uint64(len(text)) + count + multiply(count, uint64(len(replacement)))) / bytesPerUnit * 2
}

// precision is the price of the digits that a format such as %.9999f asks for.
func precision(format ref.Val) uint64 {
	text, _ := format.(types.String)
	units, digits := uint64(0), uint64(0)
	for _, c := range []byte(text) {
		if c >= '0' && c <= '9' {
			digits = min(digits*10+uint64(c-'0'), MaxUnits*bytesPerUnit)
			continue
		}
		units, digits = units+digits, 0
	}
	return units
}

// size returns the length of a text, list or map; 1 for all else.
func size(value ref.Val) uint64 {
	if sized, ok := value.(traits.Sizer); ok {
		if n, ok := sized.Size().(types.Int); ok && n >= 0 {
			return uint64(n)
		}
	}
	return 1
}

// shallow is the price of going through a value, but not through what is in its elements.
func shallow(value ref.Val) uint64 {
	switch value := value.(type) {
	case types.String:
		return uint64(len(value)) / bytesPerUnit
	case types.Bytes:
		return uint64(len(value)) / bytesPerUnit
	case traits.Lister, traits.Mapper:
		return size(value)
	}
	return 0
}

// weight is the price of going through everything in a value. A list can contain another many times without being large itself, so
// counting stops at the limit.
func weight(value ref.Val) uint64 { return weigh(value, MaxUnits+1) }

func weigh(value ref.Val, limit uint64) uint64 {
	total := 1 + min(shallow(value), limit)
	more := func(part ref.Val) bool {
		total += weigh(part, limit-min(total, limit))
		return total < limit
	}
	switch value := value.(type) {
	case *types.Optional:
		if value.HasValue() {
			more(value.GetValue())
		}
	case traits.Mapper:
		for keys := value.Iterator(); keys.HasNext() == types.True; {
			key := keys.Next()
			if !more(key) || !more(value.Get(key)) {
				break
			}
		}
	case traits.Lister:
		for items := value.Iterator(); items.HasNext() == types.True && more(items.Next()); {
			continue
		}
	}
	return total
}
