// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"log/slog"
	"net/url"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/net/http/httpproxy"

	"github.com/meetingops/meeting-recording-operator/internal/source"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
	"github.com/meetingops/meeting-recording-operator/internal/version"
)

// sourceFlags are the flags of every subcommand that downloads the recorded file.
type sourceFlags struct {
	url          string
	bucket       string
	prefix       string
	allowedHosts []string
	maxBytes     byteSize
	proxyFromEnv bool
	options      source.Options
}

func newSourceFlags() sourceFlags {
	s := sourceFlags{options: source.Defaults()}
	s.maxBytes = byteSize(s.options.MaxBytes)
	return s
}

func (s *sourceFlags) add(f *pflag.FlagSet) {
	o := &s.options
	f.StringVar(&s.url, "source-url", "", "the recorded file's URL (default: $RECORDING_FILE_URL)")
	f.StringVar(&s.bucket, "source-bucket", "",
		"bucket to read RECORDING_FILE_PATH from if there is no URL, such as s3://recordings (default: $SOURCE_BUCKET)")
	f.StringVar(&s.prefix, "source-prefix", "",
		"folder in --source-bucket that files must be in (default: $SOURCE_PREFIX)")
	f.StringArrayVar(&s.allowedHosts, "allowed-host", nil,
		"host that files may come from, besides *.videosdk.live: host, *.host or host:port (repeatable)")
	f.BoolVar(&o.AllowHTTP, "allow-http", false, "allow http URLs (unsafe)")
	f.BoolVar(&o.AllowPrivateAddresses, "allow-private-addresses", false,
		"allow loopback, private and other addresses that are not public (unsafe)")
	f.BoolVar(&s.proxyFromEnv, "proxy-from-environment", false,
		"use HTTPS_PROXY, HTTP_PROXY and NO_PROXY; addresses behind a proxy are not checked")
	f.Var(&s.maxBytes, "max-bytes", "largest file to accept, in bytes or with a suffix such as 20Gi or 500M")
	f.IntVar(&o.Retries, "retries", o.Retries, "number of retries without progress")
	f.DurationVar(&o.Timeout, "timeout", o.Timeout, "total time, including retries")
	f.DurationVar(&o.ConnectTimeout, "connect-timeout", o.ConnectTimeout, "time to connect, and again for TLS")
	f.DurationVar(&o.ResponseHeaderTimeout, "response-header-timeout", o.ResponseHeaderTimeout,
		"time for the source to begin its response")
	f.DurationVar(&o.StallTimeout, "stall-timeout", o.StallTimeout, "time for the source to send the next byte")
}

// recordedFile is a file that a client can fetch.
type recordedFile struct {
	client *source.Client
	// url is what the client fetches, and name what people know the file by.
	url, name string
	close     func()
}

// open returns the recorded file: by its URL, or in the source bucket if it has none. It returns an ExitError.
func (s *sourceFlags) open(ctx context.Context, p process, log *slog.Logger) (recordedFile, error) {
	bucketURL := cmp.Or(s.bucket, p.getenv("SOURCE_BUCKET"))
	address := cmp.Or(s.url, p.getenv("RECORDING_FILE_URL"))
	if address == "" && bucketURL == "" {
		return recordedFile{}, sysexits.New(sysexits.Usage, nil,
			"no source: RECORDING_FILE_URL is not set, nor --source-url; the recording may have ended without a file. If it is in your own bucket, set --source-bucket")
	}
	client, err := s.client(p, log)
	if err != nil || address != "" {
		return recordedFile{client: client, url: address, name: address, close: func() { client.Close() }}, err
	}
	bucket, err := source.OpenBucket(ctx, bucketURL, cmp.Or(s.prefix, p.getenv("SOURCE_PREFIX")))
	if err != nil {
		return recordedFile{}, err
	}
	file := recordedFile{client: source.NewBucketClient(bucket, client.Options()), close: func() { _ = bucket.Close() }}
	if file.url, file.name, err = bucket.Locate(p.getenv("RECORDING_FILE_PATH")); err != nil {
		file.close()
	}
	return file, err
}

// client returns the guarded client that the flags describe. It returns an ExitError (Usage) for a flag that is wrong.
func (s *sourceFlags) client(p process, log *slog.Logger) (*source.Client, error) {
	opts := s.options
	opts.MaxBytes = int64(s.maxBytes)
	opts.Logger = log
	opts.UserAgent = userAgent()
	for _, host := range s.allowedHosts {
		rule, err := source.ParseHostRule(host)
		if err != nil {
			return nil, sysexits.New(sysexits.Usage, nil, "--allowed-host: %v", err)
		}
		opts.Hosts = append(opts.Hosts, rule)
	}
	if opts.Retries < 0 {
		return nil, sysexits.New(sysexits.Usage, nil, "--retries must not be negative")
	}
	for flag, value := range map[string]time.Duration{
		"timeout": opts.Timeout, "connect-timeout": opts.ConnectTimeout,
		"response-header-timeout": opts.ResponseHeaderTimeout, "stall-timeout": opts.StallTimeout,
	} {
		if value <= 0 {
			return nil, sysexits.New(sysexits.Usage, nil, "--%s must be more than 0, such as 30s", flag)
		}
	}
	if s.proxyFromEnv {
		opts.Proxy = proxyFromEnv(p.getenv)
	}
	return source.New(opts), nil
}

// userAgent is what we call ourselves to servers.
func userAgent() string { return "meeting-recording-operator-postprocess/" + version.String() }

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
