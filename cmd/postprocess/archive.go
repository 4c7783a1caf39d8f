// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/meetingops/meeting-recording-operator/internal/archive"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
)

const archiveLong = `Copy a recorded file to a bucket, and tell where it is, its size and SHA-256 by the container's termination message.

The file is taken from RECORDING_FILE_URL, which the operator sets, and only from allowed hosts at public addresses.
It appears under its final name complete or not at all.`

const archiveExample = `  # as a step of a RecordingPipeline, with a volume at /recordings
  postprocess archive --destination=file:///recordings

  # on a workstation
  postprocess archive --source-url=https://cdn.videosdk.live/a.mp4 --destination=file://./ --object-name='{{.FileName}}'`

// archiveOptions are the flags of `postprocess archive`.
type archiveOptions struct {
	source      sourceFlags
	destination destinationFlags
}

func newArchiveCommand(p process, terminationLog *string) *cobra.Command {
	opts := archiveOptions{source: newSourceFlags()}
	cmd := &cobra.Command{
		Use:     "archive",
		Short:   "Copy a recorded file to a bucket",
		Long:    archiveLong,
		Example: archiveExample,
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			output, err := runArchive(cmd.Context(), p, opts)
			if err != nil {
				return err
			}
			return tell(p, *terminationLog, "the file is archived", outputs.Message{Outputs: []outputs.Output{output}})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	opts.destination.add(flags, archive.DefaultObjectName)
	opts.source.add(flags)
	addTerminationLogFlag(flags, terminationLog)
	return cmd
}

// runArchive checks everything that can be checked without the network first.
func runArchive(ctx context.Context, p process, opts archiveOptions) (outputs.Output, error) {
	log := newLogger(p.stderr)
	sourceURL, err := opts.source.sourceURL(p)
	if err != nil {
		return outputs.Output{}, err
	}
	client, err := opts.source.client(p, log)
	if err != nil {
		return outputs.Output{}, err
	}
	defer client.Close()
	object, err := opts.destination.object(p, sourceURL)
	if err != nil {
		return outputs.Output{}, err
	}
	destination, err := opts.destination.open(ctx, p)
	if err != nil {
		return outputs.Output{}, err
	}
	defer func() { _ = destination.Close() }() // what was written is safe already
	archiver := archive.Archiver{Source: client, Destination: destination, Log: log}
	return archiver.Archive(ctx, archive.Request{SourceURL: sourceURL, Object: object})
}
