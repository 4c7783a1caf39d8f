// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/internal/media/probe"
	"github.com/meetingops/meeting-recording-operator/internal/media/timeline"
)

func TestParse(t *testing.T) {
	tests := map[string]struct {
		text string
		want probe.Info
	}{
		"mp4": {
			`{"streams":[{"codec_type":"audio","codec_name":"aac","channels":2,"sample_rate":"48000","bit_rate":"128000"},
			{"codec_type":"video","codec_name":"h264","profile":"High","pix_fmt":"yuv420p","width":1280,"height":720,"sample_aspect_ratio":"1:1",
			"avg_frame_rate":"30000/1001","bit_rate":"2500000"}],
			"format":{"format_name":"mov,mp4,m4a,3gp,3g2,mj2","duration":"30.030000","size":"10000000","bit_rate":"2664002"}}`,
			probe.Info{
				Container: "mp4", Duration: 30.03, SizeBytes: 10000000, BitRate: 2664002,
				Video: &probe.Video{Codec: "h264", Profile: "High", PixelFormat: "yuv420p", Width: 1280, Height: 720, FrameRate: 30000.0 / 1001, BitRate: 2500000, SquarePixels: true},
				Audio: &probe.Audio{Codec: "aac", Channels: 2, SampleRate: 48000, BitRate: 128000},
			},
		},
		"webm without a duration": {
			`{"streams":[{"codec_type":"video","codec_name":"vp8","width":640,"height":480,"avg_frame_rate":"0/0","r_frame_rate":"25/1","duration":"N/A"}],
			"format":{"format_name":"matroska,webm","size":"5"}}`,
			probe.Info{Container: "webm", SizeBytes: 5, Video: &probe.Video{Codec: "vp8", Width: 640, Height: 480, FrameRate: 25, NominalRate: 25, SquarePixels: true}},
		},
		"matroska, stream's duration": {
			`{"streams":[{"codec_type":"audio","codec_name":"aac","duration":"7.5"}],"format":{"format_name":"matroska,webm"}}`,
			probe.Info{Container: "matroska", Duration: 7.5, Audio: &probe.Audio{Codec: "aac"}},
		},
		"turned, with wide pixels": {
			`{"streams":[{"codec_type":"video","codec_name":"h264","width":720,"height":576,"sample_aspect_ratio":"16:15","side_data_list":[{"rotation":-90}]}],
			"format":{"format_name":"mpegts"}}`,
			probe.Info{Container: "mpegts", Video: &probe.Video{Codec: "h264", Width: 576, Height: 768}},
		},
		"upside down": {
			`{"streams":[{"codec_type":"video","width":720,"height":576,"side_data_list":[{},{"rotation":180}]}],"format":{"format_name":"avi"}}`,
			probe.Info{Container: "avi", Video: &probe.Video{Width: 720, Height: 576, SquarePixels: true}},
		},
		"cover picture": {
			`{"streams":[{"codec_type":"video","codec_name":"mjpeg","disposition":{"attached_pic":1}},{"codec_type":"audio","codec_name":"mp3"},{"codec_type":"data"}],
			"format":{"format_name":"mp3","bit_rate":"-5","duration":"inf"}}`,
			probe.Info{Container: "mp3", Audio: &probe.Audio{Codec: "mp3"}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := probe.Parse([]byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			if want := test.want.Audio; want != nil {
				test.want.AudioTracks = []*probe.Audio{want}
			}
			if test.want.Video != nil {
				test.want.Videos = []int{test.want.Video.Index}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestParseFails(t *testing.T) {
	if _, err := probe.Parse([]byte(`{"streams":[{"codec_type":"subtitle"}]}`)); !errors.Is(err, probe.ErrNoMedia) {
		t.Errorf("err = %v", err)
	}
	encrypted := `{"streams":[{"codec_type":"video","side_data_list":[{"side_data_type":"Encryption initialization data"}]}]}`
	if _, err := probe.Parse([]byte(encrypted)); !errors.Is(err, probe.ErrEncrypted) {
		t.Errorf("err = %v", err)
	}
	if _, err := probe.Parse([]byte("Killed")); err == nil || !strings.Contains(err.Error(), "no JSON") {
		t.Errorf("err = %v", err)
	}
}

// The lines are ffmpeg 5.1's own.
const analysisLog = `[info] Stream mapping:
[blackdetect @ 0x55c65c9ff000] [info] black_start:0 black_end:2 black_duration:2
[silencedetect @ 0x55c65c9ffa00] [info] silence_start: -0.02
[silencedetect @ 0x55c65c9ffa00] [info] silence_end: 3.5 | silence_duration: 3.52
[blackdetect @ 0x55c65c9ff000] [info] black_start:20 black_end:21.5 black_duration:1.5
[silencedetect @ 0x55c65c9ffa00] [info] silence_start: 28
[info] frame=   90 fps=0.0 q=-0.0 Lsize=N/A time=00:00:07.01 bitrate=N/A speed= 228x
[Parsed_ebur128_0 @ 0x55c65ca00400] [info] Summary:

  Integrated loudness:
    I:         -21.8 LUFS
    Threshold: -31.8 LUFS

  Loudness range:
    LRA:        20.0 LU
    Threshold: -41.8 LUFS
    LRA low:   -41.8 LUFS
    LRA high:  -21.8 LUFS

  True peak:
    Peak:      -17.7 dBFS`

func TestAnalyzer(t *testing.T) {
	var a probe.Analyzer
	for line := range strings.SplitSeq(analysisLog, "\n") {
		a.Line(line)
	}
	peak := -17.7
	want := probe.Analysis{Loudness: -21.8, LoudnessRange: 20, TruePeak: &peak, SilentSeconds: 5.52, BlackSeconds: 3.5}
	if diff := cmp.Diff(want, a.Done(30)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAnalyzerOfSilence(t *testing.T) {
	var a probe.Analyzer
	for _, line := range []string{"    I:         -70.0 LUFS", "    LRA:         0.0 LU", "    Peak:       -inf dBFS", "silence_start: ...", "silence_start: 1e999"} {
		a.Line(line)
	}
	if diff := cmp.Diff(probe.Analysis{Loudness: -70}, a.Done(5)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestFilters(t *testing.T) {
	video, audio := &probe.Video{Width: 64, Height: 36}, &probe.Audio{Index: 1, Channels: 1}
	sound := &timeline.Sound{Axis: timeline.New([]timeline.Stream{{Index: 1, End: 4}}), Tracks: []int{1}}
	tests := map[string]struct {
		info      probe.Info
		sound     *timeline.Sound
		want, not string
	}{
		"both":       {probe.Info{Video: video, Audio: audio}, sound, "silencedetect=noise=-50dB:duration=2[a];[0:0]scale=64:36,blackdetect=", "none"},
		"only video": {probe.Info{Video: video}, nil, "[0:0]scale=64:36,blackdetect=black_min_duration=1[v] -map [v]", "[a]"},
		"only audio": {probe.Info{Audio: audio}, sound, "[sound]ebur128=peak=true:framelog=verbose,silencedetect=", "[v]"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := strings.Join(probe.Filters(test.info, test.sound), " "); !strings.Contains(got, test.want) || strings.Contains(got, test.not) {
				t.Errorf("arguments = %s", got)
			}
		})
	}
}

func TestValues(t *testing.T) {
	peak := -3.1
	info := probe.Info{
		Container: "mp4", Duration: 40.00049, SizeBytes: 7, BitRate: 8,
		Video: &probe.Video{Codec: "h264", PixelFormat: "yuv420p", Width: 4, Height: 2, FrameRate: 29.97002997},
		Audio: &probe.Audio{Codec: "aac", Channels: 2, SampleRate: 48000},
	}
	info.AudioTracks = []*probe.Audio{info.Audio, info.Audio}
	tests := map[string]struct {
		info     probe.Info
		analysis *probe.Analysis
		want     map[string]any
	}{
		"headers": {info, nil, map[string]any{
			"container": "mp4", "durationSeconds": 40.0, "sizeBytes": int64(7), "bitRate": int64(8), "hasVideo": true, "hasAudio": true,
			"videoCodec": "h264", "pixelFormat": "yuv420p", "width": 4, "height": 2, "frameRate": 29.97,
			"audioCodec": "aac", "audioChannels": 2, "audioSampleRate": 48000, "audioTracks": 2,
		}},
		"full, no video": {
			probe.Info{Container: "ogg", Duration: 10, Audio: info.Audio},
			&probe.Analysis{Loudness: -20, LoudnessRange: 3, TruePeak: &peak, SilentSeconds: 2.5, BlackSeconds: 3},
			map[string]any{
				"container": "ogg", "durationSeconds": 10.0, "sizeBytes": int64(0), "bitRate": int64(0), "hasVideo": false, "hasAudio": true, "audioTracks": 0,
				"audioCodec": "aac", "audioChannels": 2, "audioSampleRate": 48000,
				"loudnessLUFS": -20.0, "loudnessRange": 3.0, "truePeakDBFS": -3.1, "silenceShare": 0.25,
			},
		},
		"full, no audio": {
			probe.Info{Container: "avi", Duration: 3, Video: &probe.Video{Codec: "mjpeg", Width: 2, Height: 2}},
			&probe.Analysis{BlackSeconds: 3.01, Loudness: -70},
			map[string]any{
				"container": "avi", "durationSeconds": 3.0, "sizeBytes": int64(0), "bitRate": int64(0), "hasVideo": true, "hasAudio": false, "audioTracks": 0,
				"videoCodec": "mjpeg", "width": 2, "height": 2, "frameRate": 0.0, "blackShare": 1.0,
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, probe.NewReport(test.info, test.analysis).Values()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestTruncated(t *testing.T) {
	tests := []struct {
		announced, end float64
		truncated      bool
	}{
		{30, 30, false}, {30, 29.1, false}, {30, 28.9, true}, {3600, 3565, false}, {3600, 3560, true}, {0, 5, false}, {30, 31, false}, {0.5, 0.1, false},
	}
	for _, test := range tests {
		if got := probe.Truncated(test.announced, test.end); (got != "") != test.truncated {
			t.Errorf("Truncated(%g, %g) = %q", test.announced, test.end, got)
		}
	}
}
