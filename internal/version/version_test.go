// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package version

import (
	"runtime/debug"
	"testing"
)

func TestFromBuildInfo(t *testing.T) {
	vcs := []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}}
	for _, tc := range []struct {
		name string
		info debug.BuildInfo
		want string
	}{
		{"tag", debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}, Settings: vcs}, "v1.2.3"},
		{"revision of a changed tree", debug.BuildInfo{Main: debug.Module{Version: "(devel)"}, Settings: vcs}, "abc+dirty"},
		{"revision", debug.BuildInfo{Settings: vcs[:1]}, "abc"},
		{"nothing", debug.BuildInfo{}, "unknown"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := fromBuildInfo(&tc.info); got != tc.want {
				t.Errorf("fromBuildInfo() = %q, want %q", got, tc.want)
			}
		})
	}
}

func TestStringPrefersTheLinker(t *testing.T) {
	version = "v9.9.9"
	defer func() { version = "" }()
	if got := String(); got != "v9.9.9" {
		t.Errorf("String() = %q, want v9.9.9", got)
	}
}

func TestStringIsNeverEmpty(t *testing.T) {
	if String() == "" {
		t.Error("String() is empty")
	}
}
