// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media

import (
	"context"
	"image/color"
	"image/png"
	"os"

	"github.com/meetingops/meeting-recording-operator/internal/media/ffmpeg"
	"github.com/meetingops/meeting-recording-operator/internal/media/input"
	"github.com/meetingops/meeting-recording-operator/internal/media/peaks"
	"github.com/meetingops/meeting-recording-operator/internal/media/plan"
	"github.com/meetingops/meeting-recording-operator/internal/media/probe"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// openSound opens the whole recording, which must have sound.
func (w *work) openSound(ctx context.Context) (input.Reader, probe.Info, error) {
	r, info, err := w.complete(ctx)
	if err == nil && info.Audio == nil {
		_ = r.Close() // it was only read
		return nil, probe.Info{}, missing("audio", "hasAudio")
	}
	return r, info, err
}

// Audio makes sound files of a recording's sound, brought to one loudness (-16 LUFS, by two passes, so that its dynamics
// stay). It returns DataErr for a recording without sound.
func (s Step) Audio(ctx context.Context, formats []plan.AudioFormat) (outputs.Message, error) {
	return s.in(ctx, func(ctx context.Context, w *work) (outputs.Message, error) {
		r, info, err := w.openSound(ctx)
		if err != nil {
			return outputs.Message{}, err
		}
		defer func() { _ = r.Close() }() // it was only read
		var measured plan.LoudnessReader
		if _, err := w.run(ctx, "measuring loudness", info.Duration, ffmpeg.Command{
			Args: append(w.input(r.Name()), plan.MeasureArgs()...), Line: measured.Line,
		}); err != nil {
			return outputs.Message{}, err
		}
		loudness, err := measured.Loudness()
		if err != nil {
			return outputs.Message{}, sysexits.New(sysexits.DataErr, err, "the recording's loudness cannot be measured")
		}
		if _, err := w.run(ctx, "encoding", info.Duration, ffmpeg.Command{
			Args: append(w.input(r.Name()), plan.AudioArgs(formats, loudness, w.dir)...),
		}); err != nil {
			return outputs.Message{}, err
		}
		values := map[string]any{"silent": loudness.Silent, "durationSeconds": info.Duration}
		if !loudness.Silent {
			values["inputLoudnessLUFS"] = loudness.Integrated
		}
		var msg outputs.Message
		for _, format := range formats {
			output, err := w.put(ctx, format.Name, w.path(format.File), format.File, format.MediaType)
			if err != nil {
				return outputs.Message{}, err
			}
			output.Values = values
			msg.Outputs = append(msg.Outputs, output)
		}
		return msg, nil
	})
}

// WaveformOptions are those of Waveform.
type WaveformOptions struct {
	// PixelsPerSecond is how many peaks there are for a second.
	PixelsPerSecond int
	// Width and Height are those of the picture.
	Width, Height int
	// Ink is what it is drawn with.
	Ink color.Color
}

// Waveform makes a picture of a recording's sound, and its peaks as JSON for players. It returns DataErr for a recording
// without sound.
func (s Step) Waveform(ctx context.Context, opts WaveformOptions) (outputs.Message, error) {
	return s.in(ctx, func(ctx context.Context, w *work) (outputs.Message, error) {
		r, info, err := w.openSound(ctx)
		if err != nil {
			return outputs.Message{}, err
		}
		defer func() { _ = r.Close() }() // it was only read
		found := peaks.New(opts.PixelsPerSecond)
		if _, err := w.run(ctx, "drawing", info.Duration, ffmpeg.Command{Args: append(w.input(r.Name()), peaks.Args()...), Stdout: found}); err != nil {
			return outputs.Message{}, err
		}
		found.Finish()
		if found.Len() == 0 {
			return outputs.Message{}, sysexits.New(sysexits.DataErr, nil, "the recording's sound is empty")
		}
		return w.tellPeaks(ctx, found, opts)
	})
}

func (w *work) tellPeaks(ctx context.Context, found *peaks.Peaks, opts WaveformOptions) (outputs.Message, error) {
	if err := w.writeFile(w.path("waveform.json"), func(file *os.File) error { return found.WriteJSON(file) }); err != nil {
		return outputs.Message{}, err
	}
	if err := w.writeFile(w.path("waveform.png"), func(file *os.File) error {
		return png.Encode(file, found.Draw(opts.Width, opts.Height, opts.Ink))
	}); err != nil {
		return outputs.Message{}, err
	}
	var msg outputs.Message
	for _, file := range []struct{ output, name, mediaType string }{
		{"waveform", "waveform.png", "image/png"}, {"peaks", "waveform.json", "application/json"},
	} {
		output, err := w.put(ctx, file.output, w.path(file.name), file.name, file.mediaType)
		if err != nil {
			return outputs.Message{}, err
		}
		msg.Outputs = append(msg.Outputs, output)
	}
	msg.Outputs[1].Values = map[string]any{"length": found.Len(), "durationSeconds": found.Seconds()}
	return msg, nil
}
