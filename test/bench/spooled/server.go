// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package spooled

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"time"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
)

// slowServer is as much of an API server as the sidecar needs. Each write takes its time.
type slowServer struct {
	*httptest.Server
	delay time.Duration

	mu      sync.Mutex
	version int
	objects map[string][]byte // by name
}

func newSlowServer(delay time.Duration) *slowServer {
	s := &slowServer{delay: delay, objects: map[string][]byte{}}
	s.Server = httptest.NewServer(s)
	return s
}

// ServeHTTP implements http.Handler.
func (s *slowServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the sidecar has gone
	}
	name := path.Base(strings.TrimSuffix(r.URL.Path, "/status"))
	if r.Method != http.MethodGet {
		<-time.After(s.delay)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	object, exists := s.objects[name]
	switch r.Method {
	case http.MethodPost:
		var created struct {
			Metadata map[string]any `json:"metadata"`
			Spec     map[string]any `json:"spec"`
		}
		if err := json.Unmarshal(body, &created); err != nil {
			fail(w, http.StatusBadRequest, "BadRequest")
			return
		}
		if name = fmt.Sprint(created.Metadata["name"]); s.objects[name] != nil {
			fail(w, http.StatusConflict, "AlreadyExists")
			return
		}
		created.Metadata["resourceVersion"] = "1"
		object, err = json.Marshal(map[string]any{"metadata": created.Metadata, "spec": created.Spec, "status": map[string]any{"recording": map[string]any{"events": []any{}}}})
	case http.MethodPatch:
		var patch jsonpatch.Patch
		if patch, err = jsonpatch.DecodePatch(body); err == nil {
			object, err = patch.Apply(object)
		}
		if err == nil {
			s.version++
			object, err = jsonpatch.MergePatch(object, fmt.Appendf(nil, `{"metadata":{"resourceVersion":"%d"}}`, s.version+1))
		}
	default:
		if !exists {
			fail(w, http.StatusNotFound, "NotFound")
			return
		}
	}
	if err != nil {
		fail(w, http.StatusUnprocessableEntity, "Invalid")
		return
	}
	s.objects[name] = object
	_, _ = w.Write(object) // the sidecar asks again if this fails
}

func fail(w http.ResponseWriter, code int, reason string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":%q,"code":%d}`, reason, code)
}

// deliveries counts what is in the status of all objects.
func (s *slowServer) deliveries() (total int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, content := range s.objects {
		var object struct {
			Status struct {
				Recording struct {
					Events []struct{ Deliveries int }
				}
			}
		}
		if json.Unmarshal(content, &object) == nil {
			for _, ev := range object.Status.Recording.Events {
				total += ev.Deliveries
			}
		}
	}
	return total
}
