// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/meetingops/meeting-recording-operator/internal/media"
	"github.com/meetingops/meeting-recording-operator/internal/media/plan"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

const transcodeLong = `Make files that browsers play:

  mp4  video.mp4        H.264 and AAC, with the index at the front, so that it plays while it loads. Streams that
                        browsers already play are copied into a new container (see --reencode)
  hls  hls/master.m3u8  a ladder of renditions of 1080, 720, 480, 360 and 240 lines, none above the recording's own, with
                        hls/SHA256SUMS of all its files

Pictures get 8 bits 4:2:0, square pixels and even sides. Presets: web, small (720 lines at most, smaller), quality (larger, slow).`

const transcodeExample = `  # as a step of a RecordingPipeline
  postprocess transcode --to=mp4,hls --destination=file:///recordings

  # on a workstation
  postprocess transcode --source-file=a.webm --destination=file://./out?create_dir=true --object-folder=. \
    --ffmpeg-arg=-metadata --ffmpeg-arg=title=Standup`

// transcodeOptions are the flags of `postprocess transcode`.
type transcodeOptions struct {
	reencode, preset, segments string
	targets                    []string
	media.TranscodeOptions
}

func newTranscodeCommand(p process, terminationLog *string) *cobra.Command {
	opts := newMediaOptions()
	opts.usesSound = true
	opts.extraRoom = 2
	var transcode transcodeOptions
	cmd := &cobra.Command{Use: "transcode", Short: "Make an MP4 file or an HLS ladder for browsers", Long: transcodeLong, Example: transcodeExample}
	transcode.addFlags(cmd.Flags())
	return mediaCommand(p, terminationLog, opts, cmd, func(ctx context.Context, step media.Step) (outputs.Message, error) {
		if err := transcode.check(); err != nil {
			return outputs.Message{}, err
		}
		return step.Transcode(ctx, transcode.TranscodeOptions)
	})
}

func (o *transcodeOptions) addFlags(f *pflag.FlagSet) {
	f.StringSliceVar(&o.targets, "to", []string{"mp4"}, "what to make: mp4, hls")
	f.StringVar(&o.preset, "preset", plan.PresetNames()[0], "how: "+strings.Join(plan.PresetNames(), ", "))
	f.IntVar(&o.MaxHeight, "max-height", 0, "largest shorter side of the MP4's picture; 0: the recording's own")
	f.StringVar(&o.reencode, "reencode", "auto", "auto: keep streams that browsers play in the MP4; always: encode all")
	f.IntSliceVar(&o.Heights, "rungs", nil, fmt.Sprintf("which of the ladder's renditions: %v (default: all)", plan.Heights()))
	f.StringVar(&o.segments, "hls-segments", "fmp4", "kind of HLS segments: fmp4, or ts for old players")
	f.IntVar(&o.SegmentSeconds, "hls-segment-seconds", 6, "how long HLS segments are, from 1 to 60")
	f.StringArrayVar(&o.Extra, "ffmpeg-arg", nil, "one more argument for ffmpeg's encoders, options and values in turn (repeatable)")
}

// check completes the options of what the flags say.
func (o *transcodeOptions) check() error {
	for _, target := range o.targets {
		if err := oneOf("to", target, "mp4", "hls"); err != nil {
			return err
		}
	}
	for _, err := range []error{oneOf("reencode", o.reencode, "auto", "always"), oneOf("hls-segments", o.segments, "fmp4", "ts")} {
		if err != nil {
			return err
		}
	}
	preset, ok := plan.FindPreset(o.preset)
	switch {
	case !ok:
		return oneOf("preset", o.preset, plan.PresetNames()...)
	case len(o.targets) == 0:
		return sysexits.New(sysexits.Usage, nil, "--to is empty; give mp4, hls or both")
	case o.MaxHeight < 0 || o.MaxHeight == 1:
		return sysexits.New(sysexits.Usage, nil, "--max-height must be 2 or more, or 0")
	case o.SegmentSeconds < 1 || o.SegmentSeconds > 60:
		return sysexits.New(sysexits.Usage, nil, "--hls-segment-seconds must be from 1 to 60")
	}
	for _, height := range o.Heights {
		if !slices.Contains(plan.Heights(), height) {
			return sysexits.New(sysexits.Usage, nil, "--rungs=%d is not one of %v", height, plan.Heights())
		}
	}
	if err := plan.CheckExtra(o.Extra); err != nil {
		return sysexits.New(sysexits.Usage, nil, "--ffmpeg-arg: %v", err)
	}
	o.MP4, o.HLS = slices.Contains(o.targets, "mp4"), slices.Contains(o.targets, "hls")
	o.TS, o.Reencode, o.Preset = o.segments == "ts", o.reencode == "always", preset
	return nil
}
