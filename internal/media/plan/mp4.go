// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/meetingops/meeting-recording-operator/internal/media/probe"
	"github.com/meetingops/meeting-recording-operator/internal/media/timeline"
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
	// Picture is the recording's.
	Picture timeline.Picture
	// Sound is the recording's; nil: there is none.
	Sound *timeline.Sound
	Extra []string
}

const (
	// inTime is how far from the axis's beginning or end a stream may begin or end to be taken as it is, in seconds.
	inTime = 0.05
	// noGap is the longest time between two packets of sound that has no gaps, in seconds.
	noGap = 0.15
)

// Copies reports whether the streams are taken as they are.
func (m MP4) Copies() bool { return m.copiesPicture() && (m.Sound == nil || m.copiesSound()) }

// asked reports whether more is asked for than what browsers play.
func (m MP4) asked() bool {
	return m.Reencode || len(m.Extra) > 0 || m.Preset.Name != presets[0].Name || m.maxHeight() < min(m.Info.Video.Width, m.Info.Video.Height)
}

// copiesPicture reports whether the picture is taken as it is: H.264 of 8 bits 4:2:0 that begins with the axis, for which
// nothing else is asked.
func (m MP4) copiesPicture() bool {
	v, axis := m.Info.Video, m.Picture.Axis
	stream, ok := axis.Stream(m.Picture.Stream)
	return ok && !m.asked() && v.Codec == "h264" && v.IsEightBit420() && !v.IsHDR() && axis.Delay(stream) < inTime
}

// copiesSound reports whether the sound is taken as it is: one track of AAC that is as long as the axis, without gaps. Other
// sound is encoded again, since players ignore a file's delays and gaps.
func (m MP4) copiesSound() bool {
	if m.asked() || len(m.Sound.Tracks) != 1 {
		return false
	}
	axis := m.Sound.Axis
	stream, ok := axis.Stream(m.Sound.Tracks[0])
	if !ok || axis.Delay(stream) > inTime || axis.End-stream.End > inTime || stream.Gap > noGap {
		return false
	}
	for _, a := range m.Info.AudioTracks {
		if a.Index == stream.Index {
			return a.Codec == "aac"
		}
	}
	return false
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

// Args returns ffmpeg's arguments, to follow the input, that write an MP4 file whose index is at its front. Frames that are
// reordered have offsets that may be negative, so that players need no edit list to show them in time.
func (m MP4) Args(file string) []string {
	var graphs, maps, codecs []string
	if m.copiesPicture() {
		maps = append(maps, copied(m.Picture.Stream, "v")...)
	} else {
		width, height := Scale(m.Info.Video.Width, m.Info.Video.Height, m.maxHeight())
		graphs = append(graphs, m.Picture.Graph("picture")+";[picture]"+fit(width, height)+"[v]")
		maps = append(maps, "-map", "[v]")
		codecs = append(append(codecs, m.Preset.video()...), "-fps_mode", "cfr")
	}
	switch {
	case m.Sound == nil:
	case m.copiesSound():
		maps = append(maps, copied(m.Sound.Tracks[0], "a")...)
	default:
		graphs = append(graphs, webSound(*m.Sound).Graph("sound"))
		maps = append(maps, "-map", "[sound]")
		codecs = append(codecs, "-c:a", "aac", "-b:a", fmt.Sprintf("%dk", m.Preset.AudioBitRate))
	}
	var args []string
	if graphs != nil {
		args = append(args, "-filter_complex", strings.Join(graphs, ";"))
	}
	args = append(append(append(args, maps...), codecs...), m.Extra...)
	return append(args, "-max_muxing_queue_size", "4096", "-movflags", "+faststart+negative_cts_offsets", "-f", "mp4", file)
}

// copied returns ffmpeg's arguments that take a stream as it is.
func copied(stream int, kind string) []string {
	return []string{"-map", fmt.Sprintf("0:%d", stream), "-c:" + kind, "copy"}
}
