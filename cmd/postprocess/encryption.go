// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"log/slog"

	"github.com/meetingops/meeting-recording-operator/internal/archive"
	"github.com/meetingops/meeting-recording-operator/internal/source"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// The environment of an encrypted recording.
const (
	envEncryptionKeyURL      = "RECORDING_ENCRYPTION_KEY_URL"
	envEncryptionMetadataURL = "RECORDING_ENCRYPTION_METADATA_URL"
)

// maxAttachment bounds the key and the metadata of an encrypted recording: they have about a kilobyte.
const maxAttachment = 1 << 20

// refuseEncrypted returns an ExitError (DataErr) for a recording that cannot be decoded because it is encrypted.
func refuseEncrypted(p process) error {
	if p.getenv(envEncryptionKeyURL) == "" && p.getenv(envEncryptionMetadataURL) == "" {
		return nil
	}
	return sysexits.New(sysexits.DataErr, nil, "the recording is encrypted, so it cannot be decoded; archive it, and decrypt it with your private key")
}

// encryption returns what belongs to an encrypted recording, to be stored beside its object.
func (s *sourceFlags) encryption(p process, log *slog.Logger, object string) ([]archive.Attachment, error) {
	var attachments []archive.Attachment
	for _, part := range []struct{ variable, output, suffix string }{
		{envEncryptionKeyURL, "encryption-key", ".encryption-key"},
		{envEncryptionMetadataURL, "encryption-metadata", ".encryption-metadata"},
	} {
		if address := p.getenv(part.variable); address != "" {
			attachments = append(attachments, archive.Attachment{Output: part.output, SourceURL: address, Object: object + part.suffix})
		}
	}
	if len(attachments) == 0 {
		return nil, nil
	}
	client, err := s.client(p, log)
	if err != nil {
		return nil, err
	}
	opts := client.Options()
	opts.AnyContent, opts.MaxBytes, opts.Logger = true, maxAttachment, nil
	client = source.New(opts)
	for i := range attachments {
		attachments[i].Source = client
	}
	return attachments, nil
}
