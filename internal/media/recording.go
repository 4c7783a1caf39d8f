// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media

import (
	"context"
	"errors"
	"math"
	"slices"

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
	// info has no track without packets, and the axis's duration.
	info probe.Info
	// axis starts at zero, which is second start of the file's clock. clock are ffmpeg's arguments that make it so.
	axis  timeline.Axis
	start float64
	clock []string
}

// open opens the whole recording and computes its axis. It returns DataErr for a recording that is truncated or empty. A
// recording whose clock jumps is copied into a file whose clock does not.
func (w *work) open(ctx context.Context) (*recording, error) {
	r, err := w.Recording.OpenWhole(ctx)
	if err != nil {
		return nil, err
	}
	opened, err := w.examine(ctx, r)
	if err == nil && opened.needsOneClock() {
		opened, err = w.straighten(ctx, opened)
	}
	if err != nil {
		_ = r.Close() // there is a worse error to report
		return nil, err
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

// index reads the index of an MP4 file, and checks other files for truncation, as far as their containers tell. It returns
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
	case errors.Is(err, mp4.ErrNotMP4), errors.Is(err, mp4.ErrUnsupported):
		return nil, nil
	}
	return nil, err
}

// axisOf returns the axis that an MP4 file's index tells. It returns false for one that must be read to tell.
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
		s := timeline.Stream{Index: t.Index, Kind: timeline.Audio, Start: span.Start, End: span.End, Gap: t.LongestGap()}
		if t.Video {
			s.Kind = timeline.Video
		}
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

// newRecording drops the tracks that are not on the axis.
func newRecording(r input.Reader, info probe.Info, axis timeline.Axis) (*recording, error) {
	if axis.Duration() <= 0 {
		return nil, sysexits.New(sysexits.DataErr, nil, "source is an empty recording: nothing in it can be played")
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
	return &recording{Reader: r, info: info, axis: axis.FromZero(), start: axis.Start, clock: axis.InputArgs()}, nil
}

// needsOneClock reports whether ffmpeg would give streams other times than the axis does: where the clock jumps, and in MPEG-TS where
// streams begin at different times, since ffmpeg then counts from the first packet of the streams that a command uses.
func (r *recording) needsOneClock() bool {
	startsLater := func(s timeline.Stream) bool { return r.axis.Delay(s) > leastDelay }
	return len(r.axis.Jumps) > 0 || r.info.Container == "mpegts" && slices.ContainsFunc(r.axis.Streams, startsLater)
}

// leastDelay is the delay of a stream, in seconds, that would be heard or seen.
const leastDelay = 0.01

// straighten copies a recording into a file whose clock does not jump, and closes it.
func (w *work) straighten(ctx context.Context, r *recording) (*recording, error) {
	w.Log.Info("Straightening the recording's clock", "jumps", len(r.axis.Jumps))
	path := w.path("straight.mkv")
	args := append(append(r.clock, ffmpeg.Input(r.Name())...), r.axis.StraightenArgs(path)...)
	if err := w.run(ctx, "straightening", r.info.Duration, ffmpeg.Command{Args: args}); err != nil {
		return nil, err
	}
	straight, err := input.Recording{Path: path}.Open(ctx)
	if err != nil {
		return nil, err
	}
	again, err := w.examine(ctx, straight)
	if err == nil && (len(again.axis.Jumps) > 0 || math.Abs(again.info.Duration-r.info.Duration) > 1) {
		err = sysexits.New(sysexits.DataErr, nil, "the recording's clock jumps in a way that cannot be straightened")
	}
	if err != nil {
		_ = straight.Close() // there is a worse error to report
		return nil, err
	}
	_ = r.Close() // it was only read
	again.info.Container, again.info.SizeBytes, again.info.BitRate = r.info.Container, r.info.SizeBytes, r.info.BitRate
	return again, nil
}

func truncated(err error) error {
	return sysexits.New(sysexits.DataErr, err, "source is a truncated recording; the recorder did not finish it, or it was cut when it was copied")
}

func implausible(err error) error {
	return sysexits.New(sysexits.DataErr, err, "source is not a recording that can be read safely")
}
