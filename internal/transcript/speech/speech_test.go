// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package speech

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// piece is a part of a sound: a tone of a level, or silence.
type piece struct {
	seconds float64
	db      float64 // 0: digital silence
}

func samplesOf(pieces ...piece) []byte {
	var all []byte
	for _, p := range pieces {
		amplitude := 0.0
		if p.db < 0 {
			amplitude = math.Pow(10, p.db/20) * math.Sqrt2 * (1 << 15)
		}
		for i := range int(p.seconds * SampleRate) {
			all = binary.LittleEndian.AppendUint16(all, uint16(int16(amplitude*math.Sin(float64(i)*2*math.Pi*440/SampleRate))))
		}
	}
	return all
}

func levelsOf(t testing.TB, pieces ...piece) *Levels {
	t.Helper()
	var l Levels
	// One byte at a time is how a reader may bring them.
	if _, err := io.Copy(&l, iotest.OneByteReader(bytes.NewReader(samplesOf(pieces...)))); err != nil {
		t.Fatal(err)
	}
	l.Finish()
	return &l
}

// span is a chunk in seconds.
type span struct{ From, To float64 }

func spans(chunks []Chunk) []span {
	all := []span{}
	for _, c := range chunks {
		all = append(all, span{c.Start(), math.Round((c.Start()+c.Seconds())*100) / 100})
	}
	return all
}

