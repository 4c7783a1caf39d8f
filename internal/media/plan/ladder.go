// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package plan decides how a recording is encoded, and writes ffmpeg's arguments for it. It is pure.
package plan

import (
	"fmt"
	"math"
	"strings"

	"github.com/meetingops/meeting-recording-operator/internal/media/probe"
	"github.com/meetingops/meeting-recording-operator/internal/media/timeline"
)

// Rung is one rendition of a recording.
type Rung struct {
	// Name is the shorter side and a p, such as 720p.
	Name string
	// Width and Height are even.
	Width, Height int
	// MaxBitRate is the bound of the video's bit rate, in kbit/s.
	MaxBitRate int
	// AudioBitRate is in kbit/s.
	AudioBitRate int
}

// rungs are the usual ones, by the shorter side. The bit rates are those of Apple's HLS authoring specification for H.264,
// rounded, of which talking heads and slides need less.
var rungs = []Rung{
	{Height: 1080, MaxBitRate: 6000, AudioBitRate: 160},
	{Height: 720, MaxBitRate: 3000, AudioBitRate: 128},
	{Height: 480, MaxBitRate: 1600, AudioBitRate: 96},
	{Height: 360, MaxBitRate: 800, AudioBitRate: 96},
	{Height: 240, MaxBitRate: 400, AudioBitRate: 64},
}

// Heights are the ladder's heights, highest first.
func Heights() []int {
	heights := make([]int, 0, len(rungs))
	for _, r := range rungs {
		heights = append(heights, r.Height)
	}
	return heights
}

// Ladder returns the renditions for a picture of this size, best first: those of the wanted heights (of the shorter side;
// none: all) that are not above the picture's own; or, when all are, one of the picture's own size.
func Ladder(width, height int, wanted []int) []Rung {
	var ladder []Rung
	short := min(width, height)
	for _, r := range rungs {
		if r.Height <= short && isWanted(r.Height, wanted) {
			ladder = append(ladder, r.sized(width, height))
		}
	}
	if ladder == nil {
		own := rungs[len(rungs)-1]
		for _, r := range rungs {
			if r.Height >= short {
				own = r
			}
		}
		own.Height = short
		ladder = append(ladder, own.sized(width, height))
	}
	return ladder
}

func isWanted(height int, wanted []int) bool {
	for _, w := range wanted {
		if w == height {
			return true
		}
	}
	return len(wanted) == 0
}

// sized gives a rung the picture's shape: its Height is the shorter side.
func (r Rung) sized(width, height int) Rung {
	r.Name = fmt.Sprintf("%dp", r.Height)
	r.Width, r.Height = Scale(width, height, r.Height)
	return r
}

// Scale returns the size of a picture whose shorter side is at most short: even, and never above the picture's own but
// for sides of 2.
func Scale(width, height, short int) (w, h int) {
	factor := min(float64(short)/float64(max(min(width, height), 1)), 1)
	even := func(side int) int { return max(int(math.Round(float64(side)*factor)), 2) / 2 * 2 }
	return even(width), even(height)
}

// fit is the filter that gives a picture a size and the pixel format that every player knows.
func fit(width, height int) string {
	return fmt.Sprintf("scale=%d:%d:flags=bicubic,setsar=1,format=yuv420p", width, height)
}

// Canvas is the filter that gives every frame of a video the size of the first as it is shown, square pixels, and a
// standard dynamic range. A frame of another shape gets black borders.
func Canvas(v *probe.Video) string {
	width, height := Scale(v.Width, v.Height, min(v.Width, v.Height))
	filter := fmt.Sprintf("scale=%d:%d:flags=bicubic", width, height)
	if v.SquarePixels {
		filter = fmt.Sprintf("scale=%d:%d:flags=bicubic:force_original_aspect_ratio=decrease:eval=frame,pad=%d:%d:-1:-1:eval=frame", width, height, width, height)
	}
	if v.IsHDR() {
		filter += "," + toneMap(v)
	}
	return filter + ",setsar=1,format=yuv420p"
}

