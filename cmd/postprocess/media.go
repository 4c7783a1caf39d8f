// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"log/slog"
	"math"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/meetingops/meeting-recording-operator/internal/archive"
	"github.com/meetingops/meeting-recording-operator/internal/media"
	"github.com/meetingops/meeting-recording-operator/internal/media/ffmpeg"
	"github.com/meetingops/meeting-recording-operator/internal/media/input"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/progress"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// defaultObjectFolder is where a recording's media files go: beside the recorded file as `archive` names it, and never in
// its place, since a file name has no slash.
const defaultObjectFolder = "{{.MeetingID}}/{{.SessionID}}/{{.Segment}}/media"

// defaultMaxMemory does for a ladder of 4K; what is used of it is much less.
const defaultMaxMemory = 8 << 30

// mediaOptions are the flags that all media commands have.
type mediaOptions struct {
	source       sourceFlags
	sourceFile   string
	destination  string
	objectFolder string
	// sourceOutput is an output of an earlier step to take instead, of commands that can.
	sourceOutput string

	scratch         string
	ffmpeg, ffprobe string
	threads         int
	maxMemory       byteSize
	verbose         bool
	audioTracks     string

	// usesSound says that the command takes --audio-tracks.
	usesSound bool
	// destinationOptional says that the command can do without.
	destinationOptional bool
	// extraRoom is how much room files that are made need, in recordings.
	extraRoom float64
}

func newMediaOptions() *mediaOptions {
	opts := &mediaOptions{source: newSourceFlags(), maxMemory: defaultMaxMemory}
	opts.source.options.Timeout = 6 * time.Hour // of the whole step
	return opts
}

// mediaCommand makes a command of what is its own: its texts, and what it does with a step.
func mediaCommand(p process, terminationLog *string, opts *mediaOptions, cmd *cobra.Command,
	do func(context.Context, media.Step) (outputs.Message, error),
) *cobra.Command {
	cmd.Args = usageArgs(cobra.NoArgs)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		message, err := opts.run(cmd.Context(), p, do)
		if err != nil {
			return err
		}
		return report(p, *terminationLog, "the step is done", message)
	}
	cmd.Flags().SortFlags = false
	opts.addFlags(cmd.Flags())
	addTerminationLogFlag(cmd.Flags(), terminationLog)
	return cmd
}

func (o *mediaOptions) addFlags(f *pflag.FlagSet) {
	o.source.add(f)
	f.StringVar(&o.sourceFile, "source-file", "", "local file to read instead, such as one that an earlier step archived")
	f.StringVar(&o.destination, "destination", "",
		"the bucket to write to, such as s3://recordings or file:///recordings (default: $ARCHIVE_DESTINATION)")
	f.StringVar(&o.objectFolder, "object-folder", defaultObjectFolder,
		"template of the files' folder in the bucket, over .Name .Namespace .MeetingID .SessionID .Segment .State .FileName; . for none")
	f.StringVar(&o.scratch, "scratch-dir", "", "folder for temporary files (default: $TMPDIR, else /tmp)")
	f.StringVar(&o.ffmpeg, "ffmpeg", "ffmpeg", "the program ffmpeg")
	f.StringVar(&o.ffprobe, "ffprobe", "ffprobe", "the program ffprobe")
	f.IntVar(&o.threads, "threads", 0, "threads of each decoder, encoder and filter; 0: as many as CPUs")
	f.Var(&o.maxMemory, "max-memory", "address space that ffmpeg may use")
	f.BoolVar(&o.verbose, "verbose", false, "log ffmpeg's warnings too")
	if o.usesSound {
		f.StringVar(&o.audioTracks, "audio-tracks", "mix", "audio tracks to use: mix, first, or the number of one, from 1")
	}
}

