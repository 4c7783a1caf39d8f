// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media_test

import (
	"bytes"
	"encoding/binary"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/media/mediatest"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

func u32(n ...uint32) []byte {
	var b []byte
	for _, v := range n {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

func box(kind string, parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	return slices.Concat(u32(uint32(len(body)+8)), []byte(kind), body)
}

// track is a video track of so many samples of one size (0: sizes follows), all in one chunk.
func track(samples, size uint32, sizes []byte, chunks []byte, edits []byte) []byte {
	avc := box("avc1", make([]byte, 6), []byte{0, 1}, make([]byte, 16), []byte{0, 64, 0, 36}, make([]byte, 50))
	stbl := box("stbl", box("stsd", u32(0, 1), avc), box("stts", u32(0, 1, samples, 1)), box("stsc", u32(0, 1, 1, samples, 1)),
		box("stsz", u32(0, size, samples), sizes), box("stco", chunks))
	mdia := box("mdia", box("mdhd", u32(0, 0, 0, 1000, samples, 0)), box("hdlr", u32(0, 0), []byte("vide"), make([]byte, 13)),
		box("minf", box("vmhd", u32(1, 0, 0)), box("dinf", box("dref", u32(0, 1), box("url ", u32(1)))), stbl))
	return box("trak", box("tkhd", u32(3, 0, 0, 1, 0, samples), make([]byte, 60)), edits, mdia)
}

const mebibyte = 1 << 20

// A file of 1 MiB costs a probe less than 2 s of CPU, whatever it claims.
func TestHostileFilesCostLittle(t *testing.T) {
	header := slices.Concat(box("ftyp", []byte("isom"), u32(0), []byte("isomavc1")))
	mvhd := box("mvhd", u32(0, 0, 0, 1000, 1000, 0x10000, 0x1000000, 0, 0), make([]byte, 64))
	movie := func(parts ...[]byte) []byte {
		return slices.Concat(header, box("moov", append([][]byte{mvhd}, parts...)...))
	}
	fill := func(file []byte) []byte { return append(file, make([]byte, max(mebibyte-len(file), 0))...) }
	one := u32(0, 1, 0)
	edits := box("edts", box("elst", u32(0, 40_000), bytes.Repeat(u32(1, 0, 0x10000), 40_000)))
	files := map[string][]byte{
		"more samples than bytes": fill(movie(track(1<<31-1, 1, nil, one, nil))),
		"samples of no bytes":     fill(movie(track(250_000, 0, make([]byte, 4*250_000), one, nil))),
		"shared by many tracks":   fill(movie(bytes.Repeat(track(1_000_000, 1, nil, one, nil), 60))),
		"many tracks":             fill(movie(bytes.Repeat(track(1, 1, nil, one, nil), 1500))),
		"many edits":              fill(movie(track(100_000, 0, make([]byte, 4*100_000), one, edits))),
		"fragment of many samples": fill(slices.Concat(movie(track(0, 0, nil, u32(0, 0), nil), box("mvex", box("trex", u32(0, 1, 1, 1, 1, 0)))),
			box("moof", box("mfhd", u32(0, 1)), box("traf", box("tfhd", u32(0, 1)), box("trun", u32(0, 1<<31-1)))), box("mdat"))),
		"nested boxes": fill(slices.Concat(header, func() []byte {
			inner := []byte{}
			for range 20_000 {
				inner = box("moov", inner)
			}
			return inner
		}())),
	}
	for name, content := range files {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "hostile.mp4")
			mediatest.Write(t, path, content)
			f := local(t, path)
			before := cpu(t)
			_, err := f.Probe(t.Context(), false)
			spent := cpu(t) - before
			t.Logf("%d bytes: %s of CPU, %v", len(content), spent.Round(time.Millisecond), err)
			if err != nil && sysexits.Code(err) != sysexits.DataErr {
				t.Errorf("err = %v", err)
			}
			if spent > 2*time.Second {
				t.Errorf("a probe of %d bytes cost %s of CPU", len(content), spent)
			}
		})
	}
}

// cpu is what this process and those that it waited for have used.
func cpu(t *testing.T) (sum time.Duration) {
	t.Helper()
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var usage syscall.Rusage
		if err := syscall.Getrusage(who, &usage); err != nil {
			t.Fatal(err)
		}
		sum += time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	return sum
}
