// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package peaks_test

import (
	"bytes"
	"encoding/binary"
	"image/color"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/internal/media/peaks"
)

func pcm(samples ...int16) []byte {
	var b []byte
	for _, s := range samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}

func TestJSON(t *testing.T) {
	p := peaks.New(peaks.SampleRate / 2)
	for _, part := range [][]byte{pcm(0x1000, -0x2000), pcm(32767, -32768), pcm(0x0300)} {
		if n, err := p.Write(part); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	p.Finish()
	p.Finish()
	var got bytes.Buffer
	if err := p.WriteJSON(&got); err != nil {
		t.Fatal(err)
	}
	want := `{"version":2,"channels":1,"sample_rate":16000,"samples_per_pixel":2,"bits":8,"length":3,"data":[-32,16,-128,127,3,3]}` + "\n"
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if p.Seconds() != 5.0/16000 {
		t.Errorf("%g s", p.Seconds())
	}
}

// However the sound is cut into writes, the peaks are the same.
func TestWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOf(rapid.Byte()).Draw(t, "data")
		whole, parts := peaks.New(4000), peaks.New(4000)
		_, _ = whole.Write(data)
		for rest := data; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "n")
			_, _ = parts.Write(rest[:n])
			rest = rest[n:]
		}
		var a, b bytes.Buffer
		for p, out := range map[*peaks.Peaks]*bytes.Buffer{whole: &a, parts: &b} {
			p.Finish()
			if err := p.WriteJSON(out); err != nil {
				t.Fatal(err)
			}
			p.Draw(32, 16, color.Black)
		}
		if a.String() != b.String() {
			t.Fatalf("%s\n%s", &a, &b)
		}
	})
}

func TestDraw(t *testing.T) {
	p := peaks.New(8000)
	_, _ = p.Write(pcm(0, 0, 32767, -32768))
	p.Finish()
	img := p.Draw(4, 16, color.Black)
	inked := func(x int) (n int) {
		for y := range 16 {
			if _, _, _, alpha := img.At(x, y).RGBA(); alpha > 0 {
				n++
			}
		}
		return n
	}
	got := []int{inked(0), inked(1), inked(2), inked(3)}
	if diff := cmp.Diff([]int{1, 1, 15, 15}, got); diff != "" {
		t.Errorf("height of ink (-want +got)\n%s", diff)
	}
}
