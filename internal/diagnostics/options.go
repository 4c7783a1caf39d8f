// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnostics

import (
	"flag"
	"fmt"
	"net"

	"github.com/prometheus/client_golang/prometheus"
)

// Off is the address that serves nothing.
const Off = "0"

// Options are the flags of a binary.
type Options struct {
	// Address is where to listen: host:port, or Off.
	Address string
	// Profiles has /debug/pprof/ served too.
	Profiles bool
	// Metrics are served at /metrics, unless nil. They are not a flag.
	Metrics prometheus.Gatherer
}

// Bind adds the flags. Nothing is served by default: another container of the Pod could change the level, and fill the log or silence it.
func (o *Options) Bind(flags *flag.FlagSet) {
	flags.StringVar(&o.Address, "diagnostics-bind-address", Off,
		"Address of /loglevel and /debug/pprof/, without authentication, such as 127.0.0.1:8084; 0 for none.")
	flags.BoolVar(&o.Profiles, "pprof", false,
		"Serve Go profiles at --diagnostics-bind-address. They show memory, including secrets.")
}

// Validate returns what is wrong with the flags.
func (o *Options) Validate() error {
	if o.Address == Off {
		if o.Profiles {
			return fmt.Errorf("--pprof needs a --diagnostics-bind-address other than %s", Off)
		}
		return nil
	}
	if _, _, err := net.SplitHostPort(o.Address); err != nil {
		return fmt.Errorf("--diagnostics-bind-address must be an address and a port such as 127.0.0.1:8084, or %s: %w", Off, err)
	}
	return nil
}
