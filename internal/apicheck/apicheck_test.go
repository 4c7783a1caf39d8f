// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package apicheck_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/meetingops/meeting-recording-operator/internal/apicheck"
)

var recordings = schema.GroupVersionResource{Group: "recording.meetingops.dev", Version: "v1alpha1", Resource: "meetingrecordings"}

// apiServer answers lists and watches.
type apiServer struct {
	mu       sync.Mutex
	revision int
	// refused has the status code for a namespace, noWatch that which may be listed only, noPods that whose Pods may not be listed, and down
	// whether there is no answer.
	refused map[string]int
	noWatch string
	noPods  string
	down    bool
}

func (a *apiServer) set(change func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change()
}

func (a *apiServer) RoundTrip(r *http.Request) (*http.Response, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.down {
		return nil, errors.New("connection refused")
	}
	_, namespace, _ := strings.Cut(r.URL.Path, "/namespaces/")
	namespace, resource, _ := strings.Cut(namespace, "/")
	isWatch := r.URL.Query().Get("watch") != ""
	code, body := http.StatusOK, fmt.Sprintf(`{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"%d"},"items":[]}`, a.revision)
	if refused := a.refused[namespace]; refused != 0 {
		code = refused
	} else if isWatch && namespace == a.noWatch || resource == "pods" && namespace == a.noPods {
		code = http.StatusForbidden
	} else if isWatch {
		body = ""
	}
	if code != http.StatusOK {
		reason := map[int]string{403: "Forbidden", 404: "NotFound"}[code]
		body = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"` + reason + `","message":"` + reason + `","code":` + strconv.Itoa(code) + `}`
	}
	return &http.Response{StatusCode: code, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func newChecker(t *testing.T, api *apiServer, namespaces ...string) *apicheck.Checker {
	t.Helper()
	checker, err := apicheck.New(&rest.Config{Host: "http://api", Transport: api, QPS: -1}, namespaces, logr.Discard(), recordings)
	if err != nil {
		t.Fatal(err)
	}
	return checker
}

// A namespace that cannot be read is named, and the others are readable.
func TestCheck(t *testing.T) {
	api := &apiServer{revision: 7, refused: map[string]int{"b": 403, "d": 404}, noWatch: "e", noPods: "f"}
	checker := newChecker(t, api, "a", "b", "c", "d", "e", "f")
	checker.AlsoList(schema.GroupVersionResource{Version: "v1", Resource: "pods"})
	if got := checker.Check(t.Context()); !slices.Equal(got, []string{"a", "c"}) {
		t.Errorf("readable: %v", got)
	}
	err := checker.Ready(nil)
	for _, want := range []string{
		"list meetingrecordings in namespace b: Forbidden", "namespace d: NotFound: install the CRDs of this version", "watch meetingrecordings in namespace e: Forbidden",
		"list pods in namespace f: Forbidden",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ready: %v, want %q", err, want)
		}
	}
	api.set(func() { api.refused, api.noWatch, api.noPods = nil, "", "" })
	if got := checker.Check(t.Context()); len(got) != 6 || checker.Ready(nil) != nil {
		t.Errorf("readable: %v, %v", got, checker.Ready(nil))
	}
	api.set(func() { api.down = true })
	if got := checker.Check(t.Context()); len(got) != 6 || checker.Ready(nil) == nil {
		t.Errorf("while the API server is down: %v, %v", got, checker.Ready(nil))
	}
}

func TestStart(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*apiServer)
		want   string // in the error; empty: it goes on
	}{
		"nothing happens":          {func(*apiServer) {}, ""},
		"the revision grows":       {func(a *apiServer) { a.revision = 200 }, ""},
		"etcd was restored":        {func(a *apiServer) { a.revision = 60 }, "went back from 100 to 60"},
		"the API server is down":   {func(a *apiServer) { a.down = true }, ""},
		"a namespace becomes good": {func(a *apiServer) { a.refused = nil }, "namespace b can be read now"},
		"another becomes bad":      {func(a *apiServer) { a.refused = map[string]int{"a": 403, "b": 403} }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := &apiServer{revision: 100, refused: map[string]int{"b": 403}}
				checker := newChecker(t, api, "a", "b")
				checker.Check(t.Context())
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
				defer cancel()
				ended := make(chan error, 1)
				go func() { ended <- checker.Start(ctx) }()
				time.Sleep(12 * time.Second) //nolint:forbidigo // the bubble's clock
				api.set(func() { test.change(api) })
				err := <-ended
				if test.want == "" && err != nil || test.want != "" && (!errors.Is(err, apicheck.ErrRestart) || !strings.Contains(err.Error(), test.want)) {
					t.Errorf("ended with %v, want %q", err, test.want)
				}
			})
		})
	}
}

// What a restored etcd lacks is noticed however far it has come when somebody may read it again.
func TestRestoreWhileRefused(t *testing.T) {
	for name, test := range map[string]struct {
		namespaces []string
		refuse     []string
		revision   int
		want       string // in the error; empty: it goes on
	}{
		"the only namespace":                    {[]string{"a"}, []string{"a"}, 150, "may have been restored"},
		"all namespaces":                        {nil, []string{""}, 150, "may have been restored"},
		"each of two":                           {[]string{"a", "b"}, []string{"a", "b"}, 150, "may have been restored"},
		"one of two, which knows nothing new":   {[]string{"a", "b"}, []string{"a"}, 150, ""},
		"one of two, while the other goes back": {[]string{"a", "b"}, []string{"a"}, 60, "went back from 100 to 60"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := &apiServer{revision: 100}
				checker := newChecker(t, api, test.namespaces...)
				checker.Check(t.Context())
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
				defer cancel()
				ended := make(chan error, 1)
				go func() { ended <- checker.Start(ctx) }()
				pass := func(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // the bubble's clock
				pass(12 * time.Second)
				api.set(func() {
					api.refused = make(map[string]int)
					for _, namespace := range test.refuse {
						api.refused[namespace] = 403
					}
				})
				pass(12 * time.Second) // less than there is between two checks of the namespaces
				api.set(func() { api.revision = test.revision })
				pass(12 * time.Second)
				api.set(func() { api.refused = nil })
				err := <-ended
				if test.want == "" && err != nil || test.want != "" && (!errors.Is(err, apicheck.ErrRestart) || !strings.Contains(err.Error(), test.want)) {
					t.Errorf("ended with %v, want %q", err, test.want)
				}
			})
		})
	}
}

type versioned struct{ atomic.Value }

func (v *versioned) LastSyncResourceVersion() string {
	version, _ := v.Load().(string)
	return version
}

// A backup may be younger than the last look at the revision: then only caches saw that etcd had come further.
func TestRestoreToAfterTheLastLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &apiServer{revision: 100}
		checker := newChecker(t, api, "a")
		var cache, unsynced versioned
		cache.Store("90")
		checker.AlsoCompare(&unsynced)
		checker.AlsoCompare(&cache)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		ended := make(chan error, 1)
		go func() { ended <- checker.Start(ctx) }()
		pass := func(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // the bubble's clock
		pass(12 * time.Second)
		api.set(func() { api.down = true })
		pass(time.Second)
		cache.Store("150")
		pass(12 * time.Second)
		api.set(func() { api.down, api.revision = false, 120 })
		if err := <-ended; !errors.Is(err, apicheck.ErrRestart) || !strings.Contains(err.Error(), "went back from 150 to 120") {
			t.Errorf("ended with %v", err)
		}
	})
}
