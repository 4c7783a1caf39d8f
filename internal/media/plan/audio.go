// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/meetingops/meeting-recording-operator/internal/media/timeline"
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
	// Layout is stereo or mono, Rate is in samples a second.
	Layout string
	Rate   int
	codec  []string
}

// loudnessRate is the rate at which loudness is measured and changed, in samples a second.
const loudnessRate = 48000

// audioFormats in the order of their making.
var audioFormats = []AudioFormat{
	{"aac", "audio.m4a", "audio/mp4", "stereo", 48000, []string{"-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart", "-f", "mp4"}},
	{"opus", "audio.opus", "audio/ogg", "stereo", 48000, []string{"-c:a", "libopus", "-b:a", "96k", "-f", "ogg"}},
	{"wav", "speech.wav", "audio/wav", "mono", 16000, []string{"-c:a", "pcm_s16le", "-f", "wav"}},
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

// Layouts returns the channel layouts of the formats, each once. Loudness depends on it: two channels with different
// voices are louder than their mono mix.
func Layouts(formats []AudioFormat) []string {
	var layouts []string
	for _, f := range formats {
		if !slices.Contains(layouts, f.Layout) {
			layouts = append(layouts, f.Layout)
		}
	}
	return layouts
}

// MeasureArgs returns ffmpeg's arguments, to follow the input, of the pass that measures the loudness in each layout.
func MeasureArgs(sound timeline.Sound, layouts []string) []string {
	args := []string{"-filter_complex", soundIn(sound, layouts, func(layout string) string {
		return fmt.Sprintf("%s:print_format=json", normFilter("@"+layout))
	})}
	for _, layout := range layouts {
		args = append(args, "-map", "["+layout+"]", "-f", "null", "-")
	}
	return args
}

// soundIn returns a filter graph that ends in one label for each layout, after the filter for it.
func soundIn(sound timeline.Sound, layouts []string, filter func(layout string) string) string {
	var graphs []string
	for _, layout := range layouts {
		s := sound
		s.Layout, s.Rate = layout, loudnessRate
		graphs = append(graphs, s.Graph("in"+layout)+fmt.Sprintf(";[in%s]%s[%s]", layout, filter(layout), layout))
	}
	return strings.Join(graphs, ";")
}

func normFilter(name string) string {
	return fmt.Sprintf("loudnorm%s=I=%s:TP=%s:LRA=%s", name, targetLoudness, targetPeak, targetRange)
}

// LoudnessReader reads the lines that ffmpeg logs in the pass that measures.
type LoudnessReader struct {
	objects map[string]*strings.Builder // by layout
	layout  string
	inside  bool
}

// named finds the layout that a filter of MeasureArgs has in its name.
var named = regexp.MustCompile(`^\[loudnorm@(\w+) @ `)

// Line reads one line.
func (r *LoudnessReader) Line(line string) {
	if found := named.FindStringSubmatch(line); found != nil {
		r.layout = found[1]
	}
	trimmed := strings.TrimSpace(line)
	if trimmed == "{" {
		if r.objects == nil {
			r.objects = map[string]*strings.Builder{}
		}
		r.objects[r.layout] = &strings.Builder{}
		r.inside = true
	}
	if r.inside {
		r.objects[r.layout].WriteString(trimmed) //nolint:gosec // a strings.Builder never fails
	}
	if trimmed == "}" {
		r.inside = false
	}
}

// Loudness returns what was measured in a layout.
func (r *LoudnessReader) Loudness(layout string) (Loudness, error) {
	var printed struct {
		Integrated string `json:"input_i"`
		Peak       string `json:"input_tp"`
		Range      string `json:"input_lra"`
		Threshold  string `json:"input_thresh"`
		Offset     string `json:"target_offset"`
	}
	object := r.objects[layout]
	if object == nil {
		return Loudness{}, errors.New("ffmpeg did not print the loudness")
	}
	if err := json.Unmarshal([]byte(object.String()), &printed); err != nil {
		return Loudness{}, fmt.Errorf("ffmpeg did not print the loudness: %w", err)
	}
	var l Loudness
	for _, field := range []struct {
		text     string
		value    *float64
		low, top float64 // what loudnorm takes
	}{
		{printed.Integrated, &l.Integrated, -99, 0}, {printed.Peak, &l.Peak, -99, 99}, {printed.Range, &l.Range, 0, 99},
		{printed.Threshold, &l.Threshold, -99, 0}, {printed.Offset, &l.Offset, -99, 99},
	} {
		value, err := strconv.ParseFloat(field.text, 64)
		if err != nil {
			return Loudness{}, fmt.Errorf("ffmpeg printed the loudness %q", field.text)
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
// loudness, which was measured in each layout. Sound that is silent stays so.
func AudioArgs(sound timeline.Sound, formats []AudioFormat, measured map[string]Loudness, folder string) []string {
	graph := soundIn(sound, Layouts(formats), func(layout string) string {
		l := measured[layout]
		if l.Silent {
			return "anull"
		}
		return fmt.Sprintf("%s:measured_I=%.2f:measured_TP=%.2f:measured_LRA=%.2f:measured_thresh=%.2f:offset=%.2f:linear=true",
			normFilter(""), l.Integrated, l.Peak, l.Range, l.Threshold, l.Offset)
	})
	var b strings.Builder
	b.WriteString(graph)
	for _, layout := range Layouts(formats) {
		var outs []string
		for i, f := range formats {
			if f.Layout == layout {
				outs = append(outs, fmt.Sprintf("[s%d]", i))
			}
		}
		fmt.Fprintf(&b, ";[%s]asplit=%d%s", layout, len(outs), strings.Join(outs, ""))
	}
	for i, f := range formats {
		fmt.Fprintf(&b, ";[s%d]aresample=%d,aformat=channel_layouts=%s[a%d]", i, f.Rate, f.Layout, i)
	}
	args := []string{"-filter_complex", b.String()}
	for i, f := range formats {
		args = append(args, "-map", fmt.Sprintf("[a%d]", i))
		args = append(args, f.codec...)
		args = append(args, folder+"/"+f.File)
	}
	return args
}
