// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package input

import (
	"io"

	"github.com/meetingops/meeting-recording-operator/internal/source"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// sniff returns an ExitError (DataErr) for a file whose beginning shows that it is no recording. ffmpeg would refuse these
// too, but cannot say why.
func sniff(r Reader) error {
	head := make([]byte, min(source.HeadBytes, r.Size()))
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, int64(len(head))), head); err != nil {
		return sysexits.New(sysexits.IOErr, err, "cannot read the file")
	}
	if what := source.NotMedia(head); what != "" {
		return sysexits.New(sysexits.DataErr, nil, "source is %s, not a recording: check that its URL is the file's", what)
	}
	return nil
}
