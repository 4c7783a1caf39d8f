// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"path"
	"regexp"
	"strings"
)

// videoID is the base name that the provider gives to a file.
var videoID = regexp.MustCompile(`^[0-9a-fA-F]{24}$`)

// FileID returns what identifies a file, from any form of its path:
// the provider writes "/encoded/videos/ID.mp4" in webhooks and
// "uploads/videos/ID.mp4" over REST, where ID has 24 hexadecimal digits. Other
// paths identify a file as they are, except for a leading slash. An empty path
// identifies nothing.
func FileID(filePath string) string {
	name := path.Base(filePath)
	if id := strings.TrimSuffix(name, path.Ext(name)); videoID.MatchString(id) {
		return strings.ToLower(id)
	}
	return strings.TrimPrefix(filePath, "/")
}
