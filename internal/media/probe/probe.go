// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package probe reads what ffprobe and ffmpeg's filters print about a recording. It is pure: it neither runs programs nor
// opens files.
package probe

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Info is what a container says of itself.
type Info struct {
	// Container is a short name, such as mp4, webm, matroska or mpegts.
	Container string
	// Duration is in seconds; 0: the container does not say.
	Duration float64
	// Start is the container's first timestamp, in seconds, which ffmpeg's -ss counts from.
	Start float64
	// SizeBytes is the file's size.
	SizeBytes int64
	// BitRate is in bits per second; 0: not known.
	BitRate int64
	// Video is the first video stream that is no cover picture; nil: there is none.
	Video *Video
	// Audio is the first audio track; nil: there is none.
	Audio *Audio
	// AudioTracks are all audio tracks, in the file's order.
	AudioTracks []*Audio
	// Videos are the numbers of all video streams that are no cover picture.
	Videos []int
}

// Video is a video stream.
type Video struct {
	// Index is the stream's number in the file.
	Index       int
	Codec       string
	Profile     string
	PixelFormat string
	// Width and Height are those of the picture as it is shown: rotated, with square pixels.
	Width, Height int
	// FrameRate is in frames per second, the mean; 0: not known.
	FrameRate float64
	// NominalRate is the container's guess of the frame rate, which every frame's time is a multiple of; 0: not known.
	NominalRate float64
	// BitRate is in bits per second; 0: not known.
	BitRate int64
	// Transfer is the transfer characteristic, such as bt709 or smpte2084.
	Transfer string
	// SquarePixels says that the picture is stored as it is shown.
	SquarePixels bool
}

// IsHDR reports whether the picture has a high dynamic range (PQ or HLG), which players of today's web show wrongly.
func (v *Video) IsHDR() bool { return v.Transfer == "smpte2084" || v.Transfer == "arib-std-b67" }

// Audio is an audio stream.
type Audio struct {
	// Index is the stream's number in the file.
	Index      int
	Codec      string
	Channels   int
	SampleRate int
	BitRate    int64
}

// ErrNoMedia is returned by Parse for a file without a video or audio stream.
var ErrNoMedia = errors.New("the file has neither a video nor an audio stream")

// ErrEncrypted is returned by Parse for a file with an encrypted stream.
var ErrEncrypted = errors.New("a stream is encrypted")

// printed is ffprobe's JSON (-show_format -show_streams); numbers come as strings.
type printed struct {
	Streams []stream `json:"streams"`
	Format  struct {
		FormatName string `json:"format_name"`
		StartTime  string `json:"start_time"`
		Duration   string `json:"duration"`
		Size       string `json:"size"`
		BitRate    string `json:"bit_rate"`
	} `json:"format"`
}

type stream struct {
	Index             int    `json:"index"`
	ColorTransfer     string `json:"color_transfer"`
	CodecType         string `json:"codec_type"`
	CodecName         string `json:"codec_name"`
	Profile           string `json:"profile"`
	PixelFormat       string `json:"pix_fmt"`
	Width             int    `json:"width"`
	Height            int    `json:"height"`
	SampleAspectRatio string `json:"sample_aspect_ratio"`
	AvgFrameRate      string `json:"avg_frame_rate"`
	RealFrameRate     string `json:"r_frame_rate"`
	Duration          string `json:"duration"`
	BitRate           string `json:"bit_rate"`
	Channels          int    `json:"channels"`
	SampleRate        string `json:"sample_rate"`
	Disposition       struct {
		AttachedPicture int `json:"attached_pic"`
	} `json:"disposition"`
	SideData []struct {
		Type     string  `json:"side_data_type"`
		Rotation float64 `json:"rotation"`
	} `json:"side_data_list"`
}

// isEncrypted reports whether the container says how to decrypt the stream.
func (s stream) isEncrypted() bool {
	for _, data := range s.SideData {
		if strings.HasPrefix(data.Type, "Encryption") {
			return true
		}
	}
	return false
}

