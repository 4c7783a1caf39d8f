// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/meetingops/meeting-recording-operator/internal/access"
)

// whoAmI is the answer about a session.
type whoAmI struct {
	User string `json:"user"`
	// Namespaces are those that are served; none means all.
	Namespaces []string `json:"namespaces"`
}

func (s *Server) about(user access.User) whoAmI {
	told := whoAmI{User: user.Username, Namespaces: []string{}}
	for _, f := range s.Feeds {
		if f.Namespace() != "" {
			told.Namespaces = append(told.Namespaces, f.Namespace())
		}
	}
	return told
}

// session serves GET /api/v1/session: who the caller is.
func (s *Server) session(w http.ResponseWriter, r *http.Request) {
	user, refused := s.caller(r.Context(), r)
	if refused != nil {
		refused.write(w)
		return
	}
	answer(w, http.StatusOK, s.about(user))
}

// beginSession serves POST /api/v1/session: it checks a token, and has the browser send it from then on.
func (s *Server) beginSession(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Token string `json:"token"`
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBodyBytes)).Decode(&body)
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		fail(w, http.StatusRequestEntityTooLarge, "the body is too long: it must be {\"token\": \"...\"}")
		return
	case err != nil && !errors.Is(err, io.EOF), body.Token == "":
		fail(w, http.StatusBadRequest, "the body must be {\"token\": \"...\"}")
		return
	case !fitsCookie(body.Token):
		fail(w, http.StatusBadRequest, "the token does not fit a cookie: it must be at most 3900 characters with no spaces, quotes, commas or semicolons")
		return
	}
	user, err := s.Reviewer.Authenticate(r.Context(), s.address(r), body.Token)
	if refused := s.refusalFor(err); refused != nil {
		refused.write(w)
		return
	}
	setSession(w, body.Token, isSecure(r, s.TrustedProxies))
	answer(w, http.StatusOK, s.about(user))
}

// endSession serves DELETE /api/v1/session.
func (s *Server) endSession(w http.ResponseWriter, r *http.Request) {
	clearSession(w, isSecure(r, s.TrustedProxies))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
}
