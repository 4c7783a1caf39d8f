// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/receiver"
	"github.com/meetingops/meeting-recording-operator/internal/startup"
	"github.com/meetingops/meeting-recording-operator/internal/tracing"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

// Limits of --write-timeout.
const (
	minWriteTimeout = 100 * time.Millisecond
	maxWriteTimeout = 30 * time.Second
)

// maxShutdownDelay is more than any Pod's terminationGracePeriodSeconds should
// leave to it.
const maxShutdownDelay = 5 * time.Minute

type options struct {
	namespace      string
	webhookAddress string
	healthAddress  string
	keyFiles       stringList
	keyURL         string
	tokenFile      string
	routesFile     string
	clients        clientOptions
	skipSignature  bool
	windows        lifecycle.Windows
	ignoreIDs      bool
	writeTimeout   time.Duration
	shutdownDelay  time.Duration
	metrics        metricsOptions
	overload       overloadOptions
	spool          spoolOptions
	shards         shardOptions
	tls            tlsOptions
	tracing        tracing.Options
	server         startup.Options
}

// stringList is a flag that may be repeated.
type stringList []string

func (l *stringList) String() string { return strings.Join(*l, ",") }

// Set adds a value.
func (l *stringList) Set(value string) error {
	if value == "" {
		return errors.New("is empty")
	}
	*l = append(*l, value)
	return nil
}

// parseOptions reads the command line. It prints errors, and the help for
// flag.ErrHelp, to output.
func parseOptions(args []string, output io.Writer) (options, error) {
	var o options
	err := o.server.Parse("sidecar", args, output, o.bind, o.validate)
	return o, err
}

func (o *options) bind(flags *flag.FlagSet) {
	flags.StringVar(&o.namespace, "namespace", "", "Namespace of the MeetingRecordings. Default: $POD_NAMESPACE, else the namespace of the Pod's service account.")
	flags.StringVar(&o.webhookAddress, "webhook-bind-address", ":8080", "Address of the webhooks and /healthz.")
	flags.StringVar(&o.healthAddress, "health-probe-bind-address", ":8081", "Address of /healthz and /readyz.")
	o.metrics.bind(flags)
	flags.Var(&o.keyFiles, "public-key-file", "PEM file with the provider's public keys; reloaded on change. May be repeated.")
	flags.StringVar(&o.keyURL, "public-key-url", "", "URL of the provider's public key; fetched every 10 minutes, and when no cached key verifies a signature.")
	flags.StringVar(&o.tokenFile, "endpoint-token-file", "", "File with one or two tokens, one a line, for /webhooks/videosdk/<token>; reloaded on change.")
	flags.StringVar(&o.routesFile, "routes-file", "", "YAML file with a route for each namespace; reloaded on change. Replaces --namespace, --endpoint-token-file and --client-token-file.")
	flags.BoolVar(&o.skipSignature, "insecure-skip-signature", false, "Skip signature verification. For testing only.")
	flags.DurationVar(&o.windows.Reorder, "reorder-window", time.Minute, "Time after a recording's end in which a missing event still belongs to it.")
	flags.DurationVar(&o.windows.Redelivery, "redelivery-window", 10*time.Second, "Time after an event in which the same event is a redelivery, once its recording has ended.")
	flags.Func("recording-ids", "Use of ids in webhooks: auto (default) separates overlapping recordings by consistent ids, ignore never does.", func(value string) (err error) {
		o.ignoreIDs, err = lifecycle.ParseRecordingIDs(value)
		return err
	})
	flags.DurationVar(&o.writeTimeout, "write-timeout", 2*time.Second, "Time for the API server to store an event before it is spooled or, without a spool, answered 503.")
	flags.DurationVar(&o.shutdownDelay, "shutdown-delay", 5*time.Second, "Time to accept webhooks after SIGTERM, while not ready, until load balancers have noticed.")
	o.clients.bind(flags)
	o.overload.bind(flags)
	o.spool.bind(flags)
	o.shards.bind(flags)
	o.tls.bind(flags)
	o.tracing.Bind(flags)
	o.tracing.BindRatio(flags)
}