// run checks everything that can be checked without the network first.
func (o *mediaOptions) run(ctx context.Context, p process, do func(context.Context, media.Step) (outputs.Message, error)) (outputs.Message, error) {
	if p.getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(math.MaxInt64) // pictures and indexes take more than what `archive` keeps to
	}
	console := progress.New(p.stderr)
	log := o.logger(console)
	if err := o.check(); err != nil {
		return outputs.Message{}, err
	}
	step := media.Step{
		Recording: input.Recording{Path: o.sourceFile, Extra: o.extraRoom},
		Scratch:   cmp.Or(o.scratch, p.getenv("TMPDIR"), "/tmp"), Log: log, Progress: console,
		Tools: ffmpeg.Tools{FFmpeg: o.ffmpeg, FFprobe: o.ffprobe, Threads: o.threads, MaxMemory: int64(o.maxMemory), Log: log},
	}
	if o.usesSound {
		var err error
		if step.Tracks, err = media.ParseAudioTracks(o.audioTracks); err != nil {
			return outputs.Message{}, sysexits.New(sysexits.Usage, err, "--audio-tracks=%s is not valid", o.audioTracks)
		}
	}
	if o.sourceFile == "" && o.sourceOutput == "" {
		if err := refuseEncrypted(p); err != nil {
			return outputs.Message{}, err
		}
		file, err := o.source.open(ctx, p, log)
		if err != nil {
			return outputs.Message{}, err
		}
		defer file.close()
		step.Recording.Client, step.Recording.URL = file.client, file.url
	}
	if err := o.openDestination(ctx, p, &step); err != nil {
		return outputs.Message{}, err
	}
	if step.Destination != nil {
		defer func() { _ = step.Destination.Close() }() // what was written is safe already
	}
	timeout := o.source.options.Timeout
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, sysexits.New(sysexits.Unavailable, nil,
		"the step was not done within %s; if it is only long, raise --timeout", timeout))
	defer cancel()
	return do(ctx, step)
}

func (o *mediaOptions) logger(console *progress.Console) *slog.Logger {
	level := slog.LevelInfo
	if o.verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(console, &slog.HandlerOptions{Level: level}))
}

func (o *mediaOptions) check() error {
	switch {
	case o.sourceFile != "" && o.source.url != "":
		return sysexits.New(sysexits.Usage, nil, "--source-url and --source-file are both given; give one")
	case o.sourceOutput != "" && o.sourceFile+o.source.url != "":
		return sysexits.New(sysexits.Usage, nil, "--source-output is given beside --source-url or --source-file; give one")
	case o.threads < 0:
		return sysexits.New(sysexits.Usage, nil, "--threads must not be negative")
	}
	return nil
}

// openDestination sets the step's destination and the folder in it.
func (o *mediaOptions) openDestination(ctx context.Context, p process, step *media.Step) error {
	destination := cmp.Or(o.destination, p.getenv("ARCHIVE_DESTINATION"))
	if destination == "" && o.destinationOptional {
		return nil
	}
	folder, err := o.folder(p, cmp.Or(o.sourceFile, step.Recording.URL))
	if err != nil {
		return err
	}
	step.Prefix = folder
	step.Destination, err = archive.OpenDestination(ctx, destination)
	return err
}

// folder returns the folder's name with a final slash, or nothing for ".".
func (o *mediaOptions) folder(p process, from string) (string, error) {
	if o.objectFolder == "." {
		return "", nil
	}
	template, err := archive.ParseObjectName(strings.TrimSuffix(o.objectFolder, "/"))
	var name string
	if err == nil {
		name, err = template.For(recording(p, from))
	}
	if err != nil {
		return "", sysexits.New(sysexits.Usage, nil, "%s", strings.ReplaceAll(err.Error(), "--object-name", "--object-folder"))
	}
	return name + "/", nil
}

// oneOf returns an ExitError (Usage) for a flag's value that is not one of the choices.
func oneOf(flag, value string, choices ...string) error {
	if slices.Contains(choices, value) {
		return nil
	}
	return sysexits.New(sysexits.Usage, nil, "--%s=%s is not one of %s", flag, value, strings.Join(choices, ", "))
}
