// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package timeline

import (
	"fmt"
	"path"
	"strconv"
	"strings"
)

const (
	// copyStart is where a copy begins, in seconds: later than any codec's run-in.
	copyStart = 1
	// matroskaTicks and transportTicks are how many ticks of a Matroska file's clock, and of an MPEG-TS file's, are in a
	// second. (ffmpeg gives the filters of its muxers timestamps in these where it only copies, but as TB that of the
	// input.)
	matroskaTicks  = 1000
	transportTicks = 90000
)

// StraightName returns the name of the file for StraightenArgs, given whether the recording is an MPEG-TS file. Each packet
// of the sound of such a file says which rate and channels it has, which no other container keeps.
func StraightName(transport bool) string {
	if transport {
		return "straight.ts"
	}
	return "straight.mkv"
}

// StraightenArgs returns ffmpeg's arguments, to follow the input, that copy the streams into a file, by StraightName,
// whose clock does not jump. The axis must be from zero.
func (a Axis) StraightenArgs(file string) []string {
	args := []string{"-copyinkf"}
	format, ticks := "matroska", matroskaTicks
	if path.Ext(file) == ".ts" {
		format, ticks = "mpegts", transportTicks
	}
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
			fmt.Sprintf("setts=pts=PTS+(%s)*%d:dts=DTS+(%s)*%d", offset.String(), ticks, offset.String(), ticks))
	}
	return append(args, "-c", "copy", "-f", format, file)
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