// toneMap is the filter that makes a picture of high dynamic range (BT.2100) one that every screen shows (BT.709).
func toneMap(v *probe.Video) string {
	return "zscale=tin=" + v.Transfer + ":min=2020_ncl:pin=2020:t=linear:npl=203,format=gbrpf32le,zscale=p=709,tonemap=mobius:desat=0:peak=5," +
		"zscale=t=709:m=709:p=709:r=limited"
}

// HLS is how an HLS ladder is made.
type HLS struct {
	Preset Preset
	Ladder []Rung
	// SegmentSeconds is the target duration of a segment.
	SegmentSeconds int
	// TS makes MPEG-TS segments; else they are fragmented MP4.
	TS bool
	// Picture is the recording's.
	Picture timeline.Picture
	// Sound is the recording's; nil: there is none.
	Sound *timeline.Sound
	Extra []string
}

// webSound is the sound that every player knows.
func webSound(sound timeline.Sound) timeline.Sound {
	sound.Layout, sound.Rate = "stereo", 48000
	return sound
}

// Master is the name of the master playlist.
const Master = "master.m3u8"

// aacPacketSamples is the length of a packet of AAC, in samples.
const aacPacketSamples = 1024

// Args returns ffmpeg's arguments, to follow the input, that write the playlists and segments below a folder:
// master.m3u8, and for each rung <name>/index.m3u8 with its segments. Frames are not reordered, so that players need no
// offsets to show them in time.
func (h HLS) Args(folder string) []string {
	var split, scaled strings.Builder
	var maps []string
	variants := make([]string, 0, len(h.Ladder))
	fmt.Fprintf(&split, "%s;[picture]split=%d", h.Picture.Graph("picture"), len(h.Ladder))
	if h.Sound != nil {
		// An AAC encoder puts a packet before the first sample, and so the muxer would move all streams by its length.
		fmt.Fprintf(&scaled, ";%s;[sound]atrim=start_sample=%d,asplit=%d", webSound(*h.Sound).Graph("sound"), aacPacketSamples, len(h.Ladder))
		for i := range h.Ladder {
			fmt.Fprintf(&scaled, "[a%d]", i)
		}
	}
	for i, r := range h.Ladder {
		fmt.Fprintf(&split, "[s%d]", i)
		fmt.Fprintf(&scaled, ";[s%d]%s[v%d]", i, fit(r.Width, r.Height), i)
		variant := fmt.Sprintf("v:%d,name:%s", i, r.Name)
		maps = append(maps, "-map", fmt.Sprintf("[v%d]", i))
		if h.Sound != nil {
			maps = append(maps, "-map", fmt.Sprintf("[a%d]", i), fmt.Sprintf("-b:a:%d", i), fmt.Sprintf("%dk", r.AudioBitRate))
			variant = fmt.Sprintf("v:%d,a:%d,name:%s", i, i, r.Name)
		}
		maps = append(maps, fmt.Sprintf("-maxrate:v:%d", i), fmt.Sprintf("%dk", r.MaxBitRate), fmt.Sprintf("-bufsize:v:%d", i), fmt.Sprintf("%dk", 2*r.MaxBitRate))
		variants = append(variants, variant)
	}
	args := append([]string{"-filter_complex", split.String() + scaled.String()}, maps...)
	args = append(args, h.Preset.video()...)
	if h.Sound != nil {
		args = append(args, "-c:a", "aac")
	}
	args = append(args, "-bf", "0", "-fps_mode", "cfr", "-sc_threshold", "0", "-force_key_frames", fmt.Sprintf("expr:gte(t,n_forced*%d)", h.SegmentSeconds))
	args = append(args, h.Extra...)
	segment, kind := "segment_%05d.m4s", "fmp4"
	if h.TS {
		segment, kind = "segment_%05d.ts", "mpegts"
	}
	return append(args, "-max_muxing_queue_size", "4096",
		"-f", "hls", "-hls_time", fmt.Sprint(h.SegmentSeconds), "-hls_playlist_type", "vod", "-hls_flags", "independent_segments",
		"-hls_segment_type", kind, "-hls_segment_filename", folder+"/%v/"+segment,
		"-master_pl_name", Master, "-var_stream_map", strings.Join(variants, " "), folder+"/%v/index.m3u8")
}
