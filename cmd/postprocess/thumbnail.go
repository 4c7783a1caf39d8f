// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/meetingops/meeting-recording-operator/internal/media"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

const thumbnailLong = `Make pictures of a recording:

  poster.jpg         one in full size, from the beginning, and not a black one
  contact-sheet.jpg  up to 16, from all over the recording
  thumbnails.jpg     a sprite of up to 100 small ones, for players to show above their time line
  thumbnails.vtt     a WebVTT track that says which part of the sprite to show when (#xywh)

Of an MP4 file no more is fetched than its index and the frames that are shown, where the source serves parts of the file.`

const thumbnailExample = `  # as a step of a RecordingPipeline
  postprocess thumbnail --destination=file:///recordings

  # on a workstation
  postprocess thumbnail --source-file=a.mp4 --destination=file://./out?create_dir=true --object-folder=.`

func newThumbnailCommand(p process, terminationLog *string) *cobra.Command {
	opts := newMediaOptions()
	opts.extraRoom = 0.1
	thumbnail := media.ThumbnailOptions{}
	var interval time.Duration
	cmd := &cobra.Command{
		Use: "thumbnail", Short: "Make a poster, a contact sheet and thumbnails for players", Long: thumbnailLong, Example: thumbnailExample,
	}
	cmd.Flags().DurationVar(&interval, "interval", 0, "least time between two thumbnails (default: so that there are 100 at most)")
	cmd.Flags().IntVar(&thumbnail.Size, "size", 160, "longer side of a thumbnail in pixels, from 32 to 512; those of the contact sheet have twice that")
	return mediaCommand(p, terminationLog, opts, cmd, func(ctx context.Context, step media.Step) (outputs.Message, error) {
		thumbnail.Interval = interval.Seconds()
		switch {
		case interval < 0:
			return outputs.Message{}, sysexits.New(sysexits.Usage, nil, "--interval must not be negative")
		case thumbnail.Size < 32 || thumbnail.Size > 512:
			return outputs.Message{}, sysexits.New(sysexits.Usage, nil, "--size must be from 32 to 512")
		}
		return step.Thumbnail(ctx, thumbnail)
	})
}
