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
	"github.com/meetingops/meeting-recording-operator/internal/source"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
	"github.com/meetingops/meeting-recording-operator/internal/version"
)

// defaultObjectFolder is where a recording's media files go: beside the recorded file as `archive` names it, and never in
// its place, since a file name has no slash.
const defaultObjectFolder = "{{.MeetingID}}/{{.SessionID}}/{{.Segment}}/media"

// mediaOptions are the flags that all media commands have.
type mediaOptions struct {
	sourceURL, sourceFile string
	destination           string
	objectFolder          string
	allowedHosts          []string
	maxBytes              byteSize
	proxyFromEnv          bool
	source                source.Options

	scratch         string
	ffmpeg, ffprobe string
	threads         int
	maxMemory       byteSize
	timeout         time.Duration
	verbose         bool

	// destinationOptional says that the command can do without.
	destinationOptional bool
	// extraRoom is how much room files that are made need, in recordings.
	extraRoom float64
}

func newMediaOptions() *mediaOptions {
	opts := &mediaOptions{source: source.Defaults(), timeout: 6 * time.Hour}
	opts.maxBytes = byteSize(opts.source.MaxBytes)
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
		if err := (outputs.Sink{Path: *terminationLog, Stdout: p.stdout}).Write(message); err != nil {
			return sysexits.New(sysexits.IOErr, err, "the step is done, but its outcome cannot be told")
		}
		return nil
	}
	cmd.Flags().SortFlags = false
	opts.addFlags(cmd.Flags())
	cmd.Flags().StringVar(terminationLog, "termination-log", *terminationLog,
		"the file that tells the outcome; when it does not exist, outputs are printed")
	return cmd
}

func (o *mediaOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.sourceURL, "source-url", "", "the recorded file's URL (default: RECORDING_FILE_URL of the environment)")
	f.StringVar(&o.sourceFile, "source-file", "", "a local file to take instead, such as one that an earlier step archived")
	f.StringVar(&o.destination, "destination", "",
		"the bucket to write to, such as file:///recordings (default: ARCHIVE_DESTINATION of the environment)")
	f.StringVar(&o.objectFolder, "object-folder", defaultObjectFolder,
		"template of the files' folder in the bucket, over .Name .Namespace .MeetingID .SessionID .Segment .State .FileName; . for none")
	f.StringArrayVar(&o.allowedHosts, "allowed-host", nil,
		"host that files may come from, beside *.videosdk.live: host, *.host or host:port (repeatable)")
	f.BoolVar(&o.source.AllowHTTP, "allow-http", false, "allow http URLs (unsafe)")
	f.BoolVar(&o.source.AllowPrivateAddresses, "allow-private-addresses", false,
		"allow loopback, private and other addresses that are not public (unsafe)")
	f.BoolVar(&o.proxyFromEnv, "proxy-from-environment", false,
		"use HTTPS_PROXY, HTTP_PROXY and NO_PROXY; addresses behind a proxy are not judged")
	f.Var(&o.maxBytes, "max-bytes", "largest file that is taken, in bytes or with a suffix such as 20Gi or 500M")
	f.IntVar(&o.source.Retries, "retries", o.source.Retries, "how often a failed request is repeated")
	f.DurationVar(&o.timeout, "timeout", o.timeout, "time for all of it")
	f.DurationVar(&o.source.ConnectTimeout, "connect-timeout", o.source.ConnectTimeout, "time to connect, and again for TLS")
	f.DurationVar(&o.source.ResponseHeaderTimeout, "response-header-timeout", o.source.ResponseHeaderTimeout,
		"time for the source to begin its answer")
	f.DurationVar(&o.source.StallTimeout, "stall-timeout", o.source.StallTimeout, "time for the source to send the next byte")

	f.StringVar(&o.scratch, "scratch-dir", "", "folder for temporary files (default: TMPDIR of the environment, else /tmp)")
	f.StringVar(&o.ffmpeg, "ffmpeg", "ffmpeg", "the program ffmpeg")
	f.StringVar(&o.ffprobe, "ffprobe", "ffprobe", "the program ffprobe")
	f.IntVar(&o.threads, "threads", 0, "threads of each decoder, encoder and filter; 0: as many as CPUs")
	f.Var(&o.maxMemory, "max-memory", "address space that ffmpeg may use, such as 2Gi; by default it is not bounded")
	f.BoolVar(&o.verbose, "verbose", false, "log ffmpeg's warnings too")
}

