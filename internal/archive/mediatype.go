// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"mime"
	"path"
	"strings"

	"github.com/meetingops/meeting-recording-operator/internal/outputs"
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
	".m3u8": "application/vnd.apple.mpegurl",
	".mp3":  "audio/mpeg",
	".m4a":  "audio/mp4",
	".ogg":  "audio/ogg",
	".opus": "audio/ogg",
	".wav":  "audio/wav",
	".jpg":  "image/jpeg",
	".png":  "image/png",
	".vtt":  "text/vtt",
	".json": "application/json",
	".zip":  "application/zip",
}

// mediaType returns a file's media type without parameters: what the source says unless that says nothing, else what
// the file's extension says, else application/octet-stream.
func mediaType(contentType, fileName string) string {
	told, _, err := mime.ParseMediaType(contentType)
	if err == nil && strings.Contains(told, "/") && len(told) <= outputs.MaxMediaTypeBytes &&
		told != unknownMediaType && told != "binary/octet-stream" {
		return told
	}
	if known, ok := byExtension[strings.ToLower(path.Ext(fileName))]; ok {
		return known
	}
	return unknownMediaType
}
