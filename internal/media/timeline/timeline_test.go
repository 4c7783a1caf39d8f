// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package timeline_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/internal/media/timeline"
)

const (
	video = 0
	sound = 1
)

var kinds = map[int]timeline.Kind{video: timeline.Video, sound: timeline.Audio}

// packets returns those of a stream that has one each step from start to end, on a clock that is shift seconds off.
func packets(stream int, start, end, step, shift float64) []timeline.Packet {
	var all []timeline.Packet
	for n := 0; start+float64(n)*step < end-step/2; n++ {
		at := start + float64(n)*step + shift
		all = append(all, timeline.Packet{Stream: stream, Time: at, Decode: at, Duration: step})
	}
	return all
}

// interleave merges packets of streams that are in order, as recorders write them.
func interleave(a, b []timeline.Packet, shiftA, shiftB float64) []timeline.Packet {
	var all []timeline.Packet
	for len(a) > 0 || len(b) > 0 {
		if len(b) == 0 || len(a) > 0 && a[0].Time-shiftA <= b[0].Time-shiftB {
			all, a = append(all, a[0]), a[1:]
		} else {
			all, b = append(all, b[0]), b[1:]
		}
	}
	return all
}

func scan(t testing.TB, packets ...[]timeline.Packet) timeline.Axis {
	t.Helper()
	scanner := timeline.NewScanner(kinds)
	for _, some := range packets {
		for _, p := range some {
			if err := scanner.Add(p); err != nil {
				t.Fatal(err)
			}
		}
	}
	return scanner.Axis()
}

func expectSeconds(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 0.06 {
		t.Errorf("%s = %.3f s, want %.3f s", what, got, want)
	}
}

// both is 10 s of picture and sound on a clock that is shift seconds off.
func both(shift float64) []timeline.Packet {
	return interleave(packets(video, 0, 10, 0.04, shift), packets(sound, 0, 10, 0.02, shift), shift, shift)
}

func TestAxis(t *testing.T) {
	nan := math.NaN()
	tests := map[string]struct {
		packets    [][]timeline.Packet
		start, end float64
		jumps      int
	}{
		"tidy":                      {[][]timeline.Packet{both(0)}, 0, 10, 0},
		"starts at 100 s":           {[][]timeline.Packet{both(100)}, 100, 110, 0},
		"starts before zero":        {[][]timeline.Packet{both(-7)}, -7, 3, 0},
		"run-in of a codec":         {[][]timeline.Packet{both(-0.007)}, 0, 9.993, 0},
		"late sound":                {[][]timeline.Packet{interleave(packets(video, 0, 10, 0.04, 0), packets(sound, 4, 12, 0.02, 0), 0, 0)}, 0, 12, 0},
		"one stream after other":    {[][]timeline.Packet{packets(video, 0, 10, 0.04, 0), packets(sound, 0, 10, 0.02, 0)}, 0, 10, 0},
		"gap in the sound":          {[][]timeline.Packet{packets(sound, 0, 3, 0.02, 0), packets(sound, 7, 12, 0.02, 0)}, 0, 12, 0},
		"frame each 5 s":            {[][]timeline.Packet{packets(video, 0, 30, 5, 0)}, 0, 30, 0},
		"restart":                   {[][]timeline.Packet{both(0), both(0)}, 0, 20, 2},
		"restarts":                  {[][]timeline.Packet{both(1), both(1), both(1)}, 1, 31, 4},
		"jump ahead by a day":       {[][]timeline.Packet{both(0), both(86400)}, 0, 20, 2},
		"clock set, then set back":  {[][]timeline.Packet{both(0), both(1.7e9), both(3)}, 0, 30, 4},
		"pause of a minute is real": {[][]timeline.Packet{both(0), both(70)}, 0, 80, 0},
		"sound restarts alone": {[][]timeline.Packet{
			interleave(packets(video, 0, 5, 0.04, 0), packets(sound, 0, 5, 0.02, 0), 0, 0),
			interleave(packets(video, 5, 10, 0.04, 0), packets(sound, 5, 10, 0.02, -5), 0, -5),
		}, 0, 10, 1},
		"times that are not known": {[][]timeline.Packet{both(0), {{Stream: video, Time: nan, Decode: nan, Duration: nan}}}, 0, 10, 0},
		"discarded packet":         {[][]timeline.Packet{{{Stream: sound, Time: -5, Decode: -5, Duration: 1, Discard: true}}, both(0)}, 0, 10, 0},
		"last frame for 20 s":      {[][]timeline.Packet{packets(video, 0, 2, 0.04, 0), {{Stream: video, Time: 2, Decode: 2, Duration: 20}}}, 0, 22, 0},
		"no durations":             {[][]timeline.Packet{{{Time: 0, Decode: 0, Duration: nan}, {Time: 0.5, Decode: 0.5, Duration: nan}}}, 0, 1, 0},
		"other streams":            {[][]timeline.Packet{both(0), packets(7, 0, 99, 1, 0)}, 0, 10, 0},
		"nothing":                  {nil, 0, 0, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			axis := scan(t, test.packets...)
			expectSeconds(t, "start", axis.Start, test.start)
			expectSeconds(t, "end", axis.End, test.end)
			if len(axis.Jumps) != test.jumps {
				t.Errorf("jumps: %+v", axis.Jumps)
			}
		})
	}
}

