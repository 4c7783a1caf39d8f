// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/internal/media/plan"
	"github.com/meetingops/meeting-recording-operator/internal/media/probe"
	"github.com/meetingops/meeting-recording-operator/internal/media/timeline"
)

func TestLadder(t *testing.T) {
	tests := []struct {
		width, height int
		wanted        []int
		want          string
	}{
		{1920, 1080, nil, "1080p:1920x1080 720p:1280x720 480p:852x480 360p:640x360 240p:426x240"},
		{1280, 720, nil, "720p:1280x720 480p:852x480 360p:640x360 240p:426x240"},
		{1280, 719, nil, "480p:854x480 360p:640x360 240p:426x240"},
		{720, 1280, []int{720, 240}, "720p:720x1280 240p:240x426"},
		{3840, 2160, []int{1080}, "1080p:1920x1080"},
		{641, 361, []int{720}, "361p:640x360"},
		{321, 181, nil, "181p:320x180"},
		{1, 1, nil, "1p:2x2"},
	}
	for _, test := range tests {
		var got []string
		for _, r := range plan.Ladder(test.width, test.height, test.wanted) {
			got = append(got, fmt.Sprintf("%s:%dx%d", r.Name, r.Width, r.Height))
		}
		if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%dx%d (-want +got)\n%s", test.width, test.height, diff)
		}
	}
}

// A ladder is never empty, its sides are even, and nothing is above the recording's own size, nor above the rung before.
func TestLadderHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width, height := rapid.IntRange(2, 8000).Draw(t, "width"), rapid.IntRange(2, 8000).Draw(t, "height")
		wanted := rapid.SliceOf(rapid.SampledFrom(plan.Heights())).Draw(t, "wanted")
		ladder := plan.Ladder(width, height, wanted)
		if len(ladder) == 0 {
			t.Fatal("empty")
		}
		names := map[string]bool{}
		for i, r := range ladder {
			if r.Width%2 != 0 || r.Height%2 != 0 || r.Width < 2 || r.Height < 2 || r.Width > width || r.Height > height || r.MaxBitRate <= 0 || names[r.Name] {
				t.Fatalf("rung %d: %+v", i, r)
			}
			if names[r.Name] = true; i > 0 && (r.Height > ladder[i-1].Height || r.MaxBitRate >= ladder[i-1].MaxBitRate) {
				t.Fatalf("rung %d is above the one before: %+v", i, ladder)
			}
		}
	})
}

func preset(t *testing.T, name string) plan.Preset {
	t.Helper()
	p, ok := plan.FindPreset(name)
	if !ok {
		t.Fatalf("no preset %s", name)
	}
	return p
}

// axis is one whose sound starts 2 s late, and whose picture ends first.
func axis() timeline.Axis {
	return timeline.New([]timeline.Stream{{Index: 0, Kind: timeline.Video, End: 4}, {Index: 1, Start: 2, End: 6}})
}

