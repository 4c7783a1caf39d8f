// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"mime"
	"path"
	"slices"
	"strings"
)

const unknownMediaType = "application/octet-stream"

// byExtension has what recordings come as. The system's own table is not asked: an image without one would answer
// otherwise than a workstation.
var byExtension = map[string]string{
	".mp4":  "video/mp4",
	".m4v":  "video/mp4",
	".webm": "video/webm",
	".mkv":  "video/x-matroska",
	".mov":  "video/quicktime",
	".ts":   "video/mp2t",
	".avi":  "video/x-msvideo",
	".flv":  "video/x-flv",
	".mp3":  "audio/mpeg",
	".m4a":  "audio/mp4",
	".aac":  "audio/aac",
	".flac": "audio/flac",
	".ogg":  "audio/ogg",
	".opus": "audio/ogg",
	".wav":  "audio/wav",
}

// allowed are the media types that are stored as the source says them. No other is: a browser that opens the stored object
// would run a page or a picture with scripts in the bucket's name.
var allowed = []string{
	"video/mp4", "video/webm", "video/x-matroska", "video/matroska", "video/quicktime", "video/mp2t", "video/mpeg", "video/ogg", "video/x-msvideo",
	"video/x-flv", "video/3gpp", "audio/mpeg", "audio/mp4", "audio/x-m4a", "audio/aac", "audio/flac", "audio/ogg", "audio/opus", "audio/wav",
	"audio/x-wav", "audio/webm", "audio/x-matroska", "application/ogg", "application/mp4",
}

// mediaType returns a file's media type without parameters: what the source says if that is a recording's, else what the
// file's extension says, else application/octet-stream.
func mediaType(contentType, fileName string) string {
	announced, _, err := mime.ParseMediaType(contentType)
	if err == nil && slices.Contains(allowed, announced) {
		return announced
	}
	if known, ok := byExtension[strings.ToLower(path.Ext(fileName))]; ok {
		return known
	}
	return unknownMediaType
}
