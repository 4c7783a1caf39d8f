// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/meetingops/meeting-recording-operator/events"
	"github.com/meetingops/meeting-recording-operator/internal/page"
	"github.com/meetingops/meeting-recording-operator/internal/startup"
)

// spareConnections is how many connections may be open besides streams: for the page, the API, and refused requests.
const spareConnections = 1000

// flags are the server's flags.
type flags struct {
	namespaces        []string
	address           string
	healthAddress     string
	metricsAddress    string
	certFile, keyFile string
	heartbeat         time.Duration
	maxStreams        int
	maxStreamsPerUser int
	maxConnections    int // 0 is spareConnections more than maxStreams
	trustedProxies    []netip.Prefix
	tokenAudiences    []string
	origins           []string
	shutdownDelay     time.Duration
	mediaHosts        []string
	logsURL           string
	server            startup.Options
}

// parse reads the arguments; flag.ErrHelp is returned where they ask for help, which is then written to the output.
func parse(args []string, output io.Writer) (flags, error) {
	var f flags
	err := f.server.Parse("events", args, output, f.bind, f.check)
	if len(f.tokenAudiences) == 0 {
		f.tokenAudiences = []string{events.TokenAudience}
	}
	return f, err
}

func (f *flags) bind(set *flag.FlagSet) {
	set.Func("namespace", "Namespace whose recordings are served. May be repeated. Default: all namespaces.", f.addNamespace)
	set.StringVar(&f.address, "bind-address", ":8084", "Address of the streams, the API and the page.")
	set.StringVar(&f.healthAddress, "health-probe-bind-address", ":8085", "Address of /healthz and /readyz; 0 for none.")
	set.StringVar(&f.metricsAddress, "metrics-bind-address", ":8445",
		"Address of /metrics, over HTTPS for clients with RBAC for nonResourceURLs /metrics; 0 for none.")
	set.StringVar(&f.certFile, "tls-cert-file", "", "PEM file with the certificate chain of --bind-address; reloaded on change. Plain HTTP without it.")
	set.StringVar(&f.keyFile, "tls-key-file", "", "PEM file with the private key of --tls-cert-file; reloaded on change.")
	set.DurationVar(&f.heartbeat, "heartbeat", 15*time.Second, "Longest silence of a stream, so that proxies keep it open.")
	set.IntVar(&f.maxStreams, "max-streams", 10000, "Limit on open streams.")
	set.IntVar(&f.maxStreamsPerUser, "max-streams-per-user", 1000, "Limit on open streams of one user.")
	set.IntVar(&f.maxConnections, "max-connections", 0, fmt.Sprintf("Limit on open connections; further ones replace connections without a request. "+
		"0 is %d more than --max-streams.", spareConnections))
	set.Func("trusted-proxy", "Address or network (CIDR) of a proxy whose X-Forwarded-For and X-Forwarded-Proto are trusted. "+
		"May be repeated.", f.addProxy)
	set.Func("origin", "Origin of the page, such as https://recordings.example.com, if a proxy changes the Host header. May be repeated.",
		f.addOrigin)
	set.Func("token-audience", "Audience that tokens must have. May be repeated. Default: "+events.TokenAudience+".", f.addAudience)
	set.DurationVar(&f.shutdownDelay, "shutdown-delay", 0,
		"Time to serve after SIGTERM, while not ready, until load balancers have noticed.")
	set.Func("media-host", "Host that the page may load media from, such as media.example.com, *.example.com or http://localhost:9000. "+
		"May be repeated. Other outputs are links only.", f.addMediaHost)
	set.StringVar(&f.logsURL, "logs-url", "", "http or https URL of a step's log, with {namespace} and {job}. "+
		"Without it the page shows a kubectl command.")
}

func (f *flags) addNamespace(name string) error {
	if problems := validation.IsDNS1123Label(name); len(problems) > 0 {
		return fmt.Errorf("not a namespace name: %s", problems[0])
	}
	if !slices.Contains(f.namespaces, name) {
		f.namespaces = append(f.namespaces, name)
	}
	return nil
}

func (f *flags) addOrigin(origin string) error {
	if err := http.NewCrossOriginProtection().AddTrustedOrigin(origin); err != nil {
		return fmt.Errorf("must be like https://recordings.example.com: %w", err)
	}
	f.origins = append(f.origins, origin)
	return nil
}

func (f *flags) addAudience(audience string) error {
	if audience == "" {
		return errors.New("must not be empty")
	}
	f.tokenAudiences = append(f.tokenAudiences, audience)
	return nil
}

func (f *flags) addMediaHost(host string) error {
	f.mediaHosts = append(f.mediaHosts, host)
	return page.Options{MediaHosts: []string{host}}.Check()
}

func (f *flags) addProxy(text string) error {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		address, err := netip.ParseAddr(text)
		if err != nil {
			return errors.New("must be an address or a network such as 10.0.0.0/8")
		}
		prefix = netip.PrefixFrom(address, address.BitLen())
	}
	f.trustedProxies = append(f.trustedProxies, prefix.Masked())
	return nil
}

// check returns what is wrong with the flags, and how to fix it.
func (f *flags) check() error {
	switch {
	case f.heartbeat < time.Second:
		return fmt.Errorf("--heartbeat must be at least 1s; it is %s", f.heartbeat)
	case f.maxStreams < 1:
		return fmt.Errorf("--max-streams must be at least 1; it is %d", f.maxStreams)
	case f.maxStreamsPerUser < 1:
		return fmt.Errorf("--max-streams-per-user must be at least 1; it is %d", f.maxStreamsPerUser)
	case f.maxConnections < 0:
		return fmt.Errorf("--max-connections must not be negative; it is %d", f.maxConnections)
	case f.shutdownDelay < 0:
		return fmt.Errorf("--shutdown-delay must not be negative; it is %s", f.shutdownDelay)
	case (f.certFile == "") != (f.keyFile == ""):
		return errors.New("--tls-cert-file and --tls-key-file go together: set both, or neither")
	}
	if err := (page.Options{LogsURL: f.logsURL}).Check(); err != nil {
		return fmt.Errorf("--logs-url: %w", err)
	}
	if _, _, err := net.SplitHostPort(f.address); err != nil {
		return fmt.Errorf("--bind-address must be HOST:PORT or :PORT; it is %q", f.address)
	}
	return nil
}

// connections is how many connections may be open at once.
func (f *flags) connections() int {
	if f.maxConnections == 0 {
		return f.maxStreams + spareConnections
	}
	return f.maxConnections
}

// served are the namespaces whose recordings are watched; "" is all.
func (f *flags) served() []string {
	if len(f.namespaces) == 0 {
		return []string{""}
	}
	return f.namespaces
}
