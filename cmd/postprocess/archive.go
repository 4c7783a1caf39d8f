// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/meetingops/meeting-recording-operator/internal/archive"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/progress"
)

const archiveLong = `Copy a recorded file to a bucket, and write its URL, size and SHA-256 to the container's termination message.

The source is RECORDING_FILE_URL, which the operator sets. Only allowed hosts at public addresses may be fetched. An interrupted download
is resumed, and size and digest are compared with what the source announced. The file gets its final name only when it is complete.
A JSON document beside it describes the recording. If the bucket has the same file, nothing is copied.

Destinations:
  file:///folder          a folder, such as a volume
  s3://bucket             Amazon S3, with AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the Pod's role;
                          for another S3 server add ?endpoint=https://host&use_path_style=true&region=us-east-1
  gs://bucket             Google Cloud Storage, with GOOGLE_APPLICATION_CREDENTIALS or workload identity
  azblob://container      Azure Blob Storage, with AZURE_STORAGE_ACCOUNT, and AZURE_STORAGE_KEY or workload identity
Each accepts ?prefix=folder/ for all names.

If a recording has no URL, it is in your own bucket: set --source-bucket, with the same kinds of URL.
For an encrypted recording, the key and the metadata are stored beside the file, as the outputs encryption-key and encryption-metadata.

Exit codes: 0 done; 64 wrong use; 65 not a recording; 66 no such file; 76, 77 refused; 78 bucket or credentials missing;
69, 74 and 75 retryable.`

const archiveExample = `  # as a step of a RecordingPipeline, with a volume at /recordings
  postprocess archive --destination=file:///recordings

  # to an S3 server other than Amazon's
  postprocess archive --destination='s3://recordings?endpoint=https://minio.example.com&use_path_style=true&region=us-east-1'

  # on a workstation
  postprocess archive --source-url=https://cdn.videosdk.live/a.mp4 --destination=file://./ --object-name='{{.FileName}}'`

// archiveOptions are the flags of `postprocess archive`.
type archiveOptions struct {
	source         sourceFlags
	destination    destinationFlags
	metadataSuffix string
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
			made, err := runArchive(cmd.Context(), p, opts)
			if err != nil {
				return err
			}
			return report(p, *terminationLog, "the file is archived", outputs.Message{Outputs: made})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	opts.destination.add(flags, archive.DefaultObjectName)
	flags.StringVar(&opts.metadataSuffix, "metadata-suffix", ".json",
		"suffix of the JSON document's name; empty: write no document, and copy every time")
	opts.source.add(flags)
	addTerminationLogFlag(flags, terminationLog)
	return cmd
}

// runArchive checks everything that can be checked without the network first.
func runArchive(ctx context.Context, p process, opts archiveOptions) ([]outputs.Output, error) {
	console := progress.New(p.stderr)
	file, err := opts.source.open(ctx, p, console.Logger())
	if err != nil {
		return nil, err
	}
	defer file.close()
	object, err := opts.destination.object(p, file.url)
	if err != nil {
		return nil, err
	}
	destination, err := opts.destination.open(ctx, p)
	if err != nil {
		return nil, err
	}
	defer func() { _ = destination.Close() }() // what was written is safe already
	destination.LimitBytes(int64(opts.source.maxBytes))
	copying := copyProgress{console: console}
	defer copying.end()
	archiver := archive.Archiver{
		Source: file.client, Destination: destination, Log: console.Logger(), Progress: copying.set, Program: userAgent(),
	}
	request := archive.Request{SourceURL: file.url, SourceName: file.name, Object: object, Recording: recording(p, file.url)}
	encryption, err := opts.source.encryption(p, console.Logger(), object)
	if err != nil {
		return nil, err
	}
	request.Attachments = encryption
	if opts.metadataSuffix != "" {
		request.MetadataObject = object + opts.metadataSuffix
	}
	return archiver.Archive(ctx, request)
}

// copyProgress is the task of copying, which begins once the size is known, and again when another attempt finds another size.
type copyProgress struct {
	console *progress.Console
	task    *progress.Task
	total   int64
}

func (c *copyProgress) set(done, total int64) {
	if c.task == nil || c.total != total {
		c.end()
		c.task, c.total = c.console.Start("archiving", progress.Bytes, total), total
	}
	c.task.Set(done)
}

func (c *copyProgress) end() { c.task.End() }