// Frames that are reordered go back in time of presentation only: that is no jump.
func TestReorderedFrames(t *testing.T) {
	var all []timeline.Packet
	for n := range 100 {
		shift := []float64{3, 0, 0, 0}[n%4] // a frame that is shown after the three that follow
		decode := float64(n) * 2
		all = append(all, timeline.Packet{Stream: video, Time: decode + shift*2, Decode: decode, Duration: 2})
	}
	if axis := scan(t, all); len(axis.Jumps) != 0 {
		t.Errorf("%+v", axis.Jumps)
	}
	// Matroska does not have times of decoding, and ffprobe does not know those of the first frames.
	nan := math.NaN()
	all = nil
	for _, p := range [][2]float64{{0.021, nan}, {0.461, nan}, {0.221, 0.021}, {0.101, 0.101}, {0.341, 0.221}, {0.901, 0.341}} {
		all = append(all, timeline.Packet{Stream: video, Time: p[0], Decode: p[1], Duration: 0.04})
	}
	if axis := scan(t, all); len(axis.Jumps) != 0 || math.Abs(axis.Duration()-0.92) > 0.001 {
		t.Errorf("%+v", axis)
	}
}

// Whatever a clock does, taking the jumps out leaves times that go on, and picture and sound in step.
func TestClockHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shifts := rapid.SliceOfN(rapid.Float64Range(0, 1e6), 1, 5).Draw(t, "shifts")
		scanner := timeline.NewScanner(kinds)
		type at struct{ video, sound float64 }
		var seen []at
		length, last := 0.0, math.Inf(-1)
		for i, shift := range shifts {
			if i > 0 && shift > shifts[i-1] && shift < shifts[i-1]+700 {
				shift = shifts[i-1] // so small a step ahead is a gap
			}
			shifts[i] = shift
			for _, p := range both(shift) {
				if err := scanner.Add(p); err != nil {
					t.Fatal(err)
				}
			}
			axis := scanner.Axis()
			v, _ := axis.Stream(video)
			s, _ := axis.Stream(sound)
			seen = append(seen, at{v.End, s.End})
			length += 10
			if axis.End < last {
				t.Fatalf("the axis got shorter: %v", seen)
			}
			last = axis.End
			if math.Abs(v.End-s.End) > 0.1 || math.Abs(axis.Duration()-length) > 0.5 {
				t.Fatalf("after %v: %+v", shifts[:i+1], axis)
			}
		}
	})
}

func TestImplausible(t *testing.T) {
	jumping := timeline.NewScanner(kinds)
	var err error
	for n := 0; n < 1000 && err == nil; n++ {
		at := float64(n%2) * 1e6
		err = jumping.Add(timeline.Packet{Stream: video, Time: at, Decode: at})
	}
	if !errors.Is(err, timeline.ErrImplausible) {
		t.Errorf("a clock that jumps with each packet: %v", err)
	}
	many, all := map[int]timeline.Kind{}, []timeline.Packet{}
	for n := range 100 {
		many[n] = timeline.Audio
		all = append(all, timeline.Packet{Stream: n})
	}
	crowded := timeline.NewScanner(many)
	err = nil
	for _, p := range all {
		err = errors.Join(err, crowded.Add(p))
	}
	if !errors.Is(err, timeline.ErrImplausible) {
		t.Errorf("100 streams: %v", err)
	}
}

// However many gaps a stream has, few are remembered, and the longest is among them.
func TestGaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var gaps []timeline.Gap
		longest := 0.0
		at := 0.0
		for range rapid.IntRange(0, 5000).Draw(t, "gaps") {
			length := float64(rapid.IntRange(0, 200).Draw(t, "seconds"))
			gaps = timeline.AddGap(gaps, timeline.Gap{From: at, To: at + length})
			longest, at = max(longest, length), at+length+1
		}
		kept := 0.0
		for i, g := range gaps {
			kept = max(kept, g.To-g.From)
			if g.To-g.From < timeline.LongGap || i > 0 && g.From < gaps[i-1].To {
				t.Errorf("gap %d: %v", i, g)
			}
		}
		if len(gaps) > 1000 || longest >= timeline.LongGap && kept == 0 {
			t.Errorf("%d gaps; the longest is %g s of %g s", len(gaps), kept, longest)
		}
	})
}

