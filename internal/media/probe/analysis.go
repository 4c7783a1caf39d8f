// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/meetingops/meeting-recording-operator/internal/media/timeline"
)

// The thresholds of silence and black: what lasts less than these is part of talk and of cuts.
const (
	silenceDecibels = -50
	silenceSeconds  = 2
	blackSeconds    = 1
)

// Analysis is what is known of a recording once all of it is decoded.
type Analysis struct {
	// Loudness is the integrated loudness in LUFS, per EBU R 128; -70, its gate, for silence. Only with audio.
	Loudness float64
	// LoudnessRange is in LU. Only with audio.
	LoudnessRange float64
	// TruePeak is in dBFS; nil: unknown, as for silence.
	TruePeak *float64
	// SilentSeconds is how long it is silent: below -50 dB for 2 s or more.
	SilentSeconds float64
	// BlackSeconds is how long the picture is black: for 1 s or more.
	BlackSeconds float64
}

// analysisRate is the rate at which sound is analyzed, in samples a second.
const analysisRate = 48000

// Filters returns ffmpeg's arguments, to follow the input, that decode all and print what Analyzer reads. sound is the
// recording's; nil: there is none.
func Filters(info Info, sound *timeline.Sound) []string {
	var graphs, maps []string
	if sound != nil {
		s := *sound
		s.Layout, s.Rate = "stereo", analysisRate
		if info.Audio.Channels == 1 && len(s.Tracks) == 1 {
			s.Layout = "mono"
		}
		graphs = append(graphs, fmt.Sprintf("%s;[sound]ebur128=peak=true:framelog=verbose,silencedetect=noise=%ddB:duration=%d[a]",
			s.Graph("sound"), silenceDecibels, silenceSeconds))
		maps = append(maps, "-map", "[a]")
	}
	if info.Video != nil {
		// blackdetect takes frames of one size; scale costs nothing when they are.
		v := info.Video
		graphs = append(graphs, fmt.Sprintf("[0:%d]scale=%d:%d,blackdetect=black_min_duration=%d[v]", v.Index, v.Width, v.Height, blackSeconds))
		maps = append(maps, "-map", "[v]")
	}
	args := append([]string{"-filter_complex", strings.Join(graphs, ";")}, maps...)
	return append(args, "-fps_mode", "passthrough", "-f", "null", "-")
}

// Analyzer reads the lines that ffmpeg logs with Filters.
type Analyzer struct {
	analysis     Analysis
	silenceSince *float64
}

var (
	silenceStart = regexp.MustCompile(`silence_start: (-?[0-9.e+-]+)`)
	silenceEnd   = regexp.MustCompile(`silence_end: -?[0-9.e+-]+ \| silence_duration: ([0-9.e+-]+)`)
	black        = regexp.MustCompile(`black_start:[0-9.e+-]+ black_end:[0-9.e+-]+ black_duration:([0-9.e+-]+)`)
	integrated   = regexp.MustCompile(`^\s+I:\s+(-?[0-9.]+) LUFS`)
	loudRange    = regexp.MustCompile(`^\s+LRA:\s+(-?[0-9.]+) LU`)
	truePeak     = regexp.MustCompile(`^\s+Peak:\s+(-?[0-9.]+) dBFS`)
)

// Line reads one line.
func (a *Analyzer) Line(line string) {
	switch {
	case match(silenceEnd, line, func(s float64) { a.analysis.SilentSeconds += s; a.silenceSince = nil }):
	case match(silenceStart, line, func(s float64) { a.silenceSince = &s }):
	case match(black, line, func(s float64) { a.analysis.BlackSeconds += s }):
	case match(integrated, line, func(v float64) { a.analysis.Loudness = v }):
	case match(loudRange, line, func(v float64) { a.analysis.LoudnessRange = v }):
	case match(truePeak, line, func(v float64) { a.analysis.TruePeak = &v }):
	}
}

func match(pattern *regexp.Regexp, line string, take func(float64)) bool {
	found := pattern.FindStringSubmatch(line)
	if found == nil {
		return false
	}
	value, err := parseSigned(found[1])
	if err != nil {
		return false
	}
	take(value)
	return true
}

// Done returns the analysis of a recording that ends at end, in seconds.
func (a *Analyzer) Done(end float64) Analysis {
	done := a.analysis
	if a.silenceSince != nil { // it was silent to the end
		done.SilentSeconds += max(end-*a.silenceSince, 0)
	}
	return done
}

// share returns part of whole, from 0 to 1, in thousandths.
func share(part, whole float64) float64 {
	if whole <= 0 {
		return 0
	}
	return float64(int(min(part/whole, 1)*1000+0.5)) / 1000
}
