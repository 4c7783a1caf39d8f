// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-logr/logr"

	"github.com/meetingops/meeting-recording-operator/internal/access"
)

// TestRefusals: a refusal has a code, Retry-After if it can be retried, and words that say what to fix.
func TestRefusals(t *testing.T) {
	s := New(Options{Log: logr.Discard()})
	for name, test := range map[string]struct {
		err   error
		code  int
		says  string
		again bool
	}{
		"a token that is unknown": {access.ErrUnauthenticated, http.StatusUnauthorized, "may have expired", false},
		"no right":                {access.ErrForbidden, http.StatusForbidden, "ask for a role", false},
		"too many":                {fmt.Errorf("who: %w", access.ErrBusy), http.StatusServiceUnavailable, "too many requests wait", true},
		"cancelled":               {context.Canceled, http.StatusServiceUnavailable, "was cancelled", true},
		"no API server":           {errors.New("no connection"), http.StatusServiceUnavailable, "does not answer", true},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			s.refusalFor(test.err).write(w)
			if w.Code != test.code || !strings.Contains(w.Body.String(), test.says) || (w.Header().Get("Retry-After") != "") != test.again {
				t.Errorf("answered %d %v %s", w.Code, w.Header(), w.Body)
			}
		})
	}
	if s.refusalFor(nil) != nil {
		t.Error("no error is a refusal")
	}
}