// validate checks what does not depend on the machine.
func (o *options) validate() error {
	hasKeys := len(o.keyFiles) > 0 || o.keyURL != ""
	switch {
	case !hasKeys && !o.skipSignature:
		return errors.New("no public key, so anyone could write recordings: set --public-key-url=" +
			videosdk.DefaultPublicKeyURL + " or --public-key-file, or --insecure-skip-signature for testing")
	case hasKeys && o.skipSignature:
		return errors.New("--insecure-skip-signature contradicts --public-key-file and --public-key-url: set one or the other")
	case o.windows.Reorder < 0:
		return errors.New("--reorder-window must not be negative")
	case o.windows.Redelivery < 0:
		return errors.New("--redelivery-window must not be negative")
	case o.writeTimeout < minWriteTimeout || o.writeTimeout > maxWriteTimeout:
		return fmt.Errorf("--write-timeout must be from %s to %s", minWriteTimeout, maxWriteTimeout)
	case o.shutdownDelay < 0 || o.shutdownDelay > maxShutdownDelay:
		return fmt.Errorf("--shutdown-delay must be from 0s to %s", maxShutdownDelay)
	case len(o.shards.names) > 0 && o.spool.directory == "":
		return errors.New("--shard needs --spool-dir: while a shard is lost, its events wait there")
	}
	return errors.Join(o.validateRoutes(), o.overload.validate(), o.clients.validate(), o.spool.validate(), o.tls.validate())
}

// validateRoutes checks the flags that select which requests are accepted, and
// for which namespace.
func (o *options) validateRoutes() error {
	switch {
	case o.routesFile != "" && o.namespace != "":
		return errors.New("--routes-file contradicts --namespace: each route has its namespace")
	case o.routesFile != "" && o.tokenFile != "":
		return errors.New("--routes-file contradicts --endpoint-token-file: set each route's endpointToken in the routes file")
	case o.routesFile != "" && o.clients.tokenFile != "":
		return errors.New("--routes-file contradicts --client-token-file: set each route's clientToken in the routes file")
	case len(o.clients.origins) > 0 && o.clients.tokenFile == "" && o.routesFile == "":
		return errors.New("--client-allowed-origin needs --client-token-file or --routes-file")
	}
	return nil
}

// complete finds the namespace. With routes it may be missing: then it is only
// for events that an earlier version without routes left in the spool.
func (o *options) complete() (err error) {
	o.namespace, err = startup.Namespace(o.namespace)
	if o.routesFile != "" && errors.Is(err, startup.ErrNoNamespace) {
		return nil
	}
	return err
}

// keyCacheFile caches the last good key of --public-key-url.
func (o *options) keyCacheFile() string {
	if o.spool.directory == "" {
		return ""
	}
	return filepath.Join(o.spool.directory, "public-key.pem")
}

// clientShare is the share of --max-in-flight, as a divisor, that clients of
// one namespace may use.
const clientShare = 4

// clientOptions are about events that apps forward. Without a token there are none.
type clientOptions struct {
	tokenFile string
	origins   stringList
	rate      float64
}

func (o *clientOptions) bind(flags *flag.FlagSet) {
	flags.StringVar(&o.tokenFile, "client-token-file", "", "File with one or two bearer tokens, one a line, for client events at "+receiver.ClientEventsPath+"; reloaded on change.")
	flags.Var(&o.origins, "client-allowed-origin", "Origin of web pages that may send client events, such as https://app.example.com. May be repeated.")
	flags.Float64Var(&o.rate, "client-rate-limit", 50, "Limit on client events a second in each namespace, apart from --rate-limit; bursts of twice as many. 0: no limit.")
}

func (o *clientOptions) validate() error {
	if math.IsNaN(o.rate) || o.rate < 0 || o.rate > 1e6 {
		return errors.New("--client-rate-limit must be from 0 to 1000000 a second; 0 is no limit")
	}
	for _, origin := range o.origins {
		parsed, err := url.Parse(origin)
		if err != nil || parsed.Host == "" || (parsed.Scheme != "https" && parsed.Scheme != "http") || parsed.Scheme+"://"+parsed.Host != origin {
			return fmt.Errorf("--client-allowed-origin must be a scheme and a host, such as https://app.example.com, with any port that is not the default; got %q", origin)
		}
	}
	return nil
}
