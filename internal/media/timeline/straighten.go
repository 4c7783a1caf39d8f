// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package timeline

import (
	"fmt"
	"strconv"
	"strings"
)

// straightStart is where a straightened file begins, in seconds: later than any codec's run-in.
const straightStart = 1

// StraightenArgs returns ffmpeg's arguments, to follow the input, that copy the streams into a Matroska file whose clock
// does not jump.
func (a Axis) StraightenArgs(file string) []string {
	args := []string{"-copyinkf"}
	for n, s := range a.Streams {
		shift := seconds(straightStart - a.Start)
		var sum strings.Builder
		sum.WriteString(shift)
		before := 0.0
		for _, j := range a.Jumps {
			if j.Stream == s.Index {
				fmt.Fprintf(&sum, "+gte(N\\,%d)*(%s)", j.Packet, seconds(j.Offset-before))
				before = j.Offset
			}
		}
		args = append(args, "-map", "0:"+strconv.Itoa(s.Index), fmt.Sprintf("-bsf:%d", n), fmt.Sprintf("setts=pts=PTS+(%s)/TB:dts=DTS+(%s)/TB", sum.String(), sum.String()))
	}
	return append(args, "-c", "copy", "-f", "matroska", file)
}

// seconds writes a time for ffmpeg's expressions.
func seconds(s float64) string { return strconv.FormatFloat(s, 'f', 6, 64) }
