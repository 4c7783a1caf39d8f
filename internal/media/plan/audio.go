// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The targets of loudness: those that streaming services ask for speech (-16 LUFS, EBU R 128's way of measuring).
const (
	targetLoudness = "-16"
	targetPeak     = "-1.5"
	targetRange    = "11"
)

// AudioFormat is a kind of sound file.
type AudioFormat struct {
	// Name is what users call it; File is the file's name.
	Name, File, MediaType string
	filter                string
	codec                 []string
}

// audioFormats in the order of their making.
var audioFormats = []AudioFormat{
	{"aac", "audio.m4a", "audio/mp4", "aresample=48000", []string{"-c:a", "aac", "-b:a", "128k", "-ac", "2", "-movflags", "+faststart", "-f", "mp4"}},
	{"opus", "audio.opus", "audio/ogg", "aresample=48000", []string{"-c:a", "libopus", "-b:a", "96k", "-ac", "2", "-f", "ogg"}},
	{"wav", "speech.wav", "audio/wav", "aresample=16000,aformat=channel_layouts=mono", []string{"-c:a", "pcm_s16le", "-f", "wav"}},
}

// AudioFormatNames lists the formats.
func AudioFormatNames() []string {
	names := make([]string, 0, len(audioFormats))
	for _, f := range audioFormats {
		names = append(names, f.Name)
	}
	return names
}

// FindAudioFormats returns the formats of these names, each once; an error names the first that does not exist.
func FindAudioFormats(names []string) ([]AudioFormat, error) {
	for _, name := range names {
		if !slices.Contains(AudioFormatNames(), name) {
			return nil, fmt.Errorf("%q is not one of %s", name, strings.Join(AudioFormatNames(), ", "))
		}
	}
	var formats []AudioFormat
	for _, f := range audioFormats {
		if slices.Contains(names, f.Name) {
			formats = append(formats, f)
		}
	}
	if formats == nil {
		return nil, errors.New("none is given")
	}
	return formats, nil
}

// Loudness is what the first pass of ffmpeg's loudnorm measured.
type Loudness struct {
	Integrated, Peak, Range, Threshold, Offset float64
	// Silent is true when there is nothing to hear, and so nothing to measure.
	Silent bool
}

// MeasureArgs returns ffmpeg's arguments, to follow the input, of the pass that measures.
func MeasureArgs() []string {
	return []string{"-map", "0:a:0", "-af", normFilter() + ":print_format=json", "-f", "null", "-"}
}

func normFilter() string {
	return fmt.Sprintf("loudnorm=I=%s:TP=%s:LRA=%s", targetLoudness, targetPeak, targetRange)
}

// LoudnessReader reads the lines that ffmpeg logs in the pass that measures.
type LoudnessReader struct {
	object strings.Builder
	inside bool
}

// Line reads one line.
func (r *LoudnessReader) Line(line string) {
	trimmed := strings.TrimSpace(line)
	if trimmed == "{" {
		r.object.Reset()
		r.inside = true
	}
	if r.inside {
		r.object.WriteString(trimmed)
	}
	if trimmed == "}" {
		r.inside = false
	}
}

// Loudness returns what was measured.
func (r *LoudnessReader) Loudness() (Loudness, error) {
	var told struct {
		Integrated string `json:"input_i"`
		Peak       string `json:"input_tp"`
		Range      string `json:"input_lra"`
		Threshold  string `json:"input_thresh"`
		Offset     string `json:"target_offset"`
	}
	if err := json.Unmarshal([]byte(r.object.String()), &told); err != nil {
		return Loudness{}, fmt.Errorf("ffmpeg did not tell the loudness: %w", err)
	}
	var l Loudness
	for _, field := range []struct {
		text     string
		value    *float64
		low, top float64 // what loudnorm takes
	}{
		{told.Integrated, &l.Integrated, -99, 0}, {told.Peak, &l.Peak, -99, 99}, {told.Range, &l.Range, 0, 99},
		{told.Threshold, &l.Threshold, -99, 0}, {told.Offset, &l.Offset, -99, 99},
	} {
		value, err := strconv.ParseFloat(field.text, 64)
		if err != nil {
			return Loudness{}, fmt.Errorf("ffmpeg told the loudness %q", field.text)
		}
		if math.IsInf(value, 0) || math.IsNaN(value) {
			l.Silent = true
			value = 0
		}
		*field.value = min(max(value, field.low), field.top)
	}
	return l, nil
}

// AudioArgs returns ffmpeg's arguments, to follow the input, that write the formats into a folder, brought to one
// loudness. Sound that is silent stays so.
func AudioArgs(formats []AudioFormat, l Loudness, folder string) []string {
	var graph strings.Builder
	graph.WriteString("[0:a:0]")
	if !l.Silent {
		fmt.Fprintf(&graph, "%s:measured_I=%.2f:measured_TP=%.2f:measured_LRA=%.2f:measured_thresh=%.2f:offset=%.2f:linear=true,",
			normFilter(), l.Integrated, l.Peak, l.Range, l.Threshold, l.Offset)
	}
	fmt.Fprintf(&graph, "asplit=%d", len(formats))
	for i := range formats {
		fmt.Fprintf(&graph, "[s%d]", i)
	}
	for i, f := range formats {
		fmt.Fprintf(&graph, ";[s%d]%s[a%d]", i, f.filter, i)
	}
	args := []string{"-filter_complex", graph.String()}
	for i, f := range formats {
		args = append(args, "-map", fmt.Sprintf("[a%d]", i))
		args = append(args, f.codec...)
		args = append(args, folder+"/"+f.File)
	}
	return args
}
