// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mp4_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/internal/media/mediatest"
	"github.com/meetingops/meeting-recording-operator/internal/media/mp4"
)

func u32(n ...int) []byte {
	var b []byte
	for _, v := range n {
		b = binary.BigEndian.AppendUint32(b, uint32(v))
	}
	return b
}

func wrap(kind string, parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	return slices.Concat(u32(len(body)+8), []byte(kind), body)
}

// movie is a file with one video track of five samples in two chunks, at 10 ticks a second.
type movie struct {
	ctts, stts, stsc, stsz, chunks, stss, stsd, handler, mdhd, extra []byte
	before, after                                                    []byte // top boxes around moov
}

func newMovie() movie {
	return movie{
		stts: wrap("stts", u32(0, 2, 3, 10, 2, 20)), stsc: wrap("stsc", u32(0, 2, 1, 3, 1, 2, 2, 1)),
		stsz: wrap("stsz", u32(0, 0, 5, 4, 1, 1, 5, 1)), chunks: wrap("stco", u32(0, 2, 24, 40)), stss: wrap("stss", u32(0, 2, 1, 4)),
		stsd: wrap("stsd", u32(0, 1), wrap("avc1")), handler: []byte("vide"), mdhd: wrap("mdhd", u32(0, 0, 0, 10, 70, 0)),
		before: slices.Concat(wrap("ftyp", []byte("isom")), wrap("mdat", bytes.Repeat([]byte("x"), 40))),
	}
}

func (m movie) bytes() []byte {
	stbl := wrap("stbl", m.stsd, m.ctts, m.stts, m.stsc, m.stsz, m.chunks, m.stss)
	trak := wrap("trak", wrap("tkhd", u32(0)), wrap("mdia", m.mdhd, wrap("hdlr", u32(0, 0), m.handler, u32(0)), wrap("minf", wrap("dinf"), stbl)))
	return slices.Concat(m.before, wrap("moov", wrap("mvhd", u32(0)), trak, m.extra), m.after)
}

func read(content []byte) (*mp4.Index, error) {
	return mp4.ReadIndex(bytes.NewReader(content), int64(len(content)))
}

func samplesOf(t *testing.T, track *mp4.Track) []string {
	t.Helper()
	var got []string
	if err := track.Each(func(s mp4.Sample) bool {
		got = append(got, fmt.Sprintf("%d: %d+%d at %g %v", s.Number, s.Offset, s.Size, s.Time, s.Sync))
		return true
	}); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestSamples(t *testing.T) {
	want := []string{"0: 24+4 at 0 true", "1: 28+1 at 1 false", "2: 29+1 at 2 false", "3: 40+5 at 3 true", "4: 45+1 at 5 false"}
	wide := newMovie()
	wide.chunks = wrap("co64", u32(0, 2, 0, 24, 0, 40))
	long := newMovie()
	long.mdhd = wrap("mdhd", u32(1<<24, 0, 0, 0, 0, 10, 0, 70, 0))
	reordered := newMovie()
	reordered.ctts = wrap("ctts", u32(0, 3, 1, 20, 1, 40, 3, 10))
	wantReordered := []string{"0: 24+4 at 0 true", "1: 28+1 at 3 false", "2: 29+1 at 1 false", "3: 40+5 at 2 true", "4: 45+1 at 4 false"}
	index, err := read(reordered.bytes())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantReordered, samplesOf(t, index.Video())); diff != "" {
		t.Errorf("reordered (-want +got)\n%s", diff)
	}
	for name, m := range map[string]movie{"usual": newMovie(), "64-bit offsets": wide, "64-bit times": long} {
		t.Run(name, func(t *testing.T) {
			index, err := read(m.bytes())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, samplesOf(t, index.Video())); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if got := index.Video().Duration(); got != 7 {
				t.Errorf("duration = %g", got)
			}
		})
	}
}