func TestHLSArgs(t *testing.T) {
	h := plan.HLS{
		Preset: preset(t, "web"), Ladder: plan.Ladder(640, 360, nil), SegmentSeconds: 4, Extra: []string{"-tune", "stillimage"},
		Picture: timeline.Picture{Axis: axis(), Rate: 25, Filter: "null"}, Sound: &timeline.Sound{Axis: axis(), Tracks: []int{1}},
	}
	got := strings.Join(h.Args("/w/hls"), " ")
	for _, want := range []string{
		"stop_mode=clone,trim=end_frame=150[picture];[picture]split=2[s0][s1];", ";[s0]scale=640:360:flags=bicubic,setsar=1,format=yuv420p[v0];[s1]scale=426:240:",
		"[sound]atrim=start_sample=1024,asplit=2[a0][a1]", "aresample=48000:async=1:first_pts=0", "apad=whole_dur=6.000000",
		"-map [v0] -map [a0] -b:a:0 96k -maxrate:v:0 800k -bufsize:v:0 1600k -map [v1] -map [a1] -b:a:1 64k",
		"-bf 0 -fps_mode cfr", "-force_key_frames expr:gte(t,n_forced*4)", " -tune stillimage -max_muxing_queue_size",
		"-hls_segment_type fmp4 -hls_segment_filename /w/hls/%v/segment_%05d.m4s", "-var_stream_map v:0,a:0,name:360p v:1,a:1,name:240p /w/hls/%v/index.m3u8",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	h.Sound, h.TS = nil, true
	got = strings.Join(h.Args("/w/hls"), " ")
	if strings.Contains(got, "sound") || strings.Contains(got, "-c:a") || !strings.Contains(got, "-var_stream_map v:0,name:360p v:1,name:240p") ||
		!strings.Contains(got, "-hls_segment_type mpegts -hls_segment_filename /w/hls/%v/segment_%05d.ts") {
		t.Errorf("without audio, TS:\n%s", got)
	}
}

func TestMP4Args(t *testing.T) {
	encoded := "-c:v libx264 -preset veryfast -crf 23 -profile:v high -fps_mode cfr"
	sound := " -c:a aac -b:a 128k"
	type change func(*plan.MP4, *probe.Video)
	stream := func(index int, s timeline.Stream) change {
		return func(m *plan.MP4, _ *probe.Video) {
			streams := []timeline.Stream{{Index: 0, Kind: timeline.Video, End: 6}, {Index: 1, End: 6, Gap: 0.02}}
			s.Index, s.Kind = index, streams[index].Kind
			streams[index] = s
			m.Picture.Axis = timeline.New(streams)
			m.Sound.Axis = m.Picture.Axis
		}
	}
	tests := map[string]struct {
		change change
		copies bool
		want   string
	}{
		"as it is":            {func(*plan.MP4, *probe.Video) {}, true, "-map 0:0 -c:v copy -map 0:1 -c:a copy -max_muxing_queue_size 4096 -movflags +faststart+negative_cts_offsets -f mp4 o.mp4"},
		"no audio":            {func(m *plan.MP4, _ *probe.Video) { m.Sound = nil }, true, "-map 0:0 -c:v copy -max"},
		"sound starts late":   {stream(1, timeline.Stream{Start: 1, End: 6}), false, "-map 0:0 -c:v copy -map [sound]" + sound},
		"sound ends first":    {stream(1, timeline.Stream{End: 5}), false, "-map 0:0 -c:v copy -map [sound]" + sound},
		"sound has a gap":     {stream(1, timeline.Stream{End: 6, Gap: 1}), false, "-map 0:0 -c:v copy -map [sound]" + sound},
		"picture starts late": {stream(0, timeline.Stream{Start: 1, End: 6}), false, "-map [v] -map 0:1 -c:a copy " + encoded},
		"picture ends first":  {stream(0, timeline.Stream{End: 5}), true, "-c:v copy"},
		"asked to":            {func(m *plan.MP4, _ *probe.Video) { m.Reencode = true }, false, "scale=1280:720:flags=bicubic,setsar=1,format=yuv420p[v]"},
		"other audio":         {func(m *plan.MP4, _ *probe.Video) { m.Info.AudioTracks[0].Codec = "opus" }, false, "-c:v copy -map [sound]" + sound},
		"two tracks":          {func(m *plan.MP4, _ *probe.Video) { m.Sound.Tracks = []int{1, 1} }, false, "amix=inputs=2:normalize=0"},
		"10 bits":             {func(_ *plan.MP4, v *probe.Video) { v.PixelFormat = "yuv420p10le" }, false, "format=yuv420p"},
		"HDR":                 {func(_ *plan.MP4, v *probe.Video) { v.Transfer = "smpte2084" }, false, encoded},
		"VP9":                 {func(_ *plan.MP4, v *probe.Video) { v.Codec = "vp9" }, false, encoded},
		"odd":                 {func(_ *plan.MP4, v *probe.Video) { v.Codec, v.Width, v.Height = "vp9", 1281, 721 }, false, "scale=1280:720:"},
		"preset":              {func(m *plan.MP4, _ *probe.Video) { m.Preset = preset(t, "quality") }, false, "-preset slow -crf 18"},
		"small":               {func(m *plan.MP4, v *probe.Video) { m.Preset = preset(t, "small"); v.Width, v.Height = 1920, 1080 }, false, "scale=1280:720:"},
		"max height":          {func(m *plan.MP4, _ *probe.Video) { m.MaxHeight = 360 }, false, "scale=640:360:"},
		"not above":           {func(m *plan.MP4, _ *probe.Video) { m.MaxHeight = 2160 }, true, "-c:v copy"},
		"extra":               {func(m *plan.MP4, _ *probe.Video) { m.Extra = []string{"-g", "60"} }, false, "-b:a 128k -g 60 -max_muxing"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			v := probe.Video{Codec: "h264", PixelFormat: "yuv420p", Width: 1280, Height: 720, SquarePixels: true}
			m := plan.MP4{
				Info: probe.Info{Video: &v, AudioTracks: []*probe.Audio{{Index: 1, Codec: "aac"}}}, Preset: preset(t, "web"),
				Picture: timeline.Picture{Rate: 25, Filter: "null"}, Sound: &timeline.Sound{Tracks: []int{1}},
			}
			stream(1, timeline.Stream{End: 6, Gap: 0.02})(&m, &v)
			test.change(&m, &v)
			if got := strings.Join(m.Args("o.mp4"), " "); m.Copies() != test.copies || !strings.Contains(got, test.want) {
				t.Errorf("copies %v\n%s\nwant\n%s", m.Copies(), got, test.want)
			}
		})
	}
}

func TestPresets(t *testing.T) {
	if got := plan.PresetNames(); !slices.Equal(got, []string{"web", "small", "quality"}) {
		t.Errorf("%v", got)
	}
	if _, ok := plan.FindPreset("none"); ok {
		t.Error("a preset that is none")
	}
}

