// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command media measures the media steps beside plain ffmpeg commands that make the same, at the same time, on a generated
// recording. It compares CPU time of all processes: other work on the machine costs both alike. It fails when a target is
// missed.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

const (
	// maxSound and maxPicture are the most CPU time that a step takes, as a multiple of ffmpeg's.
	maxSound, maxPicture = 1.1, 1.05
	// maxRead is the largest share of an MP4 file that a probe fetches.
	maxRead = 0.1
	// maxMemory is the largest resident memory of our own process.
	maxMemory = 64 << 20
)

func main() {
	program := flag.String("program", "bin/postprocess", "the program to measure")
	seconds := flag.Int("seconds", 3600, "length of the recording")
	height := flag.Int("height", 360, "height of the recording's picture, 16:9")
	folder := flag.String("folder", "", "folder for the files (default: a temporary one)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	missed, err := run(ctx, *program, *folder, *seconds, *height)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-media:", err)
		os.Exit(1)
	}
	if missed > 0 {
		fmt.Fprintf(os.Stderr, "bench-media: %d targets are missed\n", missed)
		os.Exit(1)
	}
}

func run(ctx context.Context, program, folder string, seconds, height int) (missed int, err error) {
	folder, err = os.MkdirTemp(folder, "bench-media-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(folder) }() // temporary
	if program, err = filepath.Abs(program); err != nil {
		return 0, err
	}
	b := bench{program: program, folder: folder, width: height * 16 / 9 / 2 * 2, height: height, recording: filepath.Join(folder, "recording.mp4")}
	if err := b.generate(ctx, seconds); err != nil {
		return 0, err
	}
	fmt.Printf("a recording of %d s, %d by %d\n%-10s %14s %14s %8s %8s %12s\n", seconds, b.width, b.height, "step", "postprocess", "ffmpeg", "ratio", "target", "own memory") //nolint:forbidigo // the report
	for _, step := range b.steps() {
		ours, plain, err := b.both(ctx, step)
		if err != nil {
			return missed, fmt.Errorf("%s: %w", step.name, err)
		}
		ratio := ours.cpu.Seconds() / plain.Seconds()
		fmt.Printf("%-10s %14s %14s %8.3f %8.2f %8d MiB\n", step.name, ours.cpu.Round(time.Millisecond), plain.Round(time.Millisecond), ratio, step.target, ours.memory>>20) //nolint:forbidigo // the report
		if ratio > step.target {
			missed++
		}
		if ours.memory > maxMemory {
			missed++
		}
	}
	share, err := b.probe(ctx)
	if err != nil {
		return missed, fmt.Errorf("probe: %w", err)
	}
	fmt.Printf("probe fetches %.1f %% of the file, the target is %.0f %%\n", 100*share, 100*maxRead) //nolint:forbidigo // the report
	if share > maxRead {
		missed++
	}
	return missed, nil
}
