// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package relay serves the metrics of another container of the same Pod, which has no right to review tokens and so serves them on the Pod's
// loopback address only. The server that the relay is part of authenticates the readers.
package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/go-logr/logr"

	"github.com/meetingops/meeting-recording-operator/internal/loopback"
)

const (
	// timeout is how long one read may take: Prometheus' default.
	timeout = 10 * time.Second
	// maxBytes is far more than the metrics of a sidecar: a faulty container must not send forever.
	maxBytes = 16 << 20
)

// passed are the reader's headers that are forwarded to the container. Others are not, above all the reader's token.
var passed = []string{"Accept", "Accept-Encoding"}

// answered are the container's headers that are forwarded to the reader.
var answered = []string{"Content-Type", "Content-Encoding", "Content-Length"}

// New returns a handler that answers every GET with the target's response, or with 502 if that is not 200. The target must be the http:// URL
// of a loopback address.
func New(target string, log logr.Logger) (http.Handler, error) {
	to, err := parse(target)
	if err != nil {
		return nil, err
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			address := *to
			r.Out.URL, r.Out.Host, r.Out.Body, r.Out.ContentLength = &address, "", http.NoBody, 0
			r.Out.Header = pick(r.In.Header, passed)
			r.Out.Header.Set("User-Agent", "meeting-recording-manager")
		},
		Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10},
		ModifyResponse: func(r *http.Response) error {
			if r.StatusCode != http.StatusOK {
				return fmt.Errorf("it answers %s", r.Status)
			}
			r.Header = pick(r.Header, answered)
			r.Body = &limited{body: r.Body, left: maxBytes}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			log.Error(err, "Sidecar metrics not available", "address", to.Host)
			http.Error(w, "the sidecar's metrics are not available; the manager's log says why", http.StatusBadGateway)
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			w.Header().Set("Allow", http.MethodGet)
			http.Error(w, "metrics accept GET only", http.StatusMethodNotAllowed)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), timeout)
		defer cancel()
		proxy.ServeHTTP(w, r.WithContext(ctx))
	}), nil
}

// parse returns the target, which must be in this Pod: beyond it, anyone could read the metrics.
func parse(target string) (*url.URL, error) {
	to, err := url.Parse(target)
	if err != nil || to.Scheme != "http" || to.Port() == "" || to.User != nil || to.RawQuery != "" {
		return nil, errors.New("not a URL such as http://127.0.0.1:8082/metrics")
	}
	if !loopback.IsHost(to.Hostname()) {
		return nil, fmt.Errorf("%s is not in this Pod: use 127.0.0.1, or have a sidecar of another Pod serve its own with --metrics-secure", to.Hostname())
	}
	return to, nil
}

func pick(from http.Header, names []string) http.Header {
	to := http.Header{}
	for _, name := range names {
		if values := from.Values(name); len(values) > 0 {
			to[name] = values
		}
	}
	return to
}

// limited is a body that fails beyond so many bytes.
type limited struct {
	body io.ReadCloser
	left int
}

// errTooLong means that a body is too long.
var errTooLong = fmt.Errorf("more than %d bytes", maxBytes)

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.body.Read(p)
	if l.left -= n; l.left < 0 {
		return 0, errTooLong
	}
	return n, err
}

func (l *limited) Close() error { return l.body.Close() }
