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

  poster.jpg         a full-size picture from the beginning that is not black
  contact-sheet.jpg  up to 16 pictures from the whole recording
  thumbnails.jpg     a sprite of up to 100 small pictures, for the time line of players
  thumbnails.vtt     a WebVTT track with the part of the sprite for each time (#xywh)

Of an MP4 file only the index and the needed frames are fetched, if the source serves parts of the file.`

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
