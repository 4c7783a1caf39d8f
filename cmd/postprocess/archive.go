// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"log/slog"
	"net/url"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/net/http/httpproxy"

	"github.com/meetingops/meeting-recording-operator/internal/archive"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/source"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
	"github.com/meetingops/meeting-recording-operator/internal/version"
)

const archiveLong = `Copy a recorded file to a bucket, and tell where it is, its size and SHA-256 by the container's termination message.

The file is taken from RECORDING_FILE_URL, which the operator sets, and only from allowed hosts at public addresses.
It appears under its final name complete or not at all.`

const archiveExample = `  # as a step of a RecordingPipeline, with a volume at /recordings
  postprocess archive --destination=file:///recordings

  # on a workstation
  postprocess archive --source-url=https://cdn.videosdk.live/a.mp4 --destination=file://./ --object-name='{{.FileName}}'`

// archiveOptions are the flags of `postprocess archive`.
type archiveOptions struct {
	sourceURL    string
	destination  string
	objectName   string
	allowedHosts []string
	maxBytes     byteSize
	proxyFromEnv bool
	source       source.Options
}

func newArchiveCommand(p process, terminationLog *string) *cobra.Command {
	opts := archiveOptions{source: source.Defaults()}
	opts.maxBytes = byteSize(opts.source.MaxBytes)
	cmd := &cobra.Command{
		Use:     "archive",
		Short:   "Copy a recorded file to a bucket",
		Long:    archiveLong,
		Example: archiveExample,
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			output, err := runArchive(cmd.Context(), p, opts)
			if err != nil {
				return err
			}
			sink := outputs.Sink{Path: *terminationLog, Stdout: p.stdout}
			if err := sink.Write(outputs.Message{Outputs: []outputs.Output{output}}); err != nil {
				return sysexits.New(sysexits.IOErr, err, "the file is archived, but that cannot be told")
			}
			return nil
		},
	}
	opts.addFlags(cmd.Flags())
	cmd.Flags().StringVar(terminationLog, "termination-log", *terminationLog,
		"the file that tells the outcome; when it does not exist, outputs are printed")
	return cmd
}

func (o *archiveOptions) addFlags(f *pflag.FlagSet) {
	f.SortFlags = false
	f.StringVar(&o.sourceURL, "source-url", "", "the recorded file's URL (default: RECORDING_FILE_URL of the environment)")
	f.StringVar(&o.destination, "destination", "",
		"the bucket to copy to, such as file:///recordings (default: ARCHIVE_DESTINATION of the environment)")
	f.StringVar(&o.objectName, "object-name", archive.DefaultObjectName,
		"template of the name in the bucket, over .Name .Namespace .MeetingID .SessionID .Segment .State .FileName")
	f.StringArrayVar(&o.allowedHosts, "allowed-host", nil,
		"host that files may come from, beside *.videosdk.live: host, *.host or host:port (repeatable)")
	f.BoolVar(&o.source.AllowHTTP, "allow-http", false, "allow http URLs (unsafe)")
	f.BoolVar(&o.source.AllowPrivateAddresses, "allow-private-addresses", false,
		"allow loopback, private and other addresses that are not public (unsafe)")
	f.BoolVar(&o.proxyFromEnv, "proxy-from-environment", false,
		"use HTTPS_PROXY, HTTP_PROXY and NO_PROXY; addresses behind a proxy are not judged")

	f.Var(&o.maxBytes, "max-bytes", "largest file that is taken, in bytes or with a suffix such as 20Gi or 500M")
	f.IntVar(&o.source.Retries, "retries", o.source.Retries, "how often a failed attempt is repeated, from the file's beginning")
	f.DurationVar(&o.source.Timeout, "timeout", o.source.Timeout, "time for all of it, retries included")
	f.DurationVar(&o.source.ConnectTimeout, "connect-timeout", o.source.ConnectTimeout, "time to connect, and again for TLS")
	f.DurationVar(&o.source.ResponseHeaderTimeout, "response-header-timeout", o.source.ResponseHeaderTimeout,
		"time for the source to begin its answer")
	f.DurationVar(&o.source.StallTimeout, "stall-timeout", o.source.StallTimeout, "time for the source to send the next byte")
}

