// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"net/netip"
	"os"
	"runtime/debug"
	"strings"

	"github.com/go-logr/logr"

	"github.com/meetingops/meeting-recording-operator/internal/receiver/guard"
)

const (
	// memoryLimit is what the Go runtime keeps its memory under, by collecting
	// more often, unless $GOMEMLIMIT says otherwise. Beside it there are about
	// 19 MiB of the program's own text and data in RSS.
	memoryLimit = 40 << 20
	// gcPercent has it collect less often while it is far from the limit, unless
	// $GOGC says otherwise: a burst is then acknowledged sooner.
	gcPercent = 300
	// auxiliaryConnections are for probes and scrapes, each.
	auxiliaryConnections = 32
)

// overloadOptions limit the load that anyone can cause.
type overloadOptions struct {
	maxInFlight    int
	maxConnections int
	rates          guard.RateLimits
	proxies        []netip.Prefix
}

func (o *overloadOptions) bind(flags *flag.FlagSet) {
	flags.IntVar(&o.maxInFlight, "max-in-flight", 256, "Limit on requests in flight; further ones are answered 503. 0: no limit.")
	flags.IntVar(&o.maxConnections, "max-connections", 512, "Limit on open webhook connections; further ones replace connections without a genuine webhook. 0: no limit.")
	flags.Float64Var(&o.rates.Total, "rate-limit", 2000, "Limit on signed webhooks a second; bursts of twice as many; further ones are answered 429. 0: no limit.")
	flags.Float64Var(&o.rates.PerNamespace, "rate-limit-per-namespace", 500, "The same for each namespace of --routes-file. 0: no limit.")
	flags.Float64Var(&o.rates.PerClient, "rate-limit-per-client", 1000, "The same for each client address (IPv6: each /64). 0: no limit.")
	flags.Float64Var(&o.rates.Failures, "failure-limit", 100, "Limit on refused requests a second, apart from --rate-limit; further ones are answered 429 and not logged. 0: no limit.")
	flags.Float64Var(&o.rates.FailuresPerClient, "failure-limit-per-client", 20, "The same for each client address (IPv6: each /64). 0: no limit.")
	flags.Var((*prefixList)(&o.proxies), "trusted-proxy", "Address or network (CIDR) of a proxy whose X-Forwarded-For names the client. May be repeated.")
}

func (o *overloadOptions) validate() error {
	for name, value := range map[string]int{"--max-in-flight": o.maxInFlight, "--max-connections": o.maxConnections} {
		if value < 0 {
			return fmt.Errorf("%s must not be negative; 0 is no limit", name)
		}
	}
	for name, value := range map[string]float64{
		"--rate-limit": o.rates.Total, "--rate-limit-per-namespace": o.rates.PerNamespace, "--rate-limit-per-client": o.rates.PerClient,
		"--failure-limit": o.rates.Failures, "--failure-limit-per-client": o.rates.FailuresPerClient,
	} {
		if math.IsNaN(value) || value < 0 || value > 1e6 {
			return fmt.Errorf("%s must be from 0 to 1000000 a second; 0 is no limit", name)
		}
	}
	return nil
}

// announce warns of limits that are off.
func (o *overloadOptions) announce(log logr.Logger) {
	for _, limit := range []struct {
		flag string
		off  bool
	}{
		{"--max-in-flight", o.maxInFlight == 0},
		{"--max-connections", o.maxConnections == 0},
		{"--rate-limit", o.rates.Total == 0},
		{"--rate-limit-per-namespace", o.rates.PerNamespace == 0},
		{"--rate-limit-per-client", o.rates.PerClient == 0},
		{"--failure-limit", o.rates.Failures == 0},
		{"--failure-limit-per-client", o.rates.FailuresPerClient == 0},
	} {
		if limit.off {
			log.Info("WARNING: a limit is off", "flag", limit.flag)
		}
	}
}

// limitMemory bounds the Go runtime's memory, unless the environment does.
func limitMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}

// prefixList is a flag of networks that may be repeated.
type prefixList []netip.Prefix

func (l *prefixList) String() string {
	texts := make([]string, len(*l))
	for i, prefix := range *l {
		texts[i] = prefix.String()
	}
	return strings.Join(texts, ",")
}

// Set adds a network, or a single address.
func (l *prefixList) Set(value string) error {
	prefix, err := netip.ParsePrefix(value)
	if err != nil {
		address, err := netip.ParseAddr(value)
		if err != nil {
			return errors.New("must be an address or a network such as 10.0.0.0/8")
		}
		prefix = netip.PrefixFrom(address, address.BitLen())
	}
	*l = append(*l, prefix.Masked())
	return nil
}