func TestParsePacket(t *testing.T) {
	got, ok := timeline.ParsePacket("1,-0.021333,N/A,0.021333,KD_")
	if !ok || got.Stream != 1 || got.Time != -0.021333 || !math.IsNaN(got.Decode) || got.Duration != 0.021333 || !got.Discard {
		t.Errorf("%+v, %v", got, ok)
	}
	for _, line := range []string{"", "x", "1,2,3,4", "-1,0,0,0,K_", "a,0,0,0,K_"} {
		if _, ok := timeline.ParsePacket(line); ok {
			t.Errorf("%q is a packet", line)
		}
	}
}

func TestRate(t *testing.T) {
	for _, test := range []struct{ nominal, mean, want float64 }{
		{25, 25, 25}, {30000.0 / 1001, 29.97, 30000.0 / 1001}, {0.5, 0.1, 15}, {1, 1, 15}, {10, 9, 20}, {1000, 12.3, 26}, {0, 0, 30}, {90000, 0, 30}, {60, 60, 60}, {240, 240, 60},
	} {
		if got := timeline.Rate(test.nominal, test.mean); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("Rate(%g, %g) = %g, want %g", test.nominal, test.mean, got, test.want)
		}
	}
}

func TestGraphs(t *testing.T) {
	axis := timeline.New([]timeline.Stream{{Index: 0, Kind: timeline.Video, Start: 100, End: 110}, {Index: 2, Start: 104, End: 112}, {Index: 3, Start: 100, End: 101}}).FromZero()
	got := timeline.Sound{Axis: axis, Tracks: []int{2, 3}, Rate: 16000, Layout: "mono"}.Graph("s")
	for _, want := range []string{"[0:2]aresample=16000:async=1:first_pts=0,aformat=sample_fmts=fltp:sample_rates=16000:channel_layouts=mono,apad=whole_dur=12.000000,atrim=end=12.000000", "amix=inputs=2:normalize=0", "[s]"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	if strings.Contains(got, "anullsrc") {
		t.Errorf("silent frames for a short gap: %s", got)
	}
	axis = timeline.New([]timeline.Stream{{Index: 0, Start: 100, End: 500, Gaps: []timeline.Gap{{From: 200, To: 300}}}, {Index: 1, Start: 140, End: 500}}).FromZero()
	got = timeline.Sound{Axis: axis, Tracks: []int{0, 1}, Rate: 16000, Layout: "mono", Format: "s16"}.Graph("s")
	for _, want := range []string{
		`anullsrc=r=16000:cl=mono:n=16000:d=200.000000,aselect=between(t\,101.000000\,198.500000),aformat=sample_fmts=s16`, `aselect=between(t\,0.000000\,38.500000),`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	axis = timeline.New([]timeline.Stream{{Index: 0, Kind: timeline.Video, Start: 100, End: 112}}).FromZero()
	got = timeline.Picture{Axis: axis, Stream: 0, Rate: 25, Filter: "null"}.Graph("p")
	if want := "[0:0]null,setpts=PTS-(0.000000)/TB,fps=25.000000:start_time=0,tpad=start=0:start_mode=add:color=black:stop=-1:stop_mode=clone,trim=end_frame=300[p]"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := strings.Join(scan(t, both(100)).InputArgs(), " "); got != "-copyts -itsoffset -99.999999" {
		t.Errorf("input: %s", got)
	}
	args := strings.Join(scan(t, both(0), both(0)).FromZero().StraightenArgs("o.mkv"), " ")
	if want := `-map 0:1 -bsf:1 setts=pts=PTS+(1.000000+gte(N\,500)*(10.000000))*1000:dts=DTS+(1.000000+gte(N\,500)*(10.000000))*1000 -c copy -f matroska o.mkv`; !strings.Contains(args, want) {
		t.Errorf("no %q in %s", want, args)
	}
	args = strings.Join(scan(t, both(0)).FromZero().UniformSoundArgs("o.mkv"), " ")
	if want := "-copyinkf -map 0:0 -map 0:1 -c:v copy -c:a pcm_s16le -ar 48000 -ac 2 -output_ts_offset 1 -f matroska o.mkv"; args != want {
		t.Errorf("got  %s\nwant %s", args, want)
	}
}
