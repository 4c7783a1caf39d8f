// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package metricsauth serves metrics to those whom the API server lets get them. It asks as controller-runtime's filter does, by a TokenReview and a
// SubjectAccessReview, without that filter's weight: it would double the size of the sidecar's binary, and of its memory at rest.
package metricsauth

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
)

const (
	// allowedFor and refusedFor are how long the API server's answers are remembered.
	allowedFor = time.Minute
	refusedFor = 10 * time.Second
	// maxRemembered bounds the answers that are remembered: strangers can invent tokens.
	maxRemembered = 256
	// askTimeout is how long the API server may take for both answers.
	askTimeout = 5 * time.Second
	// maxToken bounds what is sent to the API server as a token.
	maxToken = 16 << 10
)

// Filter lets requests through to a handler whose sender may do them.
type Filter struct {
	next   http.Handler
	client *http.Client
	host   string
	clock  clock.PassiveClock
	log    logr.Logger

	mu         sync.Mutex
	remembered map[question]answer
}

// question is a request as far as the API server is asked about it.
type question struct {
	token        [sha256.Size]byte
	method, path string
}

// answer is the status to answer with: 200, 401 or 403.
type answer struct {
	status int
	until  time.Time
}

// New returns a filter that asks the API server of a configuration, as whom the configuration says: it needs the verb create on
// tokenreviews and subjectaccessreviews.
func New(cluster *rest.Config, next http.Handler, passive clock.PassiveClock, log logr.Logger) (*Filter, error) {
	client, err := rest.HTTPClientFor(cluster)
	if err != nil {
		return nil, fmt.Errorf("make a client of the API server: %w", err)
	}
	host, _, err := rest.DefaultServerUrlFor(cluster)
	if err != nil {
		return nil, fmt.Errorf("find the API server: %w", err)
	}
	return &Filter{
		next: next, client: client, host: strings.TrimSuffix(host.String(), "/"), clock: passive, log: log, remembered: map[question]answer{},
	}, nil
}

// ServeHTTP answers 401 to those whom the API server does not know, 403 to those who may not, 503 where it does not say, and passes the others on.
func (f *Filter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	status := http.StatusUnauthorized
	if isBearer && token != "" && len(token) <= maxToken {
		var err error
		if status, err = f.judge(r.Context(), token, strings.ToLower(r.Method), r.URL.Path); err != nil {
			f.log.Error(err, "metrics refused, because nobody says who may get them")
			status = http.StatusServiceUnavailable
		}
	}
	switch status {
	case http.StatusOK:
		f.next.ServeHTTP(w, r)
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, "Unauthorized: send a token of the cluster as Authorization: Bearer TOKEN", status)
	case http.StatusForbidden:
		http.Error(w, "Forbidden: this needs the verb "+strings.ToLower(r.Method)+" on the non-resource URL "+r.URL.Path+
			", which the ClusterRole metrics-reader of the operator grants", status)
	default:
		http.Error(w, "The API server does not say who may get this; the log says why", status)
	}
}

// judge returns what to answer to a request with a token: 200, 401 or 403.
func (f *Filter) judge(ctx context.Context, token, method, path string) (int, error) {
	q := question{sha256.Sum256([]byte(token)), method, path}
	if status, ok := f.recall(q); ok {
		return status, nil
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	status, err := f.ask(ctx, token, method, path)
	if err == nil {
		f.remember(q, status)
	}
	return status, err
}

// ask asks the API server.
func (f *Filter) ask(ctx context.Context, token, method, path string) (int, error) {
	review := authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token}}
	review.SetGroupVersionKind(authenticationv1.SchemeGroupVersion.WithKind("TokenReview"))
	if err := f.post(ctx, "/apis/authentication.k8s.io/v1/tokenreviews", &review); err != nil {
		return 0, err
	}
	if !review.Status.Authenticated {
		return http.StatusUnauthorized, nil
	}
	user := review.Status.User
	access := authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: user.Username, Groups: user.Groups, UID: user.UID, Extra: map[string]authorizationv1.ExtraValue{},
		NonResourceAttributes: &authorizationv1.NonResourceAttributes{Path: path, Verb: method},
	}}
	for key, values := range user.Extra {
		access.Spec.Extra[key] = authorizationv1.ExtraValue(values)
	}
	access.SetGroupVersionKind(authorizationv1.SchemeGroupVersion.WithKind("SubjectAccessReview"))
	if err := f.post(ctx, "/apis/authorization.k8s.io/v1/subjectaccessreviews", &access); err != nil {
		return 0, err
	}
	if !access.Status.Allowed {
		return http.StatusForbidden, nil
	}
	return http.StatusOK, nil
}

// post sends a review, and has it filled in by the answer.
func (f *Filter) post(ctx context.Context, path string, review any) error {
	body, err := json.Marshal(review)
	if err != nil {
		return fmt.Errorf("encode a review: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, f.host+path, strings.NewReader(string(body)))
	if err != nil {
		return fmt.Errorf("ask the API server: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	response, err := f.client.Do(request)
	if err != nil {
		return fmt.Errorf("ask the API server: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // what was read is all that is of interest
	if response.StatusCode != http.StatusCreated {
		return fmt.Errorf("the API server answers POST %s with %s; its ServiceAccount needs the ClusterRole metrics-auth of the operator", path, response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(review); err != nil {
		return fmt.Errorf("decode the API server's answer to POST %s: %w", path, err)
	}
	return nil
}

// recall returns what was answered to the same question a short while ago.
func (f *Filter) recall(q question) (status int, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a, ok := f.remembered[q]
	return a.status, ok && f.clock.Now().Before(a.until)
}

func (f *Filter) remember(q question, status int) {
	keep := refusedFor
	if status == http.StatusOK {
		keep = allowedFor
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.remembered) >= maxRemembered {
		clear(f.remembered)
	}
	f.remembered[q] = answer{status, f.clock.Now().Add(keep)}
}
