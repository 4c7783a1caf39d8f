// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"github.com/meetingops/meeting-recording-operator/internal/media/ffmpeg"
	"github.com/meetingops/meeting-recording-operator/internal/media/input"
	"github.com/meetingops/meeting-recording-operator/internal/media/mp4"
	"github.com/meetingops/meeting-recording-operator/internal/media/probe"
	"github.com/meetingops/meeting-recording-operator/internal/media/timeline"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/source"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

const (
	// leadSeconds is how much of the beginning ffprobe gets to find out what the streams are, when it does not get all.
	leadSeconds = 1.5
	// leadFrames is how many frames of it are enough; decoders reorder no more than 16.
	leadFrames = 40
	// maxLeadBytes is the largest beginning that is worth it.
	maxLeadBytes = 16 << 20
)

// Probe reports what a recording is. With analyze it decodes all of it and reports loudness, silence and black too; else it
// reads no more than the container's index and the beginning, where source and container allow it. The values are on
// the output "probe", which is a report in JSON; without a destination it has no URL.
// It returns DataErr for what is no recording, is empty or is truncated.
func (s Step) Probe(ctx context.Context, analyze bool) (outputs.Message, error) {
	return s.in(ctx, func(ctx context.Context, w *work) (outputs.Message, error) {
		var report probe.Report
		var err error
		if analyze {
			report, err = w.analyze(ctx)
		} else {
			report, err = w.look(ctx)
		}
		if err != nil {
			return outputs.Message{}, err
		}
		return w.putReport(ctx, report)
	})
}

func (w *work) putReport(ctx context.Context, report probe.Report) (outputs.Message, error) {
	values := report.Values()
	w.Log.Info("Probed recording", "container", report.Container, "seconds", report.DurationSeconds, "bytes", report.SizeBytes)
	if w.Destination == nil {
		return outputs.Message{Outputs: []outputs.Output{{Name: "probe", Values: values}}}, nil
	}
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return outputs.Message{}, sysexits.New(sysexits.Software, err, "cannot write the report")
	}
	output, err := w.Destination.Put(ctx, w.Prefix+"probe.json", "application/json", bytes.NewReader(append(text, '\n')))
	if err != nil {
		return outputs.Message{}, err
	}
	output.Name, output.Values = "probe", values
	return outputs.Message{Outputs: []outputs.Output{output}}, nil
}

// look reads the container's index and the beginning, or all when that does not do.
func (w *work) look(ctx context.Context) (probe.Report, error) {
	r, err := w.Recording.Open(ctx)
	if err != nil {
		return probe.Report{}, err
	}
	defer func() { _ = r.Close() }() // it was only read
	if !r.Whole() {
		report, err := w.lookAtParts(ctx, r)
		if !errors.Is(err, errTooLittle) && !errors.Is(err, source.ErrNoRanges) {
			return report, err
		}
	}
	whole, err := w.open(ctx)
	if err != nil {
		return probe.Report{}, err
	}
	defer func() { _ = whole.Close() }() // it was only read
	return probe.NewReport(whole.original, nil), nil
}

// errTooLittle says that parts of a file are not enough.
var errTooLittle = errors.New("parts of the file are not enough")

// lookAtParts reads no more than the index and the beginning of the samples. It returns errTooLittle when that does not do.
func (w *work) lookAtParts(ctx context.Context, r input.Reader) (probe.Report, error) {
	index, err := w.index(ctx, r)
	if err != nil {
		return probe.Report{}, err
	}
	axis, ok := axisOf(index)
	if !ok {
		return probe.Report{}, errTooLittle
	}
	enough, err := readLead(r, index)
	if err != nil {
		return probe.Report{}, err
	}
	if !enough {
		return probe.Report{}, errTooLittle
	}
	info, err := w.info(ctx, r)
	if ctx.Err() == nil && (sysexits.Code(err) == sysexits.DataErr || err == nil && !known(info)) {
		return probe.Report{}, errTooLittle
	}
	if err != nil {
		return probe.Report{}, err
	}
	opened, err := newRecording(r, info, axis)
	if err != nil {
		return probe.Report{}, err
	}
	return probe.NewReport(opened.info, nil), nil
}

// known reports whether ffprobe has seen enough of the streams.
func known(info probe.Info) bool {
	return (info.Video == nil || info.Video.PixelFormat != "" && info.Video.Width > 0) && (info.Audio == nil || info.Audio.SampleRate > 0)
}

// readLead reads the samples of the beginning. It returns false when these are too large.
func readLead(r input.Reader, index *mp4.Index) (enough bool, err error) {
	var bytes int64
	for _, track := range index.Tracks {
		if err := track.Each(func(s mp4.Sample) bool {
			if s.Time > leadSeconds || s.Number >= leadFrames && track.Video || bytes+s.Size > maxLeadBytes {
				return false
			}
			bytes += s.Size
			_, err = r.ReadAt(make([]byte, s.Size), s.Offset)
			return err == nil
		}); err != nil {
			return false, nil // tables that contradict each other: ffprobe may still know what to do
		}
		if err != nil {
			return false, err
		}
	}
	return bytes <= maxLeadBytes, nil
}

// analyze decodes all of the recording.
func (w *work) analyze(ctx context.Context) (probe.Report, error) {
	r, err := w.open(ctx)
	if err != nil {
		return probe.Report{}, err
	}
	defer func() { _ = r.Close() }() // it was only read
	var sound *timeline.Sound
	if r.info.Audio != nil {
		s, err := w.sound(r)
		if err != nil {
			return probe.Report{}, err
		}
		sound = &s
	}
	var analyzer probe.Analyzer
	if err := w.run(ctx, "analyzing", r.info.Duration, ffmpeg.Command{
		Args: append(w.onAxis(r), probe.Filters(r.info, sound)...), Line: analyzer.Line,
	}); err != nil {
		return probe.Report{}, err
	}
	analysis := analyzer.Done(r.info.Duration)
	return probe.NewReport(r.original, &analysis), nil
}
