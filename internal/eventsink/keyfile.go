// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package eventsink

import (
	"errors"
	"fmt"

	"github.com/meetingops/meeting-recording-operator/internal/signing"
	"github.com/meetingops/meeting-recording-operator/internal/watchedfile"
)

// maxKeyFileBytes bounds the file of signing keys.
const maxKeyFileBytes = 64 << 10

// keyFile is read again for each event, so that a key can be replaced without a restart. It is some hundred bytes in the page cache.
type keyFile struct {
	file *watchedfile.File[signing.Keys]
}

func openKeyFile(options Options) (*keyFile, error) {
	if options.KeyFile == "" {
		return nil, errors.New("events are signed: set --cloudevents-signing-key-file")
	}
	parse := func(files []watchedfile.Content) (signing.Keys, error) { return signing.Parse(string(files[0].Data)) }
	file, err := watchedfile.Open(parse, watchedfile.Options{MaxBytes: maxKeyFileBytes, Now: options.Now, OnError: options.OnKeyError}, options.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("--cloudevents-signing-key-file: %w", err)
	}
	return &keyFile{file}, nil
}

// current returns the keys in the file, or the last good ones while it cannot be used.
func (f *keyFile) current() signing.Keys {
	_ = f.file.Refresh() // OnKeyError is called for a failure
	return f.file.Get()
}