// run checks everything that can be checked without the network first.
func (o *mediaOptions) run(ctx context.Context, p process, do func(context.Context, media.Step) (outputs.Message, error)) (outputs.Message, error) {
	if p.getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(math.MaxInt64) // pictures and indexes take more than what `archive` keeps to
	}
	console := progress.New(p.stderr)
	log := o.logger(console)
	if err := o.check(p); err != nil {
		return outputs.Message{}, err
	}
	sourceOptions, err := o.sourceOptions(p, log)
	if err != nil {
		return outputs.Message{}, err
	}
	step := media.Step{
		Scratch: cmp.Or(o.scratch, p.getenv("TMPDIR"), "/tmp"), Log: log,
		Progress: console,
		Tools:    ffmpeg.Tools{FFmpeg: o.ffmpeg, FFprobe: o.ffprobe, Threads: o.threads, MaxMemory: int64(o.maxMemory), Log: log},
	}
	if err := o.openDestination(ctx, p, &step); err != nil {
		return outputs.Message{}, err
	}
	if step.Destination != nil {
		defer func() { _ = step.Destination.Close() }() // what was written is safe already
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.timeout, sysexits.New(sysexits.Unavailable, nil,
		"the step was not done within %s; if it is only long, raise --timeout", o.timeout))
	defer cancel()
	step.Recording = input.Recording{Path: o.sourceFile, Extra: o.extraRoom}
	if o.sourceFile == "" {
		client := source.New(sourceOptions)
		defer client.Close()
		step.Recording.URL, step.Recording.Client = o.url(p), client
	}
	return do(ctx, step)
}

func (o *mediaOptions) url(p process) string {
	return cmp.Or(o.sourceURL, p.getenv("RECORDING_FILE_URL"))
}

func (o *mediaOptions) logger(console *progress.Console) *slog.Logger {
	level := slog.LevelInfo
	if o.verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(console, &slog.HandlerOptions{Level: level}))
}

func (o *mediaOptions) check(p process) error {
	switch {
	case o.sourceFile != "" && o.sourceURL != "":
		return sysexits.New(sysexits.Usage, nil, "--source-url and --source-file are both given; give one")
	case o.sourceFile == "" && o.url(p) == "":
		return sysexits.New(sysexits.Usage, nil,
			"no source: RECORDING_FILE_URL is not set, nor --source-url or --source-file; did the recording end without a file?")
	case o.threads < 0:
		return sysexits.New(sysexits.Usage, nil, "--threads must not be negative")
	case o.source.Retries < 0:
		return sysexits.New(sysexits.Usage, nil, "--retries must not be negative")
	}
	for flag, value := range map[string]time.Duration{
		"timeout": o.timeout, "connect-timeout": o.source.ConnectTimeout,
		"response-header-timeout": o.source.ResponseHeaderTimeout, "stall-timeout": o.source.StallTimeout,
	} {
		if value <= 0 {
			return sysexits.New(sysexits.Usage, nil, "--%s must be more than 0, such as 30s", flag)
		}
	}
	return nil
}

// openDestination sets the step's destination and the folder in it.
func (o *mediaOptions) openDestination(ctx context.Context, p process, step *media.Step) error {
	destination := cmp.Or(o.destination, p.getenv("ARCHIVE_DESTINATION"))
	if destination == "" && o.destinationOptional {
		return nil
	}
	folder, err := o.folder(p)
	if err != nil {
		return err
	}
	step.Prefix = folder
	step.Destination, err = archive.OpenDestination(ctx, destination)
	return err
}

// folder returns the folder's name with a final slash, or nothing for ".".
func (o *mediaOptions) folder(p process) (string, error) {
	if o.objectFolder == "." {
		return "", nil
	}
	template, err := archive.ParseObjectName(strings.TrimSuffix(o.objectFolder, "/"))
	var name string
	if err == nil {
		name, err = template.For(archive.Recording{
			Name:      p.getenv("RECORDING_NAME"),
			Namespace: p.getenv("RECORDING_NAMESPACE"),
			MeetingID: p.getenv("RECORDING_MEETING_ID"),
			SessionID: p.getenv("RECORDING_SESSION_ID"),
			Segment:   p.getenv("RECORDING_SEGMENT"),
			State:     p.getenv("RECORDING_STATE"),
			FileName:  archive.FileName(p.getenv("RECORDING_FILE_PATH"), cmp.Or(o.sourceFile, o.url(p))),
		})
	}
	if err != nil {
		return "", sysexits.New(sysexits.Usage, nil, "%s", strings.ReplaceAll(err.Error(), "--object-name", "--object-folder"))
	}
	return name + "/", nil
}

func (o *mediaOptions) sourceOptions(p process, log *slog.Logger) (source.Options, error) {
	opts := o.source
	opts.MaxBytes, opts.Timeout, opts.Logger = int64(o.maxBytes), o.timeout, log
	opts.UserAgent = "meeting-recording-operator-postprocess/" + version.String()
	for _, host := range o.allowedHosts {
		rule, err := source.ParseHostRule(host)
		if err != nil {
			return source.Options{}, sysexits.New(sysexits.Usage, nil, "--allowed-host: %v", err)
		}
		opts.Hosts = append(opts.Hosts, rule)
	}
	if o.proxyFromEnv {
		opts.Proxy = proxyFromEnv(p.getenv)
	}
	return opts, nil
}

// oneOf returns an ExitError (Usage) for a flag's value that is not one of the choices.
func oneOf(flag, value string, choices ...string) error {
	if slices.Contains(choices, value) {
		return nil
	}
	return sysexits.New(sysexits.Usage, nil, "--%s=%s is not one of %s", flag, value, strings.Join(choices, ", "))
}
