// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"net/url"

	"github.com/meetingops/meeting-recording-operator/internal/receiver"
)

// clientShare is the share of --max-in-flight, as a divisor, that the clients of
// one namespace may take.
const clientShare = 4

// clientOptions are of events that apps forward; without a token none are taken.
type clientOptions struct {
	tokenFile string
	origins   stringList
	rate      float64
}

func (o *clientOptions) bind(flags *flag.FlagSet) {
	flags.StringVar(&o.tokenFile, "client-token-file", "", "File with one or two tokens, one a line, by which apps send client events to "+receiver.ClientEventsPath+" (Authorization: Bearer); read again when it changes. Without it there is no such path.")
	flags.Var(&o.origins, "client-allowed-origin", "Origin of web pages that may send client events, such as https://app.example.com. May be repeated. Who can read the page has the token.")
	flags.Float64Var(&o.rate, "client-rate-limit", 50, "Client events a second of each namespace, in bursts of twice as many; further ones are answered 429. They take nothing from --rate-limit. 0: no limit.")
}

func (o *clientOptions) validate() error {
	if math.IsNaN(o.rate) || o.rate < 0 || o.rate > 1e6 {
		return errors.New("--client-rate-limit must be from 0 to 1000000 a second; 0 is no limit")
	}
	for _, origin := range o.origins {
		parsed, err := url.Parse(origin)
		if err != nil || parsed.Host == "" || (parsed.Scheme != "https" && parsed.Scheme != "http") || parsed.Scheme+"://"+parsed.Host != origin {
			return fmt.Errorf("--client-allowed-origin must be a scheme, a host and a port where it is not the usual one, such as https://app.example.com, and not %q", origin)
		}
	}
	return nil
}