func TestReadIndexFails(t *testing.T) {
	with := func(change func(*movie)) []byte {
		m := newMovie()
		change(&m)
		return m.bytes()
	}
	whole := newMovie().bytes()
	tests := map[string]struct {
		content []byte
		want    error
	}{
		"empty":             {nil, mp4.ErrTruncated},
		"short":             {[]byte("ftyp"), mp4.ErrNotMP4},
		"text":              {[]byte("#EXTM3U\nfile:///etc/passwd"), mp4.ErrNotMP4},
		"WebM":              {[]byte("\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81"), mp4.ErrNotMP4},
		"cut in the index":  {whole[:len(whole)-1], mp4.ErrTruncated},
		"cut in the data":   {whole[:30], mp4.ErrTruncated},
		"no index":          {newMovie().before, mp4.ErrTruncated},
		"samples beyond":    {with(func(m *movie) { m.chunks = wrap("stco", u32(0, 2, 24, 4000)) }), mp4.ErrTruncated},
		"fragment first":    {slices.Concat(wrap("ftyp"), wrap("moof")), mp4.ErrUnsupported},
		"fragments":         {with(func(m *movie) { m.extra = wrap("mvex") }), mp4.ErrFragmented},
		"box of 4 bytes":    {slices.Concat(wrap("ftyp"), u32(4, 0)), mp4.ErrUnsupported},
		"many boxes":        {slices.Concat(wrap("ftyp"), bytes.Repeat(wrap("free"), 100), whole), mp4.ErrUnsupported},
		"many tracks":       {with(func(m *movie) { m.extra = bytes.Repeat(wrap("trak", wrap("mdia", wrap("hdlr", make([]byte, 12)))), 64) }), mp4.ErrImplausible},
		"no tracks":         {slices.Concat(wrap("ftyp"), wrap("moov", wrap("mvhd"))), mp4.ErrUnsupported},
		"lie on the count":  {with(func(m *movie) { m.stts = wrap("stts", u32(0, 0x7fffffff, 3, 10)) }), mp4.ErrUnsupported},
		"lie on the sizes":  {with(func(m *movie) { m.stsz = wrap("stsz", u32(0, 0, 0x7fffffff, 1)) }), mp4.ErrUnsupported},
		"too few chunks":    {with(func(m *movie) { m.chunks = wrap("stco", u32(0, 1, 24)) }), mp4.ErrUnsupported},
		"no spans":          {with(func(m *movie) { m.stsc = wrap("stsc", u32(0, 0)) }), mp4.ErrUnsupported},
		"no sizes":          {with(func(m *movie) { m.stsz = nil }), mp4.ErrUnsupported},
		"two descriptions":  {with(func(m *movie) { m.stsd = wrap("stsd", u32(0, 2)) }), mp4.ErrUnsupported},
		"no time scale":     {with(func(m *movie) { m.mdhd = wrap("mdhd", u32(0, 0, 0, 0, 70, 0)) }), mp4.ErrUnsupported},
		"only subtitles":    {with(func(m *movie) { m.handler = []byte("text") }), mp4.ErrUnsupported},
		"box beyond parent": {with(func(m *movie) { m.stss = slices.Concat(u32(1000), []byte("stss")) }), mp4.ErrUnsupported},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := read(test.content); !errors.Is(err, test.want) {
				t.Errorf("err = %v, want %v", err, test.want)
			}
		})
	}
}