// What could open a file, an address or a filter is refused, and so is what would change what the step relies on.
func TestCheckExtra(t *testing.T) {
	for _, good := range [][]string{
		nil, {"-crf", "20"}, {"-b:v", "2M", "-maxrate:v:0", "3M"}, {"-metadata", "title=Stand-up // 3 \"é\""}, {"-metadata:s:v", "a="},
		{"-ss", "00:00:01.5"}, {"-r", "30000/1001"}, {"-tune", "stillimage"}, {"-level", "4.1"},
	} {
		if err := plan.CheckExtra(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range [][]string{
		{"-i", "/etc/passwd"}, {"-i", "http://169.254.169.254/"}, {"out.mp4"}, {"/etc/cron.d/x"}, {"file:///x", "y"}, {"-crf"}, {"-crf", "20", "more"},
		{"-crf", "http://x"}, {"-crf", "/etc/passwd"}, {"-crf", "-i"}, {"-crf", ""}, {"-crf", "2 3"}, {"-preset", "a//b"}, {"-vf", "movie=/etc/passwd"},
		{"-filter_complex", "movie=x"}, {"-filter_complex_script", "x"}, {"-af", "amovie=x"}, {"-lavfi", "x"}, {"-protocol_whitelist", "all"},
		{"-format_whitelist", "hls"}, {"-f", "hls"}, {"-attach", "/etc/passwd"}, {"-dump_attachment", "x"}, {"-passlogfile", "x"}, {"-x264-params", "stats=/x"},
		{"-progress", "http://x"}, {"-report", "x"}, {"-loglevel", "debug"}, {"-init_hw_device", "x"}, {"-sdp_file", "x"}, {"-vstats_file", "x"},
		{"-map", "0"}, {"-c:v", "copy"}, {"-pix_fmt", "yuv444p"}, {"-metadata", "title"}, {"-metadata", "a=b\nc"}, {"-metadata:/x", "a=b"}, {"-b:v:x", "1"},
		{"-crf:v:0:../x", "1"}, {"-", "x"}, {"", "x"}, {"-master_pl_name", "../x"}, {"-hls_key_info_file", "/x"}, {"-movflags", "x"}, {"-threads", "64"},
	} {
		if err := plan.CheckExtra(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

const measured = `[loudnorm@mono @ 0x5581] [info]
{
	"input_i" : "-21.75",
	"input_tp" : "-18.06",
	"input_lra" : "1.20",
	"input_thresh" : "-31.75",
	"output_i" : "-16.22",
	"output_tp" : "-2.00",
	"output_lra" : "0.00",
	"output_thresh" : "-26.22",
	"normalization_type" : "dynamic",
	"target_offset" : "0.22"
}`

func TestLoudness(t *testing.T) {
	tests := map[string]struct {
		log  string
		want plan.Loudness
	}{
		"usual":  {measured, plan.Loudness{Integrated: -21.75, Peak: -18.06, Range: 1.2, Threshold: -31.75, Offset: 0.22}},
		"silent": {strings.NewReplacer("-21.75", "-inf", "-18.06", "-inf", "0.22", "inf").Replace(measured), plan.Loudness{Range: 1.2, Threshold: -31.75, Silent: true}},
		"bursts": {strings.Replace(measured, "-21.75", "3.5", 1), plan.Loudness{Peak: -18.06, Range: 1.2, Threshold: -31.75, Offset: 0.22}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var r plan.LoudnessReader
			for line := range strings.SplitSeq("[info] before\n"+test.log+"\n[info] after }", "\n") {
				r.Line(line)
			}
			got, err := r.Loudness("mono")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	for _, log := range []string{"", "{\n}", "{\n\"input_i\" : \"loud\"\n}"} {
		var r plan.LoudnessReader
		for line := range strings.SplitSeq(log, "\n") {
			r.Line(line)
		}
		if _, err := r.Loudness("mono"); err == nil {
			t.Errorf("no error for %q", log)
		}
	}
}

func TestAudioArgs(t *testing.T) {
	formats, err := plan.FindAudioFormats([]string{"wav", "aac", "wav"})
	if err != nil {
		t.Fatal(err)
	}
	sound := timeline.Sound{Axis: timeline.New([]timeline.Stream{{Index: 1, End: 4}}), Tracks: []int{1}}
	loudness := map[string]plan.Loudness{"mono": {Integrated: -21.75, Peak: -18, Range: 1.2, Threshold: -31.75, Offset: 0.2}, "stereo": {Silent: true}}
	got := strings.Join(plan.AudioArgs(sound, formats, loudness, "/w"), " ")
	for _, want := range []string{
		";[instereo]anull[stereo];", ";[inmono]loudnorm=I=-16:TP=-1.5:LRA=11:measured_I=-21.75:measured_TP=-18.00:measured_LRA=1.20:measured_thresh=-31.75:offset=0.20:linear=true[mono]",
		";[stereo]asplit=1[s0];[mono]asplit=1[s1];[s0]aresample=48000,aformat=channel_layouts=stereo[a0];[s1]aresample=16000,aformat=channel_layouts=mono[a1] ",
		"-map [a0] -c:a aac -b:a 128k -movflags +faststart -f mp4 /w/audio.m4a -map [a1] -c:a pcm_s16le -f wav /w/speech.wav",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	for _, bad := range [][]string{nil, {"mp3"}, {"aac", ""}} {
		if _, err := plan.FindAudioFormats(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
