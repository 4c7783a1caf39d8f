// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/meetingops/meeting-recording-operator/internal/media/container"
	"github.com/meetingops/meeting-recording-operator/internal/media/ffmpeg"
	"github.com/meetingops/meeting-recording-operator/internal/media/input"
	"github.com/meetingops/meeting-recording-operator/internal/media/mp4"
	"github.com/meetingops/meeting-recording-operator/internal/media/probe"
	"github.com/meetingops/meeting-recording-operator/internal/media/timeline"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// recording is an open recording that is complete, with its time axis.
type recording struct {
	input.Reader
	// info has no track without packets, and the axis's duration. original is that of the file that a copy was made of.
	info, original probe.Info
	// axis starts at zero, which is second start of the file's clock. clock are ffmpeg's arguments that make it so.
	axis  timeline.Axis
	start float64
	clock []string
}

// open opens the whole recording and computes its axis. It returns DataErr for a recording that is truncated, encrypted or
// empty.
func (w *work) open(ctx context.Context) (*recording, error) {
	r, err := w.Recording.OpenWhole(ctx)
	if err != nil {
		return nil, err
	}
	w.Recording.Path = r.Name() // it need not be fetched again
	opened, err := w.examine(ctx, r)
	if err != nil {
		_ = r.Close() // there is a worse error to report
		return nil, err
	}
	if jumps := len(opened.axis.Jumps); jumps > 0 {
		w.Log.Info("Straightening the recording's clock", "jumps", jumps)
		name := timeline.StraightName(opened.info.Container == "mpegts")
		if opened, err = w.copied(ctx, opened, name, opened.axis.StraightenArgs); err != nil {
			return nil, err
		}
	}
	if w.uniformSound {
		return w.copied(ctx, opened, "uniform.mkv", opened.axis.UniformSoundArgs)
	}
	return opened, nil
}

// examine computes the axis of an open recording.
func (w *work) examine(ctx context.Context, r input.Reader) (*recording, error) {
	index, err := w.index(ctx, r)
	if err != nil {
		return nil, err
	}
	info, err := w.info(ctx, r)
	if err != nil {
		return nil, err
	}
	axis, ok := axisOf(index)
	if !ok {
		if axis, err = w.scan(ctx, r, info); err != nil {
			return nil, err
		}
	}
	return newRecording(r, info, axis)
}

// index reads the index of an MP4 file, and checks other files for truncation, as far as their containers say how long they are. It returns
// nil for a file without an index that has all samples.
func (w *work) index(ctx context.Context, r input.Reader) (*mp4.Index, error) {
	index, err := mp4.ReadIndex(r, r.Size())
	if err == nil {
		return index, nil
	}
	var checked error
	switch {
	case !r.Whole():
	case errors.Is(err, mp4.ErrFragmented):
		checked = mp4.CheckFragments(ctx, r, r.Size())
	case errors.Is(err, mp4.ErrNotMP4):
		checked = container.Check(r, r.Size())
	}
	if checked != nil {
		err = checked
	}
	switch {
	case ctx.Err() != nil:
		return nil, interrupted(ctx)
	case errors.Is(err, mp4.ErrTruncated), errors.Is(err, container.ErrTruncated):
		return nil, truncated(err)
	case errors.Is(err, mp4.ErrImplausible):
		return nil, implausible(err)
	case errors.Is(err, mp4.ErrEncrypted):
		return nil, encrypted(err)
	case errors.Is(err, mp4.ErrNotMP4), errors.Is(err, mp4.ErrUnsupported):
		return nil, nil
	}
	return nil, err
}

// axisOf returns the axis of an MP4 file by its index. It returns false for a file that must be read for it.
func axisOf(index *mp4.Index) (timeline.Axis, bool) {
	if index == nil {
		return timeline.Axis{}, false
	}
	var streams []timeline.Stream
	for _, t := range index.Tracks {
		span, ok := index.Span(t)
		if !ok {
			return timeline.Axis{}, false
		}
		s := timeline.Stream{Index: t.Index, Kind: timeline.Audio, Start: span.Start, End: span.End}
		if t.Video {
			s.Kind = timeline.Video
		}
		total := 0.0
		s.Gap = t.LongestGap(timeline.LongGap, func(from, to float64) bool {
			if !t.Video {
				s.Gaps = timeline.AddGap(s.Gaps, timeline.Gap{From: span.Zero + from, To: span.Zero + to})
			}
			total += to - from
			return total < maxDuration
		})
		streams = append(streams, s)
	}
	axis := timeline.New(streams)
	return axis, axis.Duration() > 0
}