// A complete file stays complete whatever follows it.
func TestTrailingBytes(t *testing.T) {
	whole := newMovie().bytes()
	for name, tail := range map[string][]byte{
		"newline": []byte("\n"), "ID3": append([]byte("TAG"), make([]byte, 125)...), "half a box": u32(100), "another index": wrap("moov"),
		"box of 4 bytes": u32(4, 0), "many boxes": bytes.Repeat(wrap("free"), 100), "zeros": make([]byte, 4096),
	} {
		if _, err := read(slices.Concat(whole, tail)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Samples of one size are not walked, and no more of them are accepted than the file can hold.
func TestHostileCounts(t *testing.T) {
	m := newMovie()
	m.stsz, m.stsc = wrap("stsz", u32(0, 1, 1<<31-1)), wrap("stsc", u32(0, 1, 1, 1<<31-1, 1))
	if _, err := read(m.bytes()); !errors.Is(err, mp4.ErrTruncated) {
		t.Errorf("more samples than bytes: %v", err)
	}
	m.stsz, m.stsc, m.chunks = wrap("stsz", u32(0, 1, 40_000)), wrap("stsc", u32(0, 1, 1, 10, 1)), wrap("stco", u32(0, 4000), bytes.Repeat(u32(0), 4000))
	if _, err := read(m.bytes()); !errors.Is(err, mp4.ErrImplausible) {
		t.Errorf("the same samples again and again: %v", err)
	}
}

func TestCheckFragments(t *testing.T) {
	run := func(samples int) []byte { return wrap("moof", wrap("traf", wrap("trun", u32(0, samples)))) }
	whole := slices.Concat(wrap("ftyp"), wrap("moov"), run(2), wrap("mdat", make([]byte, 40)), run(2), wrap("mdat", make([]byte, 40)))
	tests := map[string]struct {
		content []byte
		want    error
	}{
		"complete":         {whole, nil},
		"newline":          {append(slices.Clone(whole), '\n'), nil},
		"ID3":              {slices.Concat(whole, []byte("TAG of something else, which is no box")), nil},
		"cut in the data":  {whole[:len(whole)-1], mp4.ErrTruncated},
		"cut in the index": {whole[:len(whole)-50], mp4.ErrTruncated},
		"too many samples": {slices.Concat(whole, run(1<<30)), mp4.ErrImplausible},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if err := mp4.CheckFragments(t.Context(), bytes.NewReader(test.content), int64(len(test.content))); !errors.Is(err, test.want) {
				t.Errorf("err = %v, want %v", err, test.want)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := mp4.CheckFragments(ctx, bytes.NewReader(whole), int64(len(whole))); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// Whatever bytes change, the index is read or refused, and no sample lies outside of the file.
func TestReadIndexHolds(t *testing.T) {
	whole := newMovie().bytes()
	rapid.Check(t, func(t *rapid.T) {
		content := slices.Clone(whole)
		for range rapid.IntRange(1, 8).Draw(t, "changes") {
			content[rapid.IntRange(0, len(content)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		}
		index, err := read(content)
		if err != nil {
			return
		}
		for _, track := range index.Tracks {
			var picked []mp4.Sample
			if err := track.Each(func(s mp4.Sample) bool {
				if s.Offset < 0 || s.Size < 0 || s.Offset+s.Size > int64(len(content)) {
					t.Fatalf("sample %+v of %d bytes", s, len(content))
				}
				picked = append(picked, s)
				return len(picked) < 100
			}); err != nil {
				t.Fatalf("accepted, but %v", err)
			}
			_ = index.WriteExcerpt(io.Discard, track, picked, func(s mp4.Sample) ([]byte, error) { return make([]byte, s.Size), nil })
		}
	})
}

// An excerpt of a real file has the frames that were picked, at their times, and ffmpeg's own index is read as ffmpeg
// reads it.
func TestExcerpt(t *testing.T) {
	for name, args := range map[string][]string{
		"index at the end":   nil,
		"index at the front": {"-movflags", "+faststart"},
		"reordered frames":   {"-bf", "3"},
	} {
		t.Run(name, func(t *testing.T) {
			path := mediatest.Make(t, "a.mp4", mediatest.Join(mediatest.Picture("320x180", 5, 0), mediatest.Tone(5, 0), mediatest.H264(), args)...)
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			index, err := read(content)
			if err != nil {
				t.Fatal(err)
			}
			if len(index.Tracks) != 2 || index.Video().Duration() != 5 {
				t.Fatalf("%d tracks, %g s", len(index.Tracks), index.Video().Duration())
			}
			var syncs []mp4.Sample
			if err := index.Video().Each(func(s mp4.Sample) bool {
				if s.Sync {
					syncs = append(syncs, s)
				}
				return true
			}); err != nil {
				t.Fatal(err)
			}
			if len(syncs) != 5 {
				t.Fatalf("%d samples can be decoded alone", len(syncs))
			}
			var excerpt bytes.Buffer
			picked := []mp4.Sample{syncs[1], syncs[4]}
			if err := index.WriteExcerpt(&excerpt, index.Video(), picked, func(s mp4.Sample) ([]byte, error) {
				return content[s.Offset : s.Offset+s.Size], nil
			}); err != nil {
				t.Fatal(err)
			}
			again, err := read(excerpt.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			var got []float64
			if err := again.Video().Each(func(s mp4.Sample) bool {
				got = append(got, s.Time)
				if want := picked[len(got)-1]; !bytes.Equal(excerpt.Bytes()[s.Offset:s.Offset+s.Size], content[want.Offset:want.Offset+want.Size]) {
					t.Errorf("frame %d has other bytes", s.Number)
				}
				return true
			}); err != nil || len(got) != 2 || got[1]-got[0] != 3 {
				t.Errorf("times %v, %v", got, err)
			}
		})
	}
}

func TestExcerptFails(t *testing.T) {
	index, err := read(newMovie().bytes())
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	one := []mp4.Sample{{Size: 4}}
	tests := map[string]struct {
		samples []mp4.Sample
		read    func(mp4.Sample) ([]byte, error)
		want    error
	}{
		"none":     {nil, nil, mp4.ErrUnsupported},
		"huge":     {[]mp4.Sample{{Size: 1 << 30}}, nil, mp4.ErrUnsupported},
		"read":     {one, func(mp4.Sample) ([]byte, error) { return nil, broken }, broken},
		"too few":  {one, func(mp4.Sample) ([]byte, error) { return []byte("x"), nil }, mp4.ErrTruncated},
		"complete": {one, func(mp4.Sample) ([]byte, error) { return []byte("data"), nil }, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if err := index.WriteExcerpt(io.Discard, index.Video(), test.samples, test.read); !errors.Is(err, test.want) {
				t.Errorf("err = %v, want %v", err, test.want)
			}
		})
	}
}

// The gaps of sound are found without walking the samples, and how long the last sample lasts is none.
func TestLongestGap(t *testing.T) {
	path := mediatest.Make(t, "gap.mp4", "-f", "lavfi", "-i", "sine=duration=4:sample_rate=48000,asetpts='PTS+gte(T,2)*100/TB'", "-c:a", "aac")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	index, err := mp4.ReadIndex(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	var gaps [][2]float64
	longest := index.Tracks[0].LongestGap(30, func(from, to float64) bool {
		gaps = append(gaps, [2]float64{from, to})
		return true
	})
	if len(gaps) != 1 || math.Abs(gaps[0][0]-2) > 0.1 || math.Abs(gaps[0][1]-102) > 0.1 || math.Abs(longest-100) > 0.1 {
		t.Errorf("gaps %v, the longest has %g s", gaps, longest)
	}
}
