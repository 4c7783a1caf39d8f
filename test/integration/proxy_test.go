// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/client-go/rest"
)

// apiRequest is one request that reached the API server.
type apiRequest struct {
	// program is the binary that sent it, by its user agent.
	program string
	// verb is Kubernetes' own: get, list, watch, create, patch and so on.
	verb string
	// resource has the subresource behind a slash, and says whether the request is a dry run, which writes nothing.
	resource string
	// name is that of the object, where the request names one.
	name string
}

// countingProxy stands between the binaries and the API server, and remembers every request.
type countingProxy struct {
	server *httptest.Server

	mu       sync.Mutex
	requests []apiRequest
}

func newCountingProxy(t testing.TB, config *rest.Config) *countingProxy {
	t.Helper()
	target, err := url.Parse(config.Host)
	if err != nil {
		t.Fatalf("the API server's address: %v", err)
	}
	if target.Scheme == "" {
		target = &url.URL{Scheme: "https", Host: config.Host}
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(config.CAData) {
		t.Fatal("the API server's certificate authority cannot be read")
	}
	p := &countingProxy{}
	forward := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true},
		FlushInterval: -1,
	}
	p.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.remember(r)
		forward.ServeHTTP(w, r)
	}))
	p.server.EnableHTTP2 = true
	p.server.StartTLS()
	t.Cleanup(p.server.CloseClientConnections)
	return p
}

var requestInfos = &request.RequestInfoFactory{
	APIPrefixes:          sets.NewString("api", "apis"),
	GrouplessAPIPrefixes: sets.NewString("api"),
}

func (p *countingProxy) remember(r *http.Request) {
	info, err := requestInfos.NewRequestInfo(r)
	if err != nil || !info.IsResourceRequest {
		return
	}
	resource := info.Resource
	if info.Subresource != "" {
		resource += "/" + info.Subresource
	}
	if r.URL.Query().Has("dryRun") {
		resource += " (dry run)"
	}
	program, _, _ := strings.Cut(r.UserAgent(), "/")
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = append(p.requests, apiRequest{program: program, verb: info.Verb, resource: resource, name: info.Name})
}

// count counts the requests that a program has sent, by verb and resource.
func (p *countingProxy) count(program string) map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	counts := map[string]int{}
	for _, r := range p.requests {
		if r.program == program {
			counts[r.verb+" "+r.resource]++
		}
	}
	return counts
}

// reset forgets the requests so far.
func (p *countingProxy) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = nil
}
