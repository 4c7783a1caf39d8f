// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package version reports which build of the project is running.
package version

import "runtime/debug"

// version is set by the linker:
// -X github.com/meetingops/meeting-recording-operator/internal/version.version=v1.2.3
var version string

// String returns the version that the linker was given, else the one that the
// go command recorded (a tag or pseudo-version, "+dirty" where files were
// changed), else "unknown".
func String() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		return fromBuildInfo(info)
	}
	return "unknown"
}

func fromBuildInfo(info *debug.BuildInfo) string {
	if recorded := info.Main.Version; recorded != "" && recorded != "(devel)" {
		return recorded
	}
	var revision, dirty string
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.revision":
			revision = setting.Value
		case setting.Key == "vcs.modified" && setting.Value == "true":
			dirty = "+dirty"
		}
	}
	if revision == "" {
		return "unknown"
	}
	return revision + dirty
}