// Parse reads ffprobe's JSON. It returns ErrNoMedia when there is nothing to see or hear, or ErrEncrypted.
func Parse(text []byte) (Info, error) {
	var p printed
	if err := json.Unmarshal(text, &p); err != nil {
		return Info{}, fmt.Errorf("what ffprobe printed is no JSON: %w", err)
	}
	info := Info{
		Duration:  number(p.Format.Duration),
		SizeBytes: int64(number(p.Format.Size)),
		BitRate:   int64(number(p.Format.BitRate)),
	}
	if start, err := parseSigned(p.Format.StartTime); err == nil {
		info.Start = start
	}
	for _, s := range p.Streams {
		if s.isEncrypted() {
			return Info{}, ErrEncrypted
		}
		switch {
		case s.CodecType == "video" && s.Disposition.AttachedPicture == 0:
			info.Videos = append(info.Videos, s.Index)
			if info.Video == nil {
				info.Video = s.video()
			}
		case s.CodecType == "audio":
			info.AudioTracks = append(info.AudioTracks, &Audio{
				Index: s.Index, Codec: s.CodecName, Channels: s.Channels, SampleRate: int(number(s.SampleRate)), BitRate: int64(number(s.BitRate)),
			})
		}
		if info.Duration == 0 && (s.CodecType == "video" || s.CodecType == "audio") {
			info.Duration = number(s.Duration)
		}
	}
	if len(info.AudioTracks) > 0 {
		info.Audio = info.AudioTracks[0]
	}
	if info.Video == nil && info.Audio == nil {
		return Info{}, ErrNoMedia
	}
	info.Container = container(p.Format.FormatName, info)
	return info, nil
}

func (s stream) video() *Video {
	v := &Video{
		Codec: s.CodecName, Profile: s.Profile, PixelFormat: s.PixelFormat, Width: s.Width, Height: s.Height,
		BitRate: int64(number(s.BitRate)), FrameRate: ratio(s.AvgFrameRate, "/"), NominalRate: ratio(s.RealFrameRate, "/"),
		Index: s.Index, Transfer: s.ColorTransfer, SquarePixels: true,
	}
	if v.FrameRate == 0 {
		v.FrameRate = ratio(s.RealFrameRate, "/")
	}
	if aspect := ratio(s.SampleAspectRatio, ":"); aspect > 0 && aspect != 1 {
		v.SquarePixels = false
		v.Width = int(math.Round(float64(v.Width) * aspect))
	}
	for _, data := range s.SideData {
		if turns := int(math.Round(data.Rotation / 90)); turns%2 != 0 {
			v.Width, v.Height = v.Height, v.Width
		}
	}
	return v
}

// container picks one name of those that ffprobe gives to a family.
func container(names string, info Info) string {
	switch {
	case strings.HasPrefix(names, "mov,mp4"):
		return "mp4"
	case names == "matroska,webm":
		if (info.Video == nil || isAnyOf(info.Video.Codec, "vp8", "vp9", "av1")) && (info.Audio == nil || isAnyOf(info.Audio.Codec, "opus", "vorbis")) {
			return "webm"
		}
		return "matroska"
	}
	name, _, _ := strings.Cut(names, ",")
	return name
}

func isAnyOf(s string, choices ...string) bool {
	for _, choice := range choices {
		if s == choice {
			return true
		}
	}
	return false
}

// number reads a number that is not negative; 0 for anything else, such as "N/A" or nothing.
func number(s string) float64 {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || n < 0 || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0
	}
	return n
}

// ratio reads "30000/1001" or "4:3"; 0 when one of both is 0.
func ratio(s, separator string) float64 {
	a, b, _ := strings.Cut(s, separator)
	over, under := number(a), number(b)
	if under == 0 {
		return 0
	}
	return over / under
}

// IsEightBit420 reports whether players can show the pixel format everywhere.
func (v *Video) IsEightBit420() bool {
	return v.PixelFormat == "yuv420p" || v.PixelFormat == "yuvj420p"
}
