// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnostics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/meetingops/meeting-recording-operator/internal/loopback"
)

const (
	// levelPath is the path of the log level: GET returns it, PUT sets it to the body, as plain text.
	levelPath = "/loglevel"
	// maxLevelBytes is more than any level has.
	maxLevelBytes = 64
	// headerTimeout is how long a request's headers may take, and closeTimeout how long requests in flight may take at the end.
	headerTimeout = 10 * time.Second
	closeTimeout  = time.Second
)

// Start serves the level, and profiles if the options enable them, until the context ends or stop is called, which waits for the end. If it
// cannot listen, it logs why and what to do, and the binary works without it.
func Start(ctx context.Context, options Options, level *Level, log logr.Logger) (stop func()) {
	if options.Address == Off {
		return func() {}
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", options.Address)
	if err != nil {
		log.Error(err, "Diagnostics not served", "address", options.Address, "hint", "set --diagnostics-bind-address to a free port")
		return func() {}
	}
	announce(log, listener.Addr().String(), options)
	ctx, cancel := context.WithCancel(ctx)
	var serving sync.WaitGroup
	serving.Go(func() { serve(ctx, listener, options, level, log) })
	return func() {
		cancel()
		serving.Wait()
	}
}

func announce(log logr.Logger, address string, options Options) {
	if loopback.IsAddress(address) {
		log.Info("Serving diagnostics", "address", address, "pprof", options.Profiles)
	} else {
		log.Info("WARNING: diagnostics are not protected", "address", address, "pprof", options.Profiles,
			"hint", "anyone who reaches the address can change the log level and, with --pprof, read memory; use a loopback address")
	}
}

func serve(ctx context.Context, listener net.Listener, options Options, level *Level, log logr.Logger) {
	server := &http.Server{Handler: newHandler(options, level, log), ReadHeaderTimeout: headerTimeout}
	stop := context.AfterFunc(ctx, func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		if server.Shutdown(ending) != nil {
			_ = server.Close() // a profile that is being taken
		}
	})
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		log.Error(err, "Diagnostics not served, restart to retry", "address", listener.Addr().String())
	}
}

// newHandler serves what the options enable. On a loopback address it answers only requests whose Host is a loopback address, so that no web
// page can reach it through a browser on the machine that forwards the port (DNS rebinding).
func newHandler(options Options, level *Level, log logr.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+levelPath, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintln(w, level) // the client asks again if this fails
	})
	mux.HandleFunc("PUT "+levelPath, func(w http.ResponseWriter, r *http.Request) { change(w, r, level, log) })
	if options.Metrics != nil {
		// kubectl recording reads them here: behind the Pod's loopback they need no token, however --metrics-secure is set.
		mux.Handle("GET /metrics", promhttp.HandlerFor(options.Metrics, promhttp.HandlerOpts{}))
	}
	if options.Profiles {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	if !loopback.IsAddress(options.Address) {
		return mux
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !loopback.IsHost(r.Host) && !loopback.IsAddress(r.Host) {
			http.Error(w, "the host must be localhost or a loopback address", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func change(w http.ResponseWriter, r *http.Request, level *Level, log logr.Logger) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxLevelBytes))
	if err != nil {
		http.Error(w, "the body must be a level, as plain text", http.StatusBadRequest)
		return
	}
	before := level.String()
	if err := level.Set(strings.TrimSpace(string(body))); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	log.Info("Log level changed", "from", before, "to", level.String())
	_, _ = fmt.Fprintln(w, level) // it is changed, whether the client hears of it or not
}
