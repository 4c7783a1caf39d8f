// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package timeline

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	// straightStart is where a straightened file begins, in seconds: later than any codec's run-in.
	straightStart = 1
	// matroskaTicks is how many ticks of a Matroska file's clock are in a second. (ffmpeg gives the filters of its muxers
	// timestamps in these, but as TB that of the input.)
	matroskaTicks = 1000
)

// StraightenArgs returns ffmpeg's arguments, to follow the input, that copy the streams into a Matroska file whose clock
// does not jump.
func (a Axis) StraightenArgs(file string) []string {
	args := []string{"-copyinkf"}
	for n, s := range a.Streams {
		var sum strings.Builder
		sum.WriteString(seconds(straightStart - a.Start))
		before := 0.0
		for _, j := range a.Jumps {
			if j.Stream == s.Index {
				fmt.Fprintf(&sum, "+gte(N\\,%d)*(%s)", j.Packet, seconds(j.Offset-before))
				before = j.Offset
			}
		}
		args = append(args, "-map", "0:"+strconv.Itoa(s.Index), fmt.Sprintf("-bsf:%d", n), fmt.Sprintf("setts=pts=PTS+(%s)*%d:dts=DTS+(%s)*%d", sum.String(), matroskaTicks, sum.String(), matroskaTicks))
	}
	return append(args, "-c", "copy", "-f", "matroska", file)
}

// seconds writes a time for ffmpeg's expressions.
func seconds(s float64) string { return strconv.FormatFloat(s, 'f', 6, 64) }
