// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnostics

import (
	"bytes"
	"context"
	"flag"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// options are what the arguments make of the flags of a logger.
func levelOf(t *testing.T, args ...string) (*Level, *zap.Options) {
	t.Helper()
	options := &zap.Options{}
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	options.BindFlags(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return NewLevel(options), options
}

func TestLevelIsThatOfTheFlags(t *testing.T) {
	for want, args := range map[string][]string{
		"info":  nil,
		"debug": {"--zap-devel"},
		"error": {"--zap-devel", "--zap-log-level=error"},
		"3":     {"--zap-log-level=3"},
	} {
		if level, _ := levelOf(t, args...); level.String() != want {
			t.Errorf("%v: the level is %s, want %s", args, level, want)
		}
	}
}

// A logger made before the change follows it, also to levels that zap's sampling did not reckon with.
func TestLoggerFollowsItsLevel(t *testing.T) {
	level, options := levelOf(t)
	var out bytes.Buffer
	log := zap.New(zap.UseFlagOptions(options), zap.WriteTo(&out)).WithValues("name", "a")
	for _, step := range []struct {
		set     string
		verbose int
		logs    bool
	}{{"", 0, true}, {"", 1, false}, {"debug", 1, true}, {"1", 1, true}, {"debug", 2, false}, {"10", 10, true}, {"Error", 0, false}, {"info", 0, true}} {
		if step.set != "" {
			if err := level.Set(step.set); err != nil {
				t.Fatal(err)
			}
		}
		out.Reset()
		log.V(step.verbose).Info("Something")
		if logged := out.Len() > 0; logged != step.logs {
			t.Errorf("at %q, verbosity %d is logged: %v", step.set, step.verbose, logged)
		}
	}
}

func TestLevelsThatAreNone(t *testing.T) {
	level, _ := levelOf(t)
	for _, text := range []string{"", "loud", "0", "-1", "11", "1.5", "panic"} {
		if err := level.Set(text); err == nil || !strings.Contains(err.Error(), "error, info, debug, or a number from 1") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if level.String() != "info" {
		t.Errorf("the level is %s by now", level)
	}
}

func TestHandler(t *testing.T) {
	for name, test := range map[string]struct {
		address, method, host, path, body string
		profiles                          bool
		code                              int
		want, level                       string
	}{
		"tells":                {method: "GET", path: "/loglevel", code: 200, want: "info\n", level: "info"},
		"changes":              {method: "PUT", path: "/loglevel", body: "debug\n", code: 200, want: "debug\n", level: "debug"},
		"no level":             {method: "PUT", path: "/loglevel", body: "loud", code: 400, want: "must be error, info, debug", level: "info"},
		"too long":             {method: "PUT", path: "/loglevel", body: strings.Repeat("1", 100), code: 400, want: "plain text", level: "info"},
		"other method":         {method: "POST", path: "/loglevel", body: "debug", code: 405, level: "info"},
		"metrics":              {method: "GET", path: "/metrics", code: 200, want: "meetingrecording_build_info", level: "info"},
		"no profiles":          {method: "GET", path: "/debug/pprof/heap", code: 404, level: "info"},
		"profiles":             {method: "GET", path: "/debug/pprof/heap?debug=1", profiles: true, code: 200, want: "heap profile", level: "info"},
		"command line":         {method: "GET", path: "/debug/pprof/cmdline", profiles: true, code: 404, level: "info"},
		"rebound name":         {method: "PUT", host: "evil.example:8084", path: "/loglevel", body: "debug", code: 403, want: "must be localhost", level: "info"},
		"localhost":            {method: "GET", host: "localhost:9999", path: "/loglevel", code: 200, level: "info"},
		"IPv6":                 {method: "GET", host: "[::1]", path: "/loglevel", code: 200, level: "info"},
		"name, open to others": {address: ":8084", method: "GET", host: "operator.example", path: "/loglevel", code: 200, level: "info"},
	} {
		t.Run(name, func(t *testing.T) {
			level, _ := levelOf(t)
			registry := prometheus.NewRegistry()
			RegisterBuild(registry, "test")
			options := Options{Address: "127.0.0.1:8084", Profiles: test.profiles, Metrics: registry}
			if test.address != "" {
				options.Address = test.address
			}
			request := httptest.NewRequestWithContext(t.Context(), test.method, test.path, strings.NewReader(test.body))
			request.Host = "127.0.0.1:8084"
			if test.host != "" {
				request.Host = test.host
			}
			response := httptest.NewRecorder()
			newHandler(options, level, logr.Discard()).ServeHTTP(response, request)
			if response.Code != test.code || !strings.Contains(response.Body.String(), test.want) || level.String() != test.level {
				t.Errorf("code %d, level %s, says %q", response.Code, level, response.Body.String())
			}
		})
	}
}

func TestFlags(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"none":             {nil, ""},
		"off":              {[]string{"--diagnostics-bind-address=0"}, ""},
		"no port":          {[]string{"--diagnostics-bind-address=localhost"}, "an address and a port such as"},
		"profiles alone":   {[]string{"--pprof"}, "--pprof needs a --diagnostics-bind-address"},
		"profiles of none": {[]string{"--diagnostics-bind-address=0", "--pprof"}, "--pprof needs a --diagnostics-bind-address"},
	} {
		var options Options
		flags := flag.NewFlagSet("", flag.ContinueOnError)
		options.Bind(flags)
		if err := flags.Parse(test.args); err != nil {
			t.Fatal(err)
		}
		if err := options.Validate(); (err == nil) != (test.want == "") || (err != nil && !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v", name, err)
		}
		if name == "none" && options.Address != Off {
			t.Errorf("without being asked to, it serves at %s", options.Address)
		}
	}
}

// instance serves on a free port until the test ends, and returns its address and its log.
func instance(t *testing.T, wrap func(net.Listener) net.Listener) (address string, level *Level, logged *harness.Output) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener = wrap(listener)
	level, options := levelOf(t)
	logged = &harness.Output{}
	ctx, cancel := context.WithCancel(t.Context())
	var served sync.WaitGroup
	served.Go(func() {
		log, opened := zap.New(zap.UseFlagOptions(options), zap.WriteTo(logged)), Options{Address: listener.Addr().String()}
		announce(log, opened.Address, opened)
		serve(ctx, listener, opened, level, log)
	})
	t.Cleanup(func() { cancel(); served.Wait() })
	return listener.Addr().String(), level, logged
}

// TestChange: the level of what runs can be read and changed, and the log reports it.
func TestChange(t *testing.T) {
	address, level, logged := instance(t, loopbackListener)
	for _, step := range []struct{ method, body, want string }{
		{http.MethodGet, "", "info"}, {http.MethodPut, "debug", "debug"}, {http.MethodGet, "", "debug"},
	} {
		if got := ask(t, step.method, address, step.body); got != step.want {
			t.Errorf("%s %s answers %q, want %q", step.method, step.body, got, step.want)
		}
	}
	if level.String() != "debug" || !strings.Contains(logged.String(), `"msg":"Log level changed","from":"info","to":"debug"`) {
		t.Errorf("the level is %s, and the log:\n%s", level, logged)
	}
}

// ask returns what the level's address answers.
func ask(t *testing.T, method, address, body string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+levelPath, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// Whoever opens it to others is told at the start.
func TestOpenAddressIsTold(t *testing.T) {
	address, _, logged := instance(t, func(l net.Listener) net.Listener { return everywhere{l} })
	if got := ask(t, http.MethodGet, address, ""); got != "info" {
		t.Errorf("it answers %q", got)
	}
	if !strings.Contains(logged.String(), "WARNING: diagnostics are not protected") {
		t.Errorf("the log is:\n%s", logged)
	}
}

// A port in use does not end the binary.
func TestPortInUse(t *testing.T) {
	address, level, _ := instance(t, loopbackListener)
	var logged harness.Output
	Start(t.Context(), Options{Address: address}, level, zap.New(zap.WriteTo(&logged)))()
	if !strings.Contains(logged.String(), "set --diagnostics-bind-address to a free port") {
		t.Errorf("the log is:\n%s", &logged)
	}
	Start(t.Context(), Options{Address: Off}, level, logr.Discard())()
}

func loopbackListener(l net.Listener) net.Listener { return l }

// everywhere is a listener that says it is on every address; the test's machine is spared that.
type everywhere struct{ net.Listener }

func (e everywhere) Addr() net.Addr {
	address := &net.TCPAddr{IP: net.IPv4zero}
	if tcp, ok := e.Listener.Addr().(*net.TCPAddr); ok {
		address.Port = tcp.Port
	}
	return address
}
