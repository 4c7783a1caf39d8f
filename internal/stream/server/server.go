// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package server serves live events of recordings, and the recordings themselves, to authorized callers.
package server

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/internal/access"
	"github.com/meetingops/meeting-recording-operator/internal/stream/feed"
)

// Reviewer has the methods of access.Reviewer that a Server needs.
type Reviewer interface {
	Authenticate(ctx context.Context, address netip.Addr, token string) (access.User, error)
	AuthorizeResource(ctx context.Context, user access.User, attributes authorizationv1.ResourceAttributes) error
}

// Options are the dependencies and settings of a Server.
type Options struct {
	// Feeds are the feeds of the served namespaces, or one feed of all.
	Feeds []*feed.Feed
	// Recordings reads MeetingRecordings from the API server.
	Recordings client.Reader
	Reviewer   Reviewer
	// Audiences are the audiences that the Reviewer accepts, for messages.
	Audiences []string
	// Page is served at / and below.
	Page http.Handler
	// Heartbeat is the longest silence of a stream.
	Heartbeat time.Duration
	// Recheck is how often a stream's right is checked again, plus or minus a quarter; 0 is once a minute.
	Recheck time.Duration
	// MaxStreams and MaxStreamsPerUser bound the streams that are open at once.
	MaxStreams, MaxStreamsPerUser int
	// TrustedProxies are the networks whose X-Forwarded-For and X-Forwarded-Proto are trusted.
	TrustedProxies []netip.Prefix
	// Origins are the page's origins behind proxies that change the Host header, such as https://recordings.example.com.
	Origins []string
	Metrics *Metrics
	Log     logr.Logger
}

// Server answers requests. Drain ends its streams.
type Server struct {
	Options
	slots    slots
	lists    chan struct{} // has an element for each list that is put together
	draining chan struct{}
	drain    sync.Once
	streams  sync.WaitGroup
}

// New returns a Server.
func New(options Options) *Server {
	if options.Recheck == 0 {
		options.Recheck = recheckEvery
	}
	return &Server{
		Options: options, draining: make(chan struct{}), lists: make(chan struct{}, maxLists),
		slots: slots{perUser: map[string]int{}, max: options.MaxStreams, maxPerUser: options.MaxStreamsPerUser},
	}
}

// Drain ends the open streams, and those that are opened later, and tells their clients when to reconnect.
func (s *Server) Drain() { s.drain.Do(func() { close(s.draining) }) }

// Ready returns nil once the feeds have listed the recordings, until the server drains. A namespace that may not be read is an error only if
// no other can be served.
func (s *Server) Ready() error {
	select {
	case <-s.draining:
		return errDraining
	default:
	}
	served := false
	var problems []error
	for _, f := range s.Feeds {
		switch problem := f.Problem(); {
		case f.Ready():
			served = true
		case apierrors.IsForbidden(problem):
			problems = append(problems, fmt.Errorf("namespace %q: %w", f.Namespace(), problem))
		default:
			return fmt.Errorf("recordings of namespace %q are not listed yet: %w", f.Namespace(), errors.Join(errNotListed, problem))
		}
	}
	if !served {
		return errors.Join(problems...)
	}
	return nil
}

var errNotListed = errors.New("they were not listed")

// Handler returns the handler of all paths.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", brief(s.Page))
	mux.HandleFunc("GET /events", s.events)
	mux.Handle("/events", brief(allow("GET")))
	for path, methods := range map[string]map[string]http.HandlerFunc{
		"/api/v1/session":    {"GET": s.session, "POST": s.beginSession, "DELETE": s.endSession},
		"/api/v1/recordings": {"GET": s.recordings},
		"/api/v1/namespaces/{namespace}/recordings/{name}": {"GET": s.recording},
	} {
		names := make([]string, 0, len(methods))
		for method, handler := range methods {
			mux.Handle(method+" "+path, brief(handler))
			names = append(names, method)
		}
		mux.Handle(path, brief(allow(names...)))
	}
	mux.Handle("/api/", brief(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fail(w, http.StatusNotFound, "unknown path")
	})))
	crossOrigin := http.NewCrossOriginProtection()
	for _, origin := range s.Origins {
		if err := crossOrigin.AddTrustedOrigin(origin); err != nil {
			s.Log.Error(err, "Origin ignored", "origin", origin)
		}
	}
	crossOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fail(w, http.StatusForbidden, "cross-site requests are refused")
	}))
	return guarded(s.Log, crossOrigin.Handler(mux))
}

// NewHTTP returns an HTTP server with limits on time and size, except on the duration of a stream.
func NewHTTP(handler http.Handler, logger logr.Logger) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, IdleTimeout: idleTimeout,
		WriteTimeout:   readTimeout + answerTimeout + writeTimeout, // streams have deadlines of their own
		HTTP2:          &http.HTTP2Config{MaxConcurrentStreams: maxRequests, WriteByteTimeout: writeTimeout},
		MaxHeaderBytes: maxHeaderBytes, ErrorLog: log.New(connectionLog{logger}, "", 0),
	}
}

// connectionLog takes what net/http says of single connections, which any stranger can cause.
type connectionLog struct{ logger logr.Logger }

func (l connectionLog) Write(line []byte) (int, error) {
	l.logger.V(1).Info("Connection failed", "problem", strings.TrimSpace(string(line)))
	return len(line), nil
}
