// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outputs

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// plainValues makes the numbers of a parsed message what they are in Go, the same for every spelling of a number: 2, 2.0 and 2e0
// are int64(2). Those that no float64 can hold stay as they are, for checkValues to refuse. No values are nil.
func plainValues(values map[string]any) map[string]any {
	if len(values) == 0 {
		return nil
	}
	for name, value := range values {
		if number, ok := value.(json.Number); ok {
			values[name] = plainNumber(number)
		}
	}
	return values
}

func plainNumber(number json.Number) any {
	if whole, err := strconv.ParseInt(number.String(), 10, 64); err == nil {
		return whole
	}
	value, err := number.Float64()
	switch {
	case err != nil:
		return number
	case value == math.Trunc(value) && value >= math.MinInt64 && value < math.MaxInt64: // the latter rounds up to 2^63
		return int64(value)
	}
	return value
}

// checkValues returns the first value that breaks a rule, by name, and what it must be.
func checkValues(values map[string]any) (field, reason string) {
	if len(values) > MaxValues {
		return "values", fmt.Sprintf("must be at most %d, not %d", MaxValues, len(values))
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !isValueName(name) {
			return "values", fmt.Sprintf("has the name %.80q, but a name must be a letter or '_', then up to %d letters, digits and '_'",
				name, MaxValueNameBytes-1)
		}
		if reason := checkValue(values[name]); reason != "" {
			return "values." + name, reason
		}
	}
	return "", ""
}

func isValueName(name string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
	return name != "" && len(name) <= MaxValueNameBytes && consistsOf(name[:1], letters) && consistsOf(name, letters+"0123456789")
}

func checkValue(value any) string {
	const scalar = "must be a number, a string or a boolean"
	switch value := value.(type) {
	case string:
		if strings.ContainsRune(value, 0) {
			return "must not hold a NUL character: no environment variable can"
		}
	case bool, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
	case float32:
		return checkFloat(float64(value))
	case float64:
		return checkFloat(value)
	case json.Number: // see plainValues
		return "must be a number that a float64 can hold"
	case nil:
		return scalar + ", not null"
	case map[string]any:
		return scalar + ", not an object"
	case []any:
		return scalar + ", not a list"
	default:
		return fmt.Sprintf("%s, not a %T", scalar, value)
	}
	return ""
}

func checkFloat(value float64) string {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return "must be a finite number"
	}
	return ""
}
