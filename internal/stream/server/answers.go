// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/go-logr/logr"
	authorizationv1 "k8s.io/api/authorization/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/access"
)

// answer writes a JSON object.
func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // the client is gone
}

// fail writes an error that tells the caller what to mend.
func fail(w http.ResponseWriter, code int, message string) {
	switch code {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer realm="meeting-recording-events"`)
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
	return http.TimeoutHandler(handler, answerTimeout, `{"error":"it took too long: try again"}`)
}

// guarded sets headers that every answer has, and answers a bug of ours.
func guarded(log logr.Logger, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if cause := recover(); cause != nil {
				if err, is := cause.(error); is && errors.Is(err, http.ErrAbortHandler) {
					panic(cause)
				}
				log.Error(nil, "A request met a bug", "stack", string(debug.Stack()))
				fail(w, http.StatusInternalServerError, "something is wrong with the server; its log has more")
			}
		}()
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		handler.ServeHTTP(w, r)
	})
}

// caller returns who sent the request.
func (s *Server) caller(ctx context.Context, r *http.Request) (access.User, *refusal) {
	token := tokenOf(r)
	if token == "" {
		return access.User{}, &refusal{http.StatusUnauthorized,
			"send a token of the cluster: Authorization: Bearer TOKEN, or begin a session with POST /api/v1/session"}
	}
	user, err := s.Reviewer.Authenticate(ctx, token)
	return user, s.refusalFor(err)
}

// refusalFor is nil for nil.
func (s *Server) refusalFor(err error) *refusal {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, access.ErrUnauthenticated):
		return &refusal{http.StatusUnauthorized, "the cluster does not accept the token: it may have expired"}
	case errors.Is(err, access.ErrForbidden):
		return &refusal{http.StatusForbidden, "you may not get meetingrecordings there: ask for a role that lets you, such as view"}
	case errors.Is(err, access.ErrBusy):
		return &refusal{http.StatusServiceUnavailable, "too many callers wait to be let in: try again"}
	case errors.Is(err, context.Canceled):
		return &refusal{http.StatusServiceUnavailable, "the request was given up"}
	}
	s.Log.Error(err, "The API server could not be asked")
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
	if len(indices) == 0 {
		return nil, &refusal{http.StatusNotFound, "this namespace is not served here"}
	}
	return indices, nil
}

// maySee is nil where the user may see the namespace, or with "" every one that is served.
func (s *Server) maySee(ctx context.Context, user access.User, namespace string) *refusal {
	if namespace != "" {
		return s.refusalFor(s.authorize(ctx, user, namespace))
	}
	for _, f := range s.Feeds {
		if refused := s.refusalFor(s.authorize(ctx, user, f.Namespace())); refused != nil {
			return refused
		}
	}
	return nil
}

// authorize returns nil if the user may get the MeetingRecordings of a namespace, or with "" of all.
func (s *Server) authorize(ctx context.Context, user access.User, namespace string) error {
	return s.Reviewer.AuthorizeResource(ctx, user, authorizationv1.ResourceAttributes{
		Namespace: namespace, Verb: "get", Group: v1alpha1.GroupVersion.Group, Version: v1alpha1.GroupVersion.Version, Resource: "meetingrecordings",
	})
}

// admit returns who may see a namespace's recordings, and which feeds have them.
func (s *Server) admit(ctx context.Context, r *http.Request, namespace string) (access.User, []int, *refusal) {
	user, refused := s.caller(ctx, r)
	if refused != nil {
		return access.User{}, nil, refused
	}
	if refused := s.maySee(ctx, user, namespace); refused != nil {
		return access.User{}, nil, refused
	}
	indices, refused := s.served(namespace)
	return user, indices, refused
}
