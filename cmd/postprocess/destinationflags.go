// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"

	"github.com/spf13/pflag"

	"github.com/meetingops/meeting-recording-operator/internal/archive"
)

// destinationFlags are the flags of every subcommand that writes to a bucket.
type destinationFlags struct {
	url        string
	objectName string
}

// add adds the flags; objectName is the default of --object-name.
func (d *destinationFlags) add(f *pflag.FlagSet, objectName string) {
	f.StringVar(&d.url, "destination", "",
		"the bucket to write to, such as s3://recordings or file:///recordings (default: $ARCHIVE_DESTINATION)")
	f.StringVar(&d.objectName, "object-name", objectName,
		"template of the name in the bucket, over .Name .Namespace .MeetingID .SessionID .Segment .State .FileName")
}

// object returns the object's name for a recording whose file is at sourceURL. It returns an ExitError (Usage).
func (d *destinationFlags) object(p process, sourceURL string) (string, error) {
	name, err := archive.ParseObjectName(d.objectName)
	if err != nil {
		return "", err
	}
	return name.For(recording(p, sourceURL))
}

// open opens the bucket. It returns the ExitErrors of archive.OpenDestination.
func (d *destinationFlags) open(ctx context.Context, p process) (*archive.Destination, error) {
	return archive.OpenDestination(ctx, cmp.Or(d.url, p.getenv("ARCHIVE_DESTINATION")))
}

// recording is what the operator says about the recording in the environment.
func recording(p process, sourceURL string) archive.Recording {
	return archive.Recording{
		Name:      p.getenv("RECORDING_NAME"),
		Namespace: p.getenv("RECORDING_NAMESPACE"),
		MeetingID: p.getenv("RECORDING_MEETING_ID"),
		SessionID: p.getenv("RECORDING_SESSION_ID"),
		Segment:   p.getenv("RECORDING_SEGMENT"),
		State:     p.getenv("RECORDING_STATE"),
		FileName:  archive.FileName(p.getenv("RECORDING_FILE_PATH"), sourceURL),
	}
}
