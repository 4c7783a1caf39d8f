// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/shard"
	"github.com/meetingops/meeting-recording-operator/internal/startup"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk/rest"
)

// minInterval is the shortest --interval.
const minInterval = time.Second

type options struct {
	namespace              string
	keyFile, secretFile    string
	apiURL                 string
	interval, lookback     time.Duration
	grace                  time.Duration
	windows                lifecycle.Windows
	ignoreIDs              bool
	writeTimeout           time.Duration
	once, dryRun           bool
	shard                  string
	shards                 []string
	healthAddress, metrics string
	server                 startup.Options
}

func parseOptions(args []string, output io.Writer) (options, error) {
	var o options
	err := o.server.Parse("backfill", args, output, o.bind, o.validate)
	return o, err
}

func (o *options) bind(flags *flag.FlagSet) {
	flags.StringVar(&o.namespace, "namespace", "", "Namespace of the MeetingRecordings. Default: $POD_NAMESPACE, else the namespace of the Pod's service account.")
	flags.StringVar(&o.keyFile, "api-key-file", "", "File with the provider's API key; reloaded on change. Required.")
	flags.StringVar(&o.secretFile, "api-secret-file", "", "File with the secret of the API key; reloaded on change. Required.")
	flags.StringVar(&o.apiURL, "api-url", rest.DefaultURL, "Base URL of the provider's REST API.")
	flags.DurationVar(&o.interval, "interval", 5*time.Minute, "Time between two rounds.")
	flags.DurationVar(&o.lookback, "lookback", 48*time.Hour, "Time for which sessions are listed, counted from their start.")
	flags.DurationVar(&o.grace, "grace", 10*time.Minute, "Time for a recording's webhook to arrive before backfill records its file.")
	flags.DurationVar(&o.windows.Reorder, "reorder-window", time.Minute, "Reorder window of the sidecar.")
	flags.DurationVar(&o.windows.Redelivery, "redelivery-window", 10*time.Second, "Redelivery window of the sidecar.")
	flags.Func("recording-ids", "Use of the recordings' ids: auto (default) or ignore, as in the sidecar.", func(value string) (err error) {
		o.ignoreIDs, err = lifecycle.ParseRecordingIDs(value)
		return err
	})
	flags.DurationVar(&o.writeTimeout, "write-timeout", 10*time.Second, "Time for the API server to store a recording.")
	flags.BoolVar(&o.once, "once", false, "Do one round and exit, with 1 if the round is incomplete.")
	flags.BoolVar(&o.dryRun, "dry-run", false, "Print what one round would record, write nothing, and exit.")
	flags.StringVar(&o.shard, "shard", "", "Name of this cluster among --shards: only its sessions are recorded.")
	flags.Func("shards", "Names of all shards, as in the sidecars' --shard, separated by commas.", func(value string) error {
		o.shards = strings.Split(value, ",")
		return shard.Check(o.shards)
	})
	flags.StringVar(&o.healthAddress, "health-probe-bind-address", ":8087", "Address of /healthz and /readyz; 0 for none.")
	flags.StringVar(&o.metrics, "metrics-bind-address", ":8446", "Address of /metrics, over HTTPS for clients with RBAC for nonResourceURLs /metrics; 0 for none.")
}

// validate checks the flags, and finds the namespace.
func (o *options) validate() (err error) {
	switch {
	case o.keyFile == "" || o.secretFile == "":
		return errors.New("--api-key-file and --api-secret-file are required: they hold the API key of the provider's dashboard and its secret")
	case o.interval < minInterval:
		return fmt.Errorf("--interval must be at least %s", minInterval)
	case o.grace < 0:
		return errors.New("--grace must not be negative")
	case o.lookback <= o.grace:
		return fmt.Errorf("--lookback must be longer than --grace (%s): nothing would ever be recorded", o.grace)
	case !o.once && !o.dryRun && o.lookback-o.grace <= o.interval:
		return fmt.Errorf("--lookback must be longer than --interval and --grace together (%s): sessions between two rounds would never be listed", o.interval+o.grace)
	case o.windows.Reorder < 0 || o.windows.Redelivery < 0:
		return errors.New("--reorder-window and --redelivery-window must not be negative")
	case o.writeTimeout < 100*time.Millisecond || o.writeTimeout > time.Minute:
		return errors.New("--write-timeout must be from 100ms to 1m")
	case (o.shard != "" || len(o.shards) > 0) && !slices.Contains(o.shards, o.shard):
		return fmt.Errorf("--shard=%s is not one of --shards=%s: set --shard to this cluster's name, and --shards to all names", o.shard, strings.Join(o.shards, ","))
	}
	o.namespace, err = startup.Namespace(o.namespace)
	return err
}
