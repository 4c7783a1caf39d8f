// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"fmt"
	"math"
	"strconv"
)

// Report is the JSON file that `postprocess probe` writes.
type Report struct {
	Container       string          `json:"container"`
	DurationSeconds float64         `json:"durationSeconds"`
	SizeBytes       int64           `json:"sizeBytes"`
	BitRate         int64           `json:"bitRate"`
	Video           *VideoReport    `json:"video,omitempty"`
	Audio           *AudioReport    `json:"audio,omitempty"`
	AudioTracks     int             `json:"audioTracks"`
	Analysis        *AnalysisReport `json:"analysis,omitempty"`
}

// VideoReport is a video stream of a Report.
type VideoReport struct {
	Codec       string  `json:"codec"`
	Profile     string  `json:"profile,omitempty"`
	PixelFormat string  `json:"pixelFormat,omitempty"`
	Width       int     `json:"width"`
	Height      int     `json:"height"`
	FrameRate   float64 `json:"frameRate"`
	BitRate     int64   `json:"bitRate,omitempty"`
}

// AudioReport is an audio stream of a Report.
type AudioReport struct {
	Codec      string `json:"codec"`
	Channels   int    `json:"channels"`
	SampleRate int    `json:"sampleRate"`
	BitRate    int64  `json:"bitRate,omitempty"`
}

// AnalysisReport is there when all of the recording was decoded.
type AnalysisReport struct {
	LoudnessLUFS  *float64 `json:"loudnessLUFS,omitempty"`
	LoudnessRange *float64 `json:"loudnessRange,omitempty"`
	TruePeakDBFS  *float64 `json:"truePeakDBFS,omitempty"`
	SilenceShare  *float64 `json:"silenceShare,omitempty"`
	BlackShare    *float64 `json:"blackShare,omitempty"`
}

// NewReport makes a report; analysis may be nil.
func NewReport(info Info, analysis *Analysis) Report {
	r := Report{Container: info.Container, DurationSeconds: round(info.Duration), SizeBytes: info.SizeBytes, BitRate: info.BitRate, AudioTracks: len(info.AudioTracks)}
	if v := info.Video; v != nil {
		r.Video = &VideoReport{v.Codec, v.Profile, v.PixelFormat, v.Width, v.Height, round(v.FrameRate), v.BitRate}
	}
	if a := info.Audio; a != nil {
		r.Audio = &AudioReport{a.Codec, a.Channels, a.SampleRate, a.BitRate}
	}
	if analysis == nil {
		return r
	}
	r.Analysis = &AnalysisReport{}
	if info.Audio != nil {
		silent := share(analysis.SilentSeconds, info.Duration)
		r.Analysis.LoudnessLUFS, r.Analysis.LoudnessRange = &analysis.Loudness, &analysis.LoudnessRange
		r.Analysis.TruePeakDBFS, r.Analysis.SilenceShare = analysis.TruePeak, &silent
	}
	if info.Video != nil {
		dark := share(analysis.BlackSeconds, info.Duration)
		r.Analysis.BlackShare = &dark
	}
	return r
}

// Values returns the report as flat values for conditions: what is not known is left out, but hasVideo and hasAudio are
// always there.
func (r Report) Values() map[string]any {
	values := map[string]any{
		"container": r.Container, "durationSeconds": r.DurationSeconds, "sizeBytes": r.SizeBytes, "bitRate": r.BitRate,
		"hasVideo": r.Video != nil, "hasAudio": r.Audio != nil, "audioTracks": r.AudioTracks,
	}
	if v := r.Video; v != nil {
		values["videoCodec"], values["width"], values["height"], values["frameRate"] = v.Codec, v.Width, v.Height, v.FrameRate
		if v.PixelFormat != "" {
			values["pixelFormat"] = v.PixelFormat
		}
	}
	if a := r.Audio; a != nil {
		values["audioCodec"], values["audioChannels"], values["audioSampleRate"] = a.Codec, a.Channels, a.SampleRate
	}
	if r.Analysis != nil {
		for name, value := range map[string]*float64{
			"loudnessLUFS": r.Analysis.LoudnessLUFS, "loudnessRange": r.Analysis.LoudnessRange, "truePeakDBFS": r.Analysis.TruePeakDBFS,
			"silenceShare": r.Analysis.SilenceShare, "blackShare": r.Analysis.BlackShare,
		} {
			if value != nil {
				values[name] = *value
			}
		}
	}
	return values
}

// Truncated says how a recording falls short of what its container announces, and is empty when it does not. end is where
// its last frame ends, in seconds. Containers round, and sound may end before the picture, so it takes a second and a
// hundredth.
func Truncated(announced, end float64) string {
	if announced <= 0 || end >= announced-max(1, announced/100) {
		return ""
	}
	return fmt.Sprintf("it ends after %.1f s of the %.1f s that it announces", end, announced)
}

// round keeps milliseconds.
func round(f float64) float64 { return math.Round(f*1000) / 1000 }

func parseSigned(s string) (float64, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err == nil && (math.IsNaN(f) || math.IsInf(f, 0)) {
		err = strconv.ErrRange
	}
	return f, err
}