// Chunks begin and end in silence, are as long as the limit lets them, and leave long silences out.
func TestChunks(t *testing.T) {
	const talk, quiet = -20, 0
	tests := map[string]struct {
		pieces []piece
		limit  time.Duration
		want   []span
	}{
		"nothing":                   {nil, time.Minute, []span{}},
		"silence":                   {[]piece{{30, quiet}}, time.Minute, []span{}},
		"soft noise":                {[]piece{{30, -55}}, time.Minute, []span{}},
		"one":                       {[]piece{{3, quiet}, {2, talk}, {4, quiet}}, time.Minute, []span{{2.76, 5.24}}},
		"all of it":                 {[]piece{{8, talk}}, time.Minute, []span{{0, 8}}},
		"a short pause stays":       {[]piece{{2, talk}, {9, quiet}, {2, talk}}, time.Minute, []span{{0, 13}}},
		"a long pause is left out":  {[]piece{{2, talk}, {12, quiet}, {2, talk}}, time.Minute, []span{{0, 2.24}, {13.76, 16}}},
		"ends in the last pause":    {[]piece{{6, talk}, {2, quiet}, {4, talk}, {2, quiet}, {5, talk}}, 15 * time.Second, []span{{0, 13.76}, {13.76, 19}}},
		"cut in a short pause":      {[]piece{{6, talk}, {0.6, quiet}, {2, talk}, {0.6, quiet}, {5, talk}}, 10 * time.Second, []span{{0, 8.96}, {8.96, 14.2}}},
		"cut where it is quietest":  {[]piece{{7, talk}, {1, -40}, {7, talk}}, 10 * time.Second, []span{{0, 7.76}, {7.76, 15}}},
		"nowhere quiet":             {[]piece{{25, talk}}, 10 * time.Second, []span{{0, 9.76}, {9.76, 19.52}, {19.52, 25}}},
		"a frame that is not whole": {[]piece{{1.005, talk}}, time.Minute, []span{{0, 1.02}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := spans(levelsOf(t, test.pieces...).Chunks(Limits{Bytes: 1 << 30, Duration: test.limit}))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Whatever the sound, chunks keep within the limits, do not overlap, and hold all that is not silent.
func TestAnyChunks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l Levels
		for range rapid.IntRange(0, 20).Draw(t, "pieces") {
			level := rapid.Int8Range(-128, 0).Draw(t, "level")
			for range rapid.IntRange(1, 900).Draw(t, "frames") {
				l.levels = append(l.levels, level)
			}
		}
		limits := Limits{Bytes: rapid.Int64Range(LeastBytes, 1<<20).Draw(t, "bytes"), Duration: time.Duration(rapid.Int64Range(int64(LeastDuration), int64(MostDuration)).Draw(t, "duration"))}
		end := int64(0)
		for _, c := range l.Chunks(limits) {
			if c.begin < end || c.end <= c.begin || c.end > int64(len(l.levels)) {
				t.Fatalf("%+v after %d", c, end)
			}
			if size := HeaderBytes + (c.end-c.begin)*frameBytes; size > limits.Bytes || c.Seconds() > limits.Duration.Seconds() {
				t.Fatalf("%+v has %d bytes, %g s; the limits are %+v", c, size, c.Seconds(), limits)
			}
			for i := end; i < c.begin; i++ {
				if l.levels[i] >= Silence {
					t.Fatalf("frame %d is in no chunk", i)
				}
			}
			end = c.end
		}
		if l.sounding(end) >= 0 {
			t.Fatalf("frame %d is in no chunk", l.sounding(end))
		}
	})
}

// A chunk is a WAV file that Open reads, and its samples are those at its place.
func TestWAV(t *testing.T) {
	samples := samplesOf(piece{1, 0}, piece{1, -20}, piece{1, 0})
	file := append(Header(int64(len(samples))), samples...)
	sound, err := Open(bytes.NewReader(file), int64(len(file)))
	if err != nil || sound.Seconds() != 3 {
		t.Fatalf("%g s, %v", sound.Seconds(), err)
	}
	var l Levels
	if _, err := io.Copy(&l, sound.Samples()); err != nil {
		t.Fatal(err)
	}
	chunk := l.Chunks(Limits{1 << 30, time.Hour})[0]
	got, err := io.ReadAll(sound.Cut(chunk))
	if err != nil || !bytes.Equal(got, samples[int(chunk.Start()*bytesPerSec):][:len(got)]) || len(got) != int(chunk.Seconds()*bytesPerSec+0.5) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestOpenFails(t *testing.T) {
	whole := append(Header(1000), make([]byte, 1000)...)
	other := func(at int, value byte) []byte {
		file := bytes.Clone(whole)
		file[at] = value
		return file
	}
	list := append(append(bytes.Clone(whole[:36]), "LIST\x03\x00\x00\x00abc\x00"...), whole[36:]...)
	streamed := append(bytes.Clone(whole[:40]), append([]byte{255, 255, 255, 255}, whole[44:]...)...)
	tests := map[string]struct {
		file []byte
		err  error
		text string
	}{
		"whole":                     {whole, nil, ""},
		"with a block before":       {list, nil, ""},
		"of a writer without seek":  {streamed, nil, ""},
		"nothing":                   {nil, ErrFormat, ""},
		"MP4":                       {[]byte("\x00\x00\x00\x18ftypmp42........"), ErrFormat, ""},
		"stereo":                    {other(22, 2), ErrFormat, ""},
		"8 kHz":                     {other(25, 0x1f), ErrFormat, ""},
		"8 bits":                    {other(34, 8), ErrFormat, ""},
		"not PCM":                   {other(20, 3), ErrFormat, ""},
		"samples before the format": {append(bytes.Clone(whole[:12]), whole[36:]...), ErrFormat, ""},
		"cut in the samples":        {whole[:500], ErrTruncated, "456 bytes of 1000 are there"},
		"cut in the header":         {whole[:38], ErrTruncated, "it has no samples"},
		"many blocks":               {append(bytes.Clone(whole[:36]), strings.Repeat("junk\x00\x00\x00\x00", 1000)...), ErrFormat, ""},
	}
	for name, test := range tests {
		_, err := Open(bytes.NewReader(test.file), int64(len(test.file)))
		if !errors.Is(err, test.err) || err != nil && !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: %v, want %v", name, err, test.err)
		}
	}
}
