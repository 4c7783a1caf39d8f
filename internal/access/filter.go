// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"errors"
	"net/http"
	"strings"

	"github.com/go-logr/logr"

	"github.com/meetingops/meeting-recording-operator/internal/clientaddress"
)

// maxTokenBytes limits what is sent to the API server as a token.
const maxTokenBytes = 16 << 10

// BearerToken returns the token of the Authorization header; "" if it has none, or one that is too long.
func BearerToken(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if token = strings.TrimSpace(token); !strings.EqualFold(scheme, "Bearer") || len(token) > maxTokenBytes {
		return ""
	}
	return token
}

// Protect requires that the sender has the request's method as a verb on its path, as the ClusterRole metrics-reader grants for GET
// /metrics. It responds 401 to unknown senders, 403 to those without that right, and 503 if the API server is unavailable.
func Protect(reviewer *Reviewer, next http.Handler, log logr.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		verb := strings.ToLower(r.Method)
		switch err := reviewer.mayRequest(r, verb); {
		case err == nil:
			next.ServeHTTP(w, r)
		case errors.Is(err, ErrUnauthenticated):
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "Unauthorized: send a token of the cluster as Authorization: Bearer TOKEN", http.StatusUnauthorized)
		case errors.Is(err, ErrForbidden):
			http.Error(w, "Forbidden: this needs the verb "+verb+" on the non-resource URL "+r.URL.Path+
				", which the ClusterRole metrics-reader of the operator grants", http.StatusForbidden)
		default:
			log.Error(err, "Access check failed", "path", r.URL.Path)
			w.Header().Set("Retry-After", "5")
			http.Error(w, "Access could not be checked with the API server; the log says why", http.StatusServiceUnavailable)
		}
	})
}

func (r *Reviewer) mayRequest(request *http.Request, verb string) error {
	token := BearerToken(request)
	if token == "" {
		return ErrUnauthenticated
	}
	user, err := r.Authenticate(request.Context(), clientaddress.Of(request, nil), token)
	if err != nil {
		return err
	}
	return r.AuthorizePath(request.Context(), user, verb, request.URL.Path)
}
