// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

// resource is one that requests can be sent to; subresource may be empty.
type resource struct {
	path, group, name, subresource string
	namespaced                     bool
	verbs                          []string
}

func (r resource) String() string {
	text := r.name
	if r.subresource != "" {
		text += "/" + r.subresource
	}
	return strings.TrimSuffix(text+"."+r.group, ".")
}

// servedResources returns what the API server serves.
func servedResources(t *testing.T) []resource {
	t.Helper()
	_, lists, err := clientset(t).Discovery().ServerGroupsAndResources()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]resource{}
	for _, list := range lists {
		path, group, found := "/apis/"+list.GroupVersion, "", false
		if group, _, found = strings.Cut(list.GroupVersion, "/"); !found {
			path, group = "/api/"+list.GroupVersion, "" // the core group's version stands alone
		}
		for i := range list.APIResources {
			name, subresource, _ := strings.Cut(list.APIResources[i].Name, "/")
			r := resource{path, group, name, subresource, list.APIResources[i].Namespaced, list.APIResources[i].Verbs}
			all[r.String()] = r
		}
	}
	for _, name := range []string{"secrets", "serviceaccounts/token", "pods/exec", "jobs.batch", "meetingrecordings/status.recording.meetingops.dev"} {
		if _, found := all[name]; !found {
			t.Fatalf("these are not all resources: %v", slices.Sorted(maps.Keys(all)))
		}
	}
	return slices.Collect(maps.Values(all))
}

// attempts are the requests of one verb: the method, and what follows the resource. No object has that name, and nothing is kept.
var attempts = map[string]struct{ method, name, query string }{
	"get":              {http.MethodGet, "/no-such", ""},
	"list":             {http.MethodGet, "", "?limit=1"},
	"watch":            {http.MethodGet, "", "?watch=true&timeoutSeconds=1"},
	"create":           {http.MethodPost, "", "?dryRun=All"},
	"update":           {http.MethodPut, "/no-such", "?dryRun=All"},
	"patch":            {http.MethodPatch, "/no-such", "?dryRun=All"},
	"delete":           {http.MethodDelete, "/no-such", "?dryRun=All"},
	"deletecollection": {http.MethodDelete, "", "?dryRun=All&labelSelector=no-such"},
}

// tryEverything sends one request of each verb to each resource at each place, and a GET to each other path, with the token of each identity, and
// compares what is not refused with the rules.
func tryEverything(t *testing.T, nobody identity, identities []identity, rules map[string]map[string][]rule, resources []resource) {
	t.Helper()
	everybodys := succeeding(t, nobody, other, resources)
	for _, who := range identities {
		for place, granted := range rules[who.name] {
			want := map[string]bool{}
			for _, rule := range granted {
				if strings.HasPrefix(rule.what, "/") && place == other {
					for _, verb := range rule.verbs {
						want[verb+" "+rule.what] = true
					}
				}
			}
			for _, r := range resources {
				for _, rule := range granted {
					if rule.what == r.String() && rule.names == nil && (r.namespaced || place == other) {
						for _, verb := range rule.verbs {
							if slices.Contains(r.verbs, verb) {
								want[verb+" "+r.String()] = true
							}
						}
					}
				}
			}
			got := succeeding(t, who, place, resources)
			maps.DeleteFunc(got, func(right string, _ bool) bool { return everybodys[right] && !want[right] })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("with the token of %s in %s (-want +got):\n%s", who.name, place, diff)
			}
		}
		refuseImpersonation(t, who)
	}
}

// succeeding returns which attempts the API server does not forbid. Resources without a namespace are tried at one place only.
func succeeding(t *testing.T, who identity, place string, resources []resource) map[string]bool {
	t.Helper()
	config := configOf(who)
	requests, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	allowed := map[string]bool{}
	next := make(chan resource)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for r := range next {
				for _, verb := range r.verbs {
					forbidden, err := isForbidden(t, requests, config.Host, place, verb, r)
					if err != nil {
						t.Errorf("%s %s: %v", verb, r, err)
					}
					if err == nil && !forbidden {
						mu.Lock()
						allowed[verb+" "+r.String()] = true
						mu.Unlock()
					}
				}
			}
		})
	}
	for _, r := range resources {
		if r.namespaced || place == other {
			next <- r
		}
	}
	close(next)
	workers.Wait()
	if place == other {
		for _, path := range servedPaths(t) {
			status := statusOf(t, requests, strings.TrimSuffix(config.Host, "/")+path)
			if status != http.StatusForbidden {
				allowed["get "+path] = true
			}
		}
	}
	return allowed
}

// servedPaths are those of the API server that have no resources, and that of the sidecar's metrics, which is named like one.
func servedPaths(t *testing.T) []string {
	t.Helper()
	var root metav1.RootPaths
	text, err := clientset(t).Discovery().RESTClient().Get().AbsPath("/").DoRaw(t.Context())
	if err == nil {
		err = json.Unmarshal(text, &root)
	}
	if err != nil || !slices.Contains(root.Paths, "/metrics") {
		t.Fatalf("the paths are not known: %v, %v", root.Paths, err)
	}
	return append(slices.DeleteFunc(root.Paths, func(path string) bool { return strings.HasPrefix(path, "/api") }), "/debug/pprof/", "/logs/", "/metrics/sidecar")
}

func statusOf(t *testing.T, requests *http.Client, url string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := requests.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// isForbidden reports whether the API server refuses the verb. What else it may find wrong with the request, it looks at after that.
func isForbidden(t *testing.T, requests *http.Client, host, place, verb string, r resource) (bool, error) {
	attempt, known := attempts[verb]
	if !known {
		return false, fmt.Errorf("the test knows no request of that verb")
	}
	url := host + r.path
	if r.namespaced {
		url += "/namespaces/" + place
	}
	url += "/" + r.name
	switch {
	case r.subresource != "":
		url += "/no-such/" + r.subresource
	default:
		url += attempt.name
	}
	request, err := http.NewRequestWithContext(t.Context(), attempt.method, url+attempt.query, strings.NewReader("{}"))
	if err != nil {
		return false, err
	}
	request.Header.Set("Content-Type", "application/json")
	if verb == "patch" {
		request.Header.Set("Content-Type", "application/merge-patch+json")
	}
	response, err := requests.Do(request)
	if err != nil {
		return false, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusForbidden {
		if response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusMethodNotAllowed {
			return false, fmt.Errorf("answered %s", response.Status)
		}
		return false, nil
	}
	text, err := io.ReadAll(response.Body)
	// A policy's refusal comes later, and has other words.
	return strings.Contains(string(text), "cannot "+verb+" resource"), err
}

// refuseImpersonation tries to be somebody else.
func refuseImpersonation(t *testing.T, who identity) {
	t.Helper()
	config := configOf(who)
	config.Impersonate = rest.ImpersonationConfig{UserName: "admin", Groups: []string{"system:masters"}}
	requests, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	if status := statusOf(t, requests, config.Host+"/api"); status != http.StatusForbidden {
		t.Errorf("%s impersonates an administrator: %d", who.name, status)
	}
}
