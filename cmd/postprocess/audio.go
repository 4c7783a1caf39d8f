// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/hex"
	"image/color"
	"strings"

	"github.com/spf13/cobra"

	"github.com/meetingops/meeting-recording-operator/internal/media"
	"github.com/meetingops/meeting-recording-operator/internal/media/peaks"
	"github.com/meetingops/meeting-recording-operator/internal/media/plan"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

const audioLong = `Make sound files of a recording:

  aac   audio.m4a   AAC, stereo, 128 kbit/s, for browsers and podcasts
  opus  audio.opus  Opus, stereo, 96 kbit/s
  wav   speech.wav  16 kHz, mono, 16 bits, what speech recognition takes

All are brought to a loudness of -16 LUFS and true peaks below -1.5 dB, by two passes of EBU R 128 normalisation. Sound that
is silent stays so.`

const audioExample = `  # as a step of a RecordingPipeline
  postprocess audio --format=aac,wav --destination=file:///recordings

  # on a workstation
  postprocess audio --source-file=a.mp4 --destination=file://./out?create_dir=true --object-folder=.`

func newAudioCommand(p process, terminationLog *string) *cobra.Command {
	opts := newMediaOptions()
	opts.usesSound = true
	opts.extraRoom = 1
	var names []string
	cmd := &cobra.Command{Use: "audio", Short: "Make sound files of one loudness, for people and for transcription", Long: audioLong, Example: audioExample}
	cmd.Flags().StringSliceVar(&names, "format", []string{"aac", "wav"}, "what to make: "+strings.Join(plan.AudioFormatNames(), ", "))
	return mediaCommand(p, terminationLog, opts, cmd, func(ctx context.Context, step media.Step) (outputs.Message, error) {
		formats, err := plan.FindAudioFormats(names)
		if err != nil {
			return outputs.Message{}, sysexits.New(sysexits.Usage, nil, "--format: %v", err)
		}
		return step.Audio(ctx, formats)
	})
}

const waveformLong = `Draw a recording's sound:

  waveform.png   a picture, on a transparent ground
  waveform.json  its peaks, as BBC's audiowaveform writes them (version 2, 8 bits), which players such as Peaks.js and
                 wavesurfer.js read`

const waveformExample = `  # as a step of a RecordingPipeline
  postprocess waveform --destination=file:///recordings

  # on a workstation
  postprocess waveform --source-file=a.mp4 --destination=file://./out?create_dir=true --object-folder=. --color=1f6feb`

func newWaveformCommand(p process, terminationLog *string) *cobra.Command {
	opts := newMediaOptions()
	opts.usesSound = true
	waveform := media.WaveformOptions{}
	var ink string
	cmd := &cobra.Command{Use: "waveform", Short: "Draw the sound, as a picture and as peaks for players", Long: waveformLong, Example: waveformExample}
	cmd.Flags().IntVar(&waveform.PixelsPerSecond, "pixels-per-second", 20, "peaks for each second, from 1 to 1000")
	cmd.Flags().IntVar(&waveform.Width, "width", 1800, "width of the picture in pixels, from 16 to 16384")
	cmd.Flags().IntVar(&waveform.Height, "height", 280, "height of the picture in pixels, from 16 to 4096")
	cmd.Flags().StringVar(&ink, "color", "3b5b92", "colour of the picture, as six hexadecimal digits: red, green, blue")
	return mediaCommand(p, terminationLog, opts, cmd, func(ctx context.Context, step media.Step) (outputs.Message, error) {
		rgb, err := hex.DecodeString(strings.TrimPrefix(ink, "#"))
		switch {
		case err != nil || len(rgb) != 3:
			return outputs.Message{}, sysexits.New(sysexits.Usage, nil, "--color=%s is not six hexadecimal digits, such as 3b5b92", ink)
		case waveform.PixelsPerSecond < 1 || waveform.PixelsPerSecond > 1000:
			return outputs.Message{}, sysexits.New(sysexits.Usage, nil, "--pixels-per-second must be from 1 to 1000, of %d samples", peaks.SampleRate)
		case waveform.Width < 16 || waveform.Width > 16384 || waveform.Height < 16 || waveform.Height > 4096:
			return outputs.Message{}, sysexits.New(sysexits.Usage, nil, "--width must be from 16 to 16384, and --height from 16 to 4096")
		}
		waveform.Ink = color.NRGBA{rgb[0], rgb[1], rgb[2], 255}
		return step.Waveform(ctx, waveform)
	})
}
