// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/meetingops/meeting-recording-operator/internal/media"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
)

const probeLong = `Report what a recording is: duration, container, codecs, resolution, bit rate and frame rate, as values for the conditions
of later steps, and as a JSON report if there is a destination.

--analyze=full fetches and decodes the whole recording, for its loudness (EBU R 128) and its silent or black share.
Otherwise only the needed parts are fetched, if the source serves parts of the file: for MP4 files, the index and the
beginning.

A truncated or empty recording, and any other file, is an error (exit code 65).`

const probeExample = `  # as a step of a RecordingPipeline
  postprocess probe --analyze=full --destination=file:///recordings

  # on a workstation: prints the values
  postprocess probe --source-file=a.mp4`

func newProbeCommand(p process, terminationLog *string) *cobra.Command {
	opts := newMediaOptions()
	opts.usesSound = true
	opts.destinationOptional = true
	var analyze string
	cmd := &cobra.Command{Use: "probe", Short: "Report what a recording is, and whether it is complete", Long: probeLong, Example: probeExample}
	cmd.Flags().StringVar(&analyze, "analyze", "headers", "headers: what the container says; full: loudness, silence and black too")
	return mediaCommand(p, terminationLog, opts, cmd, func(ctx context.Context, step media.Step) (outputs.Message, error) {
		if err := oneOf("analyze", analyze, "headers", "full"); err != nil {
			return outputs.Message{}, err
		}
		return step.Probe(ctx, analyze == "full")
	})
}