// runArchive checks everything that can be checked without the network first.
func runArchive(ctx context.Context, p process, opts archiveOptions) (outputs.Output, error) {
	log := newLogger(p.stderr)
	sourceURL := cmp.Or(opts.sourceURL, p.getenv("RECORDING_FILE_URL"))
	if sourceURL == "" {
		return outputs.Output{}, sysexits.New(sysexits.Usage, nil,
			"no source: RECORDING_FILE_URL is not set, nor --source-url; did the recording end without a file?")
	}
	sourceOptions, err := opts.sourceOptions(p, log)
	if err != nil {
		return outputs.Output{}, err
	}
	object, err := opts.object(p, sourceURL)
	if err != nil {
		return outputs.Output{}, err
	}
	destination, err := archive.OpenDestination(ctx, cmp.Or(opts.destination, p.getenv("ARCHIVE_DESTINATION")))
	if err != nil {
		return outputs.Output{}, err
	}
	defer func() { _ = destination.Close() }() // what was written is safe already
	client := source.New(sourceOptions)
	defer client.Close()
	archiver := archive.Archiver{Source: client, Destination: destination, Log: log}
	return archiver.Archive(ctx, archive.Request{SourceURL: sourceURL, Object: object})
}

func (o *archiveOptions) object(p process, sourceURL string) (string, error) {
	name, err := archive.ParseObjectName(o.objectName)
	if err != nil {
		return "", err
	}
	return name.For(archive.Recording{
		Name:      p.getenv("RECORDING_NAME"),
		Namespace: p.getenv("RECORDING_NAMESPACE"),
		MeetingID: p.getenv("RECORDING_MEETING_ID"),
		SessionID: p.getenv("RECORDING_SESSION_ID"),
		Segment:   p.getenv("RECORDING_SEGMENT"),
		State:     p.getenv("RECORDING_STATE"),
		FileName:  archive.FileName(p.getenv("RECORDING_FILE_PATH"), sourceURL),
	})
}

func (o *archiveOptions) sourceOptions(p process, log *slog.Logger) (source.Options, error) {
	opts := o.source
	opts.MaxBytes = int64(o.maxBytes)
	opts.Logger = log
	opts.UserAgent = "meeting-recording-operator-postprocess/" + version.String()
	for _, host := range o.allowedHosts {
		rule, err := source.ParseHostRule(host)
		if err != nil {
			return source.Options{}, sysexits.New(sysexits.Usage, nil, "--allowed-host: %v", err)
		}
		opts.Hosts = append(opts.Hosts, rule)
	}
	if opts.Retries < 0 {
		return source.Options{}, sysexits.New(sysexits.Usage, nil, "--retries must not be negative")
	}
	for flag, value := range map[string]time.Duration{
		"timeout": opts.Timeout, "connect-timeout": opts.ConnectTimeout,
		"response-header-timeout": opts.ResponseHeaderTimeout, "stall-timeout": opts.StallTimeout,
	} {
		if value <= 0 {
			return source.Options{}, sysexits.New(sysexits.Usage, nil, "--%s must be more than 0, such as 30s", flag)
		}
	}
	if o.proxyFromEnv {
		opts.Proxy = proxyFromEnv(p.getenv)
	}
	return opts, nil
}

// proxyFromEnv reads the variables that curl and Go programs do, of which the lower-case ones count first.
func proxyFromEnv(getenv func(string) string) func(*url.URL) (*url.URL, error) {
	either := func(upper, lower string) string { return cmp.Or(getenv(lower), getenv(upper)) }
	config := httpproxy.Config{
		HTTPProxy:  either("HTTP_PROXY", "http_proxy"),
		HTTPSProxy: either("HTTPS_PROXY", "https_proxy"),
		NoProxy:    either("NO_PROXY", "no_proxy"),
	}
	return config.ProxyFunc()
}
