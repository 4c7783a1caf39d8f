// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"flag"
	"fmt"
	"math"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Options say whether and where traces are exported. Options that are not set come from the environment variables of OpenTelemetry
// (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
type Options struct {
	// Endpoint is the base URL of a receiver of OTLP over HTTP, such as http://collector:4318, to which v1/traces is added. If it is empty,
	// $OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or $OTEL_EXPORTER_OTLP_ENDPOINT is used; without those there are no traces.
	Endpoint string
	// Ratio is the share of recordings that are traced, from 0 to 1; if it is nil, $OTEL_TRACES_SAMPLER decides, else all are traced.
	// It applies to Begin.
	Ratio *float64
}

// Bind adds the flag --tracing-endpoint.
func (o *Options) Bind(flags *flag.FlagSet) {
	flags.StringVar(&o.Endpoint, "tracing-endpoint", "", "Base URL for traces by OTLP over HTTP, such as http://collector:4318. Default: $OTEL_EXPORTER_OTLP_ENDPOINT, else no traces.")
}

// BindRatio adds the flag --tracing-sampling-ratio.
func (o *Options) BindRatio(flags *flag.FlagSet) {
	flags.Func("tracing-sampling-ratio", "Share of traced recordings, from 0 to 1. Default: $OTEL_TRACES_SAMPLER with $OTEL_TRACES_SAMPLER_ARG, else 1.", func(text string) error {
		ratio, err := parseRatio(text)
		o.Ratio = &ratio
		return err
	})
}

// settings is what the options and the environment come to.
type settings struct {
	// on is whether there are traces.
	on bool
	// url is where they go; empty where the environment tells the exporter itself.
	url   string
	ratio float64
}

// resolve puts options and environment together. Its errors say which flag or variable to fix.
func (o Options) resolve() (settings, error) {
	const disabled, exporter = "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER"
	source, endpoint := o.endpoint()
	if endpoint == "" || strings.EqualFold(os.Getenv(disabled), "true") || os.Getenv(exporter) == "none" {
		return settings{}, nil
	}
	address, err := parseEndpoint(endpoint)
	if err != nil {
		return settings{}, fmt.Errorf("%s %w", source, err)
	}
	if err := checkProtocol(); err != nil {
		return settings{}, err
	}
	resolved := settings{on: true}
	if o.Endpoint != "" {
		resolved.url = strings.TrimSuffix(strings.TrimSuffix(address.String(), "/"), tracesPath) + tracesPath
	}
	if o.Ratio != nil {
		resolved.ratio = *o.Ratio
		return resolved, nil
	}
	resolved.ratio, err = environmentRatio()
	return resolved, err
}

// tracesPath is where a receiver takes traces, below its base URL.
const tracesPath = "/v1/traces"

// endpoint returns where traces go, and which flag or variable says so.
func (o Options) endpoint() (source, endpoint string) {
	if o.Endpoint != "" {
		return "--tracing-endpoint", o.Endpoint
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"} {
		if value := os.Getenv(name); value != "" {
			return "$" + name, value
		}
	}
	return "", ""
}

func parseEndpoint(text string) (*url.URL, error) {
	const want = "must be a URL such as http://collector:4318"
	address, err := url.Parse(text)
	switch {
	case err != nil, address.Scheme != "http" && address.Scheme != "https", address.Host == "":
		return nil, fmt.Errorf("%s", want) // the text itself is not repeated: it may hold a secret
	case address.User != nil, address.RawQuery != "", address.Fragment != "":
		return nil, fmt.Errorf("%s, without user, query and fragment: give secrets by $OTEL_EXPORTER_OTLP_HEADERS", want)
	}
	return address, nil
}

// checkProtocol refuses to speak OTLP over HTTP to whoever is said to take gRPC.
func checkProtocol() error {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		protocol := os.Getenv(name)
		if protocol == "" {
			continue
		}
		if !slices.Contains([]string{"http/protobuf", "http/json"}, protocol) {
			return fmt.Errorf("$%s is %q, but traces are sent over HTTP only: set it to http/protobuf, and the endpoint to the collector's port for that, usually 4318",
				name, protocol)
		}
		return nil
	}
	return nil
}

// environmentRatio reads the standard variables of sampling. Every sampler they know is one of our own: a trace begins with us.
func environmentRatio() (float64, error) {
	const sampler, argument = "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"
	switch name := strings.TrimPrefix(os.Getenv(sampler), "parentbased_"); name {
	case "", "always_on":
		return 1, nil
	case "always_off":
		return 0, nil
	case "traceidratio":
		text := os.Getenv(argument)
		if text == "" {
			return 1, nil
		}
		ratio, err := parseRatio(text)
		if err != nil {
			return 0, fmt.Errorf("$%s %w", argument, err)
		}
		return ratio, nil
	}
	return 0, fmt.Errorf("$%s is %q: set it to always_on, always_off or traceidratio", sampler, os.Getenv(sampler))
}

func parseRatio(text string) (float64, error) {
	ratio, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(ratio) || ratio < 0 || ratio > 1 {
		return 0, fmt.Errorf("must be a number from 0 to 1, not %q", text)
	}
	return ratio, nil
}
