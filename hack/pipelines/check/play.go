// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/meetingops/meeting-recording-operator/internal/media/ffmpeg"
	"github.com/meetingops/meeting-recording-operator/internal/media/probe"
)

// play opens a file with ffprobe, decodes all of it with ffmpeg, and returns what it is.
func play(path string) (string, error) {
	tools := ffmpeg.Tools{FFmpeg: "ffmpeg", FFprobe: "ffprobe", Dir: os.TempDir()}
	text, err := tools.Probe(context.Background(), path)
	if err != nil {
		return "", err
	}
	info, err := probe.Parse(text)
	if err != nil {
		return "", err
	}
	args := append([]string{"-xerror"}, ffmpeg.Input(path)...)
	if err := tools.Run(context.Background(), ffmpeg.Command{Args: append(args, "-f", "null", "-")}); err != nil {
		return "", err
	}
	var parts []string
	if v := info.Video; v != nil {
		parts = append(parts, fmt.Sprintf("%s %d x %d", v.Codec, v.Width, v.Height))
	}
	if a := info.Audio; a != nil {
		parts = append(parts, fmt.Sprintf("%s %d Hz", a.Codec, a.SampleRate))
	}
	return fmt.Sprintf("%s, %.1f s", strings.Join(parts, " and "), info.Duration), nil
}
