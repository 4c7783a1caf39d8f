// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// byteSize is a flag's value: a number of bytes above 0, with one of the suffixes that Kubernetes quantities have
// (k M G T for powers of 1000, Ki Mi Gi Ti for powers of 1024).
type byteSize int64

var errByteSize = errors.New("must be a whole number of bytes above 0, with a suffix such as Gi or G if wanted: 20Gi, 500M")

// units are in the order in which their suffixes are tried.
var units = []struct {
	suffix string
	bytes  int64
}{
	{"Ki", 1 << 10},
	{"Mi", 1 << 20},
	{"Gi", 1 << 30},
	{"Ti", 1 << 40},
	{"k", 1e3},
	{"M", 1e6},
	{"G", 1e9},
	{"T", 1e12},
}

// Set implements pflag.Value.
func (b *byteSize) Set(s string) error {
	digits, unit := s, int64(1)
	for _, u := range units {
		if rest, ok := strings.CutSuffix(s, u.suffix); ok {
			digits, unit = rest, u.bytes
			break
		}
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || n == 0 || n > uint64(math.MaxInt64/unit) { //nolint:gosec // a unit is positive
		return errByteSize
	}
	*b = byteSize(int64(n) * unit)
	return nil
}

// String implements pflag.Value.
func (b *byteSize) String() string {
	for i := 3; i >= 0; i-- {
		if n, unit := int64(*b), units[i].bytes; n > 0 && n%unit == 0 {
			return strconv.FormatInt(n/unit, 10) + units[i].suffix
		}
	}
	return strconv.FormatInt(int64(*b), 10)
}

// Type implements pflag.Value.
func (*byteSize) Type() string { return "bytes" }