// scan reads all packets, without decoding them.
func (w *work) scan(ctx context.Context, r input.Reader, info probe.Info) (timeline.Axis, error) {
	kinds := map[int]timeline.Kind{}
	for _, a := range info.AudioTracks {
		kinds[a.Index] = timeline.Audio
	}
	for _, v := range info.Videos {
		kinds[v] = timeline.Video
	}
	scanner := timeline.NewScanner(kinds)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	cut, err := w.Tools.Packets(ctx, r.Name(), timeline.PacketEntries, func(line string) {
		if packet, ok := timeline.ParsePacket(line); ok {
			if err := scanner.Add(packet); err != nil {
				cancel(implausible(err))
			}
		}
	})
	if err != nil {
		return timeline.Axis{}, err
	}
	axis := scanner.Axis()
	if cut == "" && len(axis.Jumps) == 0 {
		cut = probe.Truncated(info.Duration, max(axis.End, axis.Duration()))
	}
	if cut != "" {
		return timeline.Axis{}, truncated(errors.New(cut))
	}
	return axis, nil
}

// maxDuration is the longest recording, in seconds: a week. A hostile file would have us make silence for years.
const maxDuration = 7 * 24 * 3600

// newRecording drops the tracks that are not on the axis.
func newRecording(r input.Reader, info probe.Info, axis timeline.Axis) (*recording, error) {
	switch duration := axis.Duration(); {
	case duration <= 0:
		return nil, sysexits.New(sysexits.DataErr, nil, "source is an empty recording: nothing in it can be played")
	case duration > maxDuration:
		return nil, implausible(fmt.Errorf("its streams are %.0f hours long", duration/3600))
	}
	if info.Video != nil {
		if _, ok := axis.Stream(info.Video.Index); !ok {
			info.Video = nil
		}
	}
	var tracks []*probe.Audio
	for _, a := range info.AudioTracks {
		if _, ok := axis.Stream(a.Index); ok {
			tracks = append(tracks, a)
		}
	}
	info.AudioTracks, info.Audio = tracks, nil
	if len(tracks) > 0 {
		info.Audio = tracks[0]
	}
	info.Duration = axis.Duration()
	if info.BitRate == 0 || len(axis.Jumps) > 0 {
		info.BitRate = int64(float64(info.SizeBytes) * 8 / info.Duration)
	}
	return &recording{Reader: r, info: info, original: info, axis: axis.FromZero(), start: axis.Start, clock: axis.InputArgs()}, nil
}

// copied copies a recording into a file that has the same axis, by ffmpeg's arguments for that file, and closes it.
func (w *work) copied(ctx context.Context, r *recording, name string, output func(string) []string) (*recording, error) {
	defer func() { _ = r.Close() }() // it was only read
	path := w.path(name)
	args := append(append([]string(nil), r.clock...), ffmpeg.Input(r.Name())...)
	if err := w.run(ctx, "copying", r.info.Duration, ffmpeg.Command{Args: append(args, output(path)...)}); err != nil {
		return nil, err
	}
	file, err := input.Recording{Path: path}.Open(ctx)
	if err != nil {
		return nil, err
	}
	again, err := w.examine(ctx, file)
	if err == nil && (len(again.axis.Jumps) > 0 || math.Abs(again.info.Duration-r.info.Duration) > 1) {
		err = sysexits.New(sysexits.DataErr, nil, "the recording's clock jumps in a way that cannot be straightened")
	}
	if err != nil {
		_ = file.Close() // there is a worse error to report
		return nil, err
	}
	again.original = r.original
	return again, nil
}

func truncated(err error) error {
	return sysexits.New(sysexits.DataErr, err, "source is a truncated recording; the recorder did not finish it, or it was cut when it was copied")
}

func encrypted(err error) error {
	return sysexits.New(sysexits.DataErr, err, "source is an encrypted recording, which cannot be decoded; decrypt it first, or have it recorded without encryption")
}

func implausible(err error) error {
	return sysexits.New(sysexits.DataErr, err, "source is not a recording that can be read safely")
}
