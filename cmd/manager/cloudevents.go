// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/meetingops/meeting-recording-operator/controllers/delivery"
	"github.com/meetingops/meeting-recording-operator/internal/eventsink"
	"github.com/meetingops/meeting-recording-operator/internal/version"
)

// cloudEvents are the flags of the delivery of CloudEvents. Without a URL there is none.
type cloudEvents struct {
	url, keyFile, mode  string
	insecure            bool
	timeout, maxBackoff time.Duration
}

func (c *cloudEvents) bind(set *flag.FlagSet) {
	set.StringVar(&c.url, "cloudevents-sink-url", "",
		"URL to deliver CloudEvents to, such as https://events.example.com/recordings.")
	set.StringVar(&c.keyFile, "cloudevents-signing-key-file", "",
		"File with the signing key of CloudEvents (Standard Webhooks): whsec_ and 24 to 64 bytes in base64; two keys during a rotation.")
	set.StringVar(&c.mode, "cloudevents-mode", string(eventsink.Structured),
		"CloudEvents mode: structured (all in the signed body) or binary (attributes in unsigned headers).")
	set.BoolVar(&c.insecure, "insecure-cloudevents-sink", false,
		"Allow an http --cloudevents-sink-url beyond this host. Events can then be read in transit.")
	set.DurationVar(&c.timeout, "cloudevents-timeout", 10*time.Second, "Time for one attempt to deliver an event.")
	set.DurationVar(&c.maxBackoff, "cloudevents-max-backoff", delivery.DefaultOptions.MaxBackoff,
		"Longest wait before the next attempt; a sink's Retry-After can extend it up to 1h.")
}

// check returns what is wrong with the flags among themselves, and how to fix it.
func (c *cloudEvents) check() error {
	switch {
	case c.url == "" && (c.keyFile != "" || c.insecure):
		return errors.New("--cloudevents-signing-key-file and --insecure-cloudevents-sink need --cloudevents-sink-url")
	case c.maxBackoff < time.Second:
		return fmt.Errorf("--cloudevents-max-backoff must be at least 1s; it is %s", c.maxBackoff)
	}
	return nil
}

// delivery returns the options that the flags set.
func (c *cloudEvents) delivery() (delivery.Options, error) {
	if c.url == "" {
		return delivery.Options{}, nil
	}
	sink, err := eventsink.New(eventsink.Options{
		URL: c.url, KeyFile: c.keyFile, Mode: eventsink.Mode(c.mode), AllowHTTP: c.insecure, Timeout: c.timeout,
		UserAgent:  "meeting-recording-manager/" + version.String(),
		OnKeyError: func(err error) { ctrl.Log.WithName("cloudevents").Error(err, "Signing key not reloaded") },
	})
	if err != nil {
		return delivery.Options{}, err
	}
	options := delivery.DefaultOptions
	options.Sink, options.MaxBackoff = sink, c.maxBackoff
	return options, nil
}
