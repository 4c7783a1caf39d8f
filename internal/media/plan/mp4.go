// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"slices"

	"github.com/meetingops/meeting-recording-operator/internal/media/probe"
)

// Preset is how much time and room an encoding takes.
type Preset struct {
	Name string
	// speed and quality are libx264's preset and crf.
	speed, quality string
	// AudioBitRate is in kbit/s.
	AudioBitRate int
	// MaxHeight bounds the picture's shorter side; 0: it does not.
	MaxHeight int
}

// presets by name.
var presets = []Preset{
	{Name: "web", speed: "veryfast", quality: "23", AudioBitRate: 128},
	{Name: "small", speed: "veryfast", quality: "28", AudioBitRate: 96, MaxHeight: 720},
	{Name: "quality", speed: "slow", quality: "18", AudioBitRate: 192},
}

// PresetNames lists the presets, the default first.
func PresetNames() []string {
	names := make([]string, 0, len(presets))
	for _, p := range presets {
		names = append(names, p.Name)
	}
	return names
}

// FindPreset returns a preset by its name.
func FindPreset(name string) (Preset, bool) {
	i := slices.IndexFunc(presets, func(p Preset) bool { return p.Name == name })
	if i < 0 {
		return Preset{}, false
	}
	return presets[i], true
}

// video encodes as H.264 High at 8 bits.
func (p Preset) video() []string {
	return []string{"-c:v", "libx264", "-preset", p.speed, "-crf", p.quality, "-profile:v", "high"}
}

// MP4 is how an MP4 file for the web is made.
type MP4 struct {
	Info   probe.Info
	Preset Preset
	// MaxHeight bounds the picture's shorter side; 0: it does not.
	MaxHeight int
	// Reencode encodes also what browsers play as it is.
	Reencode bool
	Extra    []string
}

// Copies reports whether the streams are taken as they are: H.264 of 8 bits 4:2:0 with even sides, and AAC, for which
// nothing else is asked.
func (m MP4) Copies() bool {
	v, a := m.Info.Video, m.Info.Audio
	return !m.Reencode && len(m.Extra) == 0 && m.Preset.Name == presets[0].Name && v.Codec == "h264" && v.IsEightBit420() &&
		(a == nil || a.Codec == "aac") && m.maxHeight() >= min(v.Width, v.Height)
}

func (m MP4) maxHeight() int {
	short := min(m.Info.Video.Width, m.Info.Video.Height)
	for _, bound := range []int{m.MaxHeight, m.Preset.MaxHeight} {
		if bound > 0 {
			short = min(short, bound)
		}
	}
	return short
}

// Args returns ffmpeg's arguments, to follow the input, that write an MP4 file whose index is at its front.
func (m MP4) Args(file string) []string {
	args := []string{"-map", "0:v:0"}
	if m.Info.Audio != nil {
		args = append(args, "-map", "0:a:0")
	}
	if m.Copies() {
		args = append(args, "-c", "copy")
	} else {
		args = append(args, "-vf", picture(Scale(m.Info.Video.Width, m.Info.Video.Height, m.maxHeight())), "-fps_mode", "vfr")
		args = append(args, m.Preset.video()...)
		if m.Info.Audio != nil {
			args = append(args, "-c:a", "aac", "-ac", "2", "-ar", "48000", "-b:a", fmt.Sprintf("%dk", m.Preset.AudioBitRate))
		}
		args = append(args, m.Extra...)
	}
	return append(args, "-max_muxing_queue_size", "4096", "-movflags", "+faststart", "-f", "mp4", file)
}
