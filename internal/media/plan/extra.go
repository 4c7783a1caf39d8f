// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// extra are the options that may be added, by their names without a stream specifier: those that say how to encode, and
// none that opens a file, an address or a filter.
var extra = []string{
	"crf", "preset", "tune", "profile", "level", "g", "keyint_min", "bf", "refs", "b", "minrate", "maxrate", "bufsize", "qmin", "qmax",
	"r", "fpsmax", "ar", "ac", "ss", "t", "to", "color_primaries", "color_trc", "colorspace", "color_range", "metadata",
}

var (
	specifier  = regexp.MustCompile(`^(s:)?[avs](:[0-9]{1,2})?$`)
	plainValue = regexp.MustCompile(`^[A-Za-z0-9._:+/][A-Za-z0-9._:+/-]{0,63}$`)
	metadata   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}=[^\x00-\x1f]{0,1000}$`)
)

// CheckExtra returns an error that names the first of ffmpeg's arguments that may not be added. They come as pairs: an
// option and its value.
func CheckExtra(args []string) error {
	for i := 0; i < len(args); i += 2 {
		name, isOption := strings.CutPrefix(args[i], "-")
		base, streams, specified := strings.Cut(name, ":")
		switch {
		case !isOption || !slices.Contains(extra, base) || (specified && !specifier.MatchString(streams)):
			return fmt.Errorf("%q may not be added; what may is -%s, each with a value", args[i], strings.Join(extra, " -"))
		case i+1 == len(args):
			return fmt.Errorf("%q has no value; give option and value as two arguments", args[i])
		}
		value := args[i+1]
		allowed := plainValue.MatchString(value) && !strings.Contains(value, "//") && !strings.HasPrefix(value, "/")
		if base == "metadata" {
			allowed = metadata.MatchString(value)
		}
		if !allowed {
			return fmt.Errorf("the value %q of %s may not be given", value, args[i])
		}
	}
	return nil
}
