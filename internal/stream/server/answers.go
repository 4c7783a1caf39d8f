// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/go-logr/logr"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/api/validate/content"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/access"
	"github.com/meetingops/meeting-recording-operator/internal/clientaddress"
)

// answer writes a JSON object.
func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // the client is gone
}

// fail writes an error that tells the caller what to fix.
func fail(w http.ResponseWriter, code int, message string) {
	switch code {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer realm="meeting-recording-events"`)
		w.Header().Set("Connection", "close") // who tries one token after another waits for a connection each time, as others do
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		w.Header().Set("Retry-After", "5")
	}
	answer(w, code, map[string]string{"error": message})
}

// refusal is an answer that ends a request.
type refusal struct {
	code    int
	message string
}

func (r *refusal) write(w http.ResponseWriter) { fail(w, r.code, r.message) }

// allow answers methods that a path does not have.
func allow(methods ...string) http.Handler {
	slices.Sort(methods)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", strings.Join(methods, ", "))
		fail(w, http.StatusMethodNotAllowed, "use "+strings.Join(methods, " or "))
	})
}

// brief bounds the time of a request that is no stream.
func brief(handler http.Handler) http.Handler {
	return http.TimeoutHandler(handler, answerTimeout, `{"error":"timed out: try again"}`)
}

// guarded sets headers that every answer has, and answers a bug of ours.
func guarded(log logr.Logger, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if cause := recover(); cause != nil {
				if err, is := cause.(error); is && errors.Is(err, http.ErrAbortHandler) {
					panic(cause)
				}
				log.Error(nil, "Request caused a panic", "stack", string(debug.Stack()))
				fail(w, http.StatusInternalServerError, "internal error: see the server's log")
			}
		}()
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		if r.TLS != nil {
			w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		}
		handler.ServeHTTP(w, r)
	})
}

// caller returns who sent the request.
func (s *Server) caller(ctx context.Context, r *http.Request) (access.User, *refusal) {
	token := s.tokenOf(r)
	if token == "" {
		return access.User{}, &refusal{http.StatusUnauthorized,
			"send a token of the cluster as Authorization: Bearer TOKEN, or begin a session with POST /api/v1/session"}
	}
	user, err := s.Reviewer.Authenticate(ctx, s.address(r), token)
	return user, s.refusalFor(err)
}

// refusalFor is nil for nil.
func (s *Server) refusalFor(err error) *refusal {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, access.ErrUnauthenticated):
		return &refusal{http.StatusUnauthorized, s.tokenAdvice()}
	case errors.Is(err, access.ErrForbidden):
		return &refusal{http.StatusForbidden, "you may not read meetingrecordings there: ask for a role with their verbs get, list and watch, such as view"}
	case errors.Is(err, access.ErrBusy):
		return &refusal{http.StatusServiceUnavailable, "too many requests wait for authentication: try again"}
	case errors.Is(err, context.Canceled):
		return &refusal{http.StatusServiceUnavailable, "the request was cancelled"}
	}
	s.Log.Error(err, "API server request failed")
	return &refusal{http.StatusServiceUnavailable, "the API server does not answer: try again"}
}

// served returns the namespaces that the request is about: the one that it names, else all that are served, "" being all.
func (s *Server) served(namespace string) ([]int, *refusal) {
	var indices []int
	for i, f := range s.Feeds {
		if namespace == "" || f.Namespace() == "" || f.Namespace() == namespace {
			indices = append(indices, i)
		}
	}
	if len(indices) == 0 || len(content.IsPathSegmentName(namespace)) > 0 {
		return nil, &refusal{http.StatusNotFound, "this server does not serve the namespace"}
	}
	return indices, nil
}

// request is what somebody wants to do with recordings: the verbs, in a namespace or with "" in all that are served, with one of the name or
// with "" all of them.
type request struct {
	namespace, name string
	verbs           []string
}

// maySee is nil where the user may do what they ask for.
func (s *Server) maySee(ctx context.Context, user access.User, wanted request) *refusal {
	if wanted.namespace != "" {
		return s.refusalFor(s.authorize(ctx, user, wanted))
	}
	for _, f := range s.Feeds {
		wanted.namespace = f.Namespace()
		if refused := s.refusalFor(s.authorize(ctx, user, wanted)); refused != nil {
			return refused
		}
	}
	return nil
}

// authorize returns nil if the user has all verbs.
func (s *Server) authorize(ctx context.Context, user access.User, wanted request) error {
	for _, verb := range wanted.verbs {
		if err := s.Reviewer.AuthorizeResource(ctx, user, authorizationv1.ResourceAttributes{
			Namespace: wanted.namespace, Name: wanted.name, Verb: verb,
			Group: v1alpha1.GroupVersion.Group, Version: v1alpha1.GroupVersion.Version, Resource: "meetingrecordings",
		}); err != nil {
			return err
		}
	}
	return nil
}

// admit returns who may do what they ask for, and which feeds have the recordings.
func (s *Server) admit(ctx context.Context, r *http.Request, wanted request) (access.User, []int, *refusal) {
	user, refused := s.caller(ctx, r)
	if refused != nil {
		return access.User{}, nil, refused
	}
	if refused := s.maySee(ctx, user, wanted); refused != nil {
		return access.User{}, nil, refused
	}
	indices, refused := s.served(wanted.namespace)
	return user, indices, refused
}

// address returns where a request comes from.
func (s *Server) address(r *http.Request) netip.Addr { return clientaddress.Of(r, s.TrustedProxies) }

// tokenAdvice says why a token may not be accepted.
func (s *Server) tokenAdvice() string {
	advice := "the cluster does not accept the token: it may have expired"
	if len(s.Audiences) > 0 {
		advice += ", or was not issued for this server (kubectl create token --audience=" + s.Audiences[0] + ")"
	}
	return advice
}
