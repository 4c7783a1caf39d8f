// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package timeline

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	// copyStart is where a copy begins, in seconds: later than any codec's run-in.
	copyStart = 1
	// matroskaTicks is how many ticks of a Matroska file's clock are in a second. (ffmpeg gives the filters of its muxers
	// timestamps in these where it only copies, but as TB that of the input.)
	matroskaTicks = 1000
)

// StraightenArgs returns ffmpeg's arguments, to follow the input, that copy the streams into a Matroska file whose clock
// does not jump. The axis must be from zero.
func (a Axis) StraightenArgs(file string) []string {
	args := []string{"-copyinkf"}
	for n, s := range a.Streams {
		var offset strings.Builder
		offset.WriteString(seconds(copyStart))
		before := 0.0
		for _, j := range a.Jumps {
			if j.Stream == s.Index {
				fmt.Fprintf(&offset, "+gte(N\\,%d)*(%s)", j.Packet, seconds(j.Offset-before))
				before = j.Offset
			}
		}
		args = append(args, "-map", "0:"+strconv.Itoa(s.Index), fmt.Sprintf("-bsf:%d", n),
			fmt.Sprintf("setts=pts=PTS+(%s)*%d:dts=DTS+(%s)*%d", offset.String(), matroskaTicks, offset.String(), matroskaTicks))
	}
	return append(args, "-c", "copy", "-f", "matroska", file)
}

// UniformSoundArgs returns ffmpeg's arguments, to follow the input, that copy the streams into a Matroska file whose sound
// has one rate and layout. Its gaps stay, since PCM has packets of any length. The axis must be from zero.
func (a Axis) UniformSoundArgs(file string) []string {
	args := []string{"-copyinkf"}
	for _, s := range a.Streams {
		args = append(args, "-map", "0:"+strconv.Itoa(s.Index))
	}
	return append(args, "-c:v", "copy", "-c:a", "pcm_s16le", "-ar", "48000", "-ac", "2", "-output_ts_offset", strconv.Itoa(copyStart), "-f", "matroska", file)
}

// seconds writes a time for ffmpeg's expressions.
func seconds(s float64) string { return strconv.FormatFloat(s, 'f', 6, 64) }
