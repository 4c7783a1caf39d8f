// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media

import (
	"context"
	"image/color"
	"image/png"
	"os"

	"github.com/meetingops/meeting-recording-operator/internal/media/ffmpeg"
	"github.com/meetingops/meeting-recording-operator/internal/media/peaks"
	"github.com/meetingops/meeting-recording-operator/internal/media/plan"
	"github.com/meetingops/meeting-recording-operator/internal/media/timeline"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// openSound opens the whole recording, which must have sound.
func (w *work) openSound(ctx context.Context) (*recording, timeline.Sound, error) {
	r, err := w.open(ctx)
	if err != nil {
		return nil, timeline.Sound{}, err
	}
	sound, err := w.sound(r)
	if err != nil {
		_ = r.Close() // it was only read
	}
	return r, sound, err
}

// sound returns the tracks that the step uses, on the recording's axis.
func (w *work) sound(r *recording) (timeline.Sound, error) {
	if r.info.Audio == nil {
		return timeline.Sound{}, missing("audio", "hasAudio")
	}
	sound := timeline.Sound{Axis: r.axis}
	tracks, err := w.Tracks.choose(r.info.AudioTracks)
	for _, track := range tracks {
		sound.Tracks = append(sound.Tracks, track.Index)
	}
	return sound, err
}

// Audio makes sound files of a recording's sound, brought to one loudness (-16 LUFS, by two passes, so that its dynamics
// stay). They are as long as the recording. It returns DataErr for a recording without sound.
func (s Step) Audio(ctx context.Context, formats []plan.AudioFormat) (outputs.Message, error) {
	return s.in(ctx, func(ctx context.Context, w *work) (outputs.Message, error) {
		r, sound, err := w.openSound(ctx)
		if err != nil {
			return outputs.Message{}, err
		}
		defer func() { _ = r.Close() }() // it was only read
		loudness, err := w.encodeSound(ctx, r, sound, formats)
		if err != nil {
			return outputs.Message{}, err
		}
		return w.putAudio(ctx, r, sound, formats, loudness)
	})
}

// encodeSound makes the formats in the step's folder, and returns the loudness that the sound had in each layout.
func (w *work) encodeSound(ctx context.Context, r *recording, sound timeline.Sound, formats []plan.AudioFormat) (map[string]plan.Loudness, error) {
	loudness, err := w.measureLoudness(ctx, r, sound, plan.Layouts(formats))
	if err != nil {
		return nil, err
	}
	err = w.run(ctx, "encoding", r.info.Duration, ffmpeg.Command{
		Args: append(w.onAxis(r), plan.AudioArgs(sound, formats, loudness, w.dir)...),
	})
	return loudness, err
}

// measureLoudness decodes the sound, and returns its loudness in each layout.
func (w *work) measureLoudness(ctx context.Context, r *recording, sound timeline.Sound, layouts []string) (map[string]plan.Loudness, error) {
	var measured plan.LoudnessReader
	if err := w.run(ctx, "measuring loudness", r.info.Duration, ffmpeg.Command{
		Args: append(w.onAxis(r), plan.MeasureArgs(sound, layouts)...), Line: measured.Line,
	}); err != nil {
		return nil, err
	}
	loudness := map[string]plan.Loudness{}
	for _, layout := range layouts {
		l, err := measured.Loudness(layout)
		if err != nil {
			return nil, sysexits.New(sysexits.DataErr, err, "the recording's loudness cannot be measured")
		}
		loudness[layout] = l
	}
	return loudness, nil
}

func (w *work) putAudio(ctx context.Context, r *recording, sound timeline.Sound, formats []plan.AudioFormat, loudness map[string]plan.Loudness) (outputs.Message, error) {
	var msg outputs.Message
	for _, format := range formats {
		output, err := w.put(ctx, format.Name, w.path(format.File), format.File, format.MediaType)
		if err != nil {
			return outputs.Message{}, err
		}
		measured := loudness[format.Layout]
		output.Values = map[string]any{"silent": measured.Silent, "durationSeconds": r.info.Duration, "audioTracks": len(sound.Tracks)}
		if !measured.Silent {
			output.Values["inputLoudnessLUFS"] = measured.Integrated
		}
		msg.Outputs = append(msg.Outputs, output)
	}
	return msg, nil
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
		r, sound, err := w.openSound(ctx)
		if err != nil {
			return outputs.Message{}, err
		}
		defer func() { _ = r.Close() }() // it was only read
		found := peaks.New(opts.PixelsPerSecond)
		if err := w.run(ctx, "drawing", r.info.Duration, ffmpeg.Command{Args: append(w.onAxis(r), peaks.Args(sound)...), Stdout: found}); err != nil {
			return outputs.Message{}, err
		}
		found.Finish()
		if found.Len() == 0 {
			return outputs.Message{}, sysexits.New(sysexits.DataErr, nil, "the recording's sound is empty")
		}
		return w.putPeaks(ctx, found, opts)
	})
}

func (w *work) putPeaks(ctx context.Context, found *peaks.Peaks, opts WaveformOptions) (outputs.Message, error) {
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
