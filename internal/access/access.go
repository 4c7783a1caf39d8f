// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package access asks the API server who a caller is and what they may do, by TokenReview and SubjectAccessReview, and caches the responses
// for some seconds. The events server and the metrics endpoints use it, so there is no second list of users.
//
// It sends the two requests itself: a generated clientset would double the size of the sidecar's binary and its memory at rest.
package access

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/util/cache"
	"k8s.io/client-go/rest"
)

// +kubebuilder:rbac:groups=authentication.k8s.io,resources=tokenreviews,verbs=create
// +kubebuilder:rbac:groups=authorization.k8s.io,resources=subjectaccessreviews,verbs=create

const (
	// cacheTTL is how long a response is cached: a revoked right lasts at most that much longer.
	cacheTTL = 10 * time.Second
	// maxCached limits the cached responses, each of about 500 bytes. Refusals have a separate cache, so that forged tokens do not evict
	// responses about genuine ones.
	maxCached         = 4096
	maxCachedRefusals = 1024
	// knownTTL is how long a valid token stays in the queue of known callers, and maxKnown the limit on such tokens.
	knownTTL = time.Hour
	maxKnown = 16384
	// queueTimeout limits how long a caller waits in a queue, and reviewTimeout one review.
	queueTimeout  = 20 * time.Second
	reviewTimeout = 10 * time.Second
)

var (
	// ErrUnauthenticated is returned for a token that the API server does not accept.
	ErrUnauthenticated = errors.New("the API server does not accept the token")
	// ErrForbidden is returned when the caller may not do what was asked about.
	ErrForbidden = errors.New("not allowed")
	// ErrBusy is returned when too many other reviews are waiting.
	ErrBusy = errors.New("too many reviews are waiting for the API server")
)

// User is a caller, as the API server names them.
type User = authenticationv1.UserInfo

// Options configure a Reviewer.
type Options struct {
	// Audiences are the audiences of accepted tokens; a token needs one of them. Without any it must be issued for the API server.
	Audiences []string
	// Clock expires cached answers.
	Clock cache.Clock
}

// Reviewer reviews tokens and access. It is safe for concurrent use.
//
// Unknown tokens wait in a separate queue. So forged ones delay neither callers whose token was valid within the last hour nor access
// reviews.
type Reviewer struct {
	client    *http.Client
	host      string
	audiences []string
	granted   *cache.LRUExpireCache
	refused   *cache.LRUExpireCache
	known     *cache.LRUExpireCache // digests of tokens that were found valid
	strangers *queue                // by address
	callers   *queue                // by user, or by the address of one whose token is known
}

// NewReviewer returns a Reviewer that asks the API server of the configuration. The configuration's user needs the verb create on
// tokenreviews and subjectaccessreviews.
func NewReviewer(cluster *rest.Config, options Options) (*Reviewer, error) {
	client, err := rest.HTTPClientFor(cluster)
	if err != nil {
		return nil, fmt.Errorf("make a client for access reviews: %w", err)
	}
	host, _, err := rest.DefaultServerUrlFor(cluster)
	if err != nil {
		return nil, fmt.Errorf("find the API server for access reviews: %w", err)
	}
	return &Reviewer{
		client: client, host: strings.TrimSuffix(host.String(), "/"), audiences: options.Audiences,
		granted:   cache.NewLRUExpireCacheWithClock(maxCached, options.Clock),
		refused:   cache.NewLRUExpireCacheWithClock(maxCachedRefusals, options.Clock),
		known:     cache.NewLRUExpireCacheWithClock(maxKnown, options.Clock),
		strangers: newQueue(), callers: newQueue(),
	}, nil
}

// result is a definite answer; err is ErrUnauthenticated or ErrForbidden.
type result struct {
	user User
	err  error
}

// Authenticate returns the user of a bearer token that came from an address. The error is ErrUnauthenticated, ErrBusy, or the failure of
// the request to the API server.
func (r *Reviewer) Authenticate(ctx context.Context, address netip.Addr, token string) (User, error) {
	digest := sha256.Sum256([]byte(token)) // tokens are not kept
	queue := r.strangers
	if _, known := r.known.Get(digest); known {
		queue = r.callers
	}
	got, err := r.cached(ctx, queue, "address "+address.String(), cacheKey{"token", digest}, func(ctx context.Context) (result, error) {
		review := &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token, Audiences: r.audiences}}
		review.SetGroupVersionKind(authenticationv1.SchemeGroupVersion.WithKind("TokenReview"))
		if err := r.post(ctx, tokenReviews, review); err != nil {
			return result{}, fmt.Errorf("review a token: %w", err)
		}
		if !review.Status.Authenticated || !r.acceptsOneOf(review.Status.Audiences) {
			r.known.Remove(digest)
			return result{err: ErrUnauthenticated}, nil
		}
		r.known.Add(digest, struct{}{}, knownTTL)
		return result{user: review.Status.User}, nil
	})
	return got.user, err
}

// acceptsOneOf reports whether a token for the audiences is meant for us. An authenticator that does not support audiences returns none: the
// token is then valid for the API server, not for us.
func (r *Reviewer) acceptsOneOf(audiences []string) bool {
	return len(r.audiences) == 0 || slices.ContainsFunc(audiences, func(audience string) bool { return slices.Contains(r.audiences, audience) })
}

// AuthorizeResource returns nil if the user may do what the attributes describe. The error is ErrForbidden, ErrBusy, or why the API server
// could not decide.
func (r *Reviewer) AuthorizeResource(ctx context.Context, user User, attributes authorizationv1.ResourceAttributes) error {
	return r.authorize(ctx, user, authorizationv1.SubjectAccessReviewSpec{ResourceAttributes: &attributes})
}

// AuthorizePath is AuthorizeResource for a verb, such as get, on a path that is not a resource, such as /metrics.
func (r *Reviewer) AuthorizePath(ctx context.Context, user User, verb, path string) error {
	return r.authorize(ctx, user, authorizationv1.SubjectAccessReviewSpec{
		NonResourceAttributes: &authorizationv1.NonResourceAttributes{Verb: verb, Path: path},
	})
}

func (r *Reviewer) authorize(ctx context.Context, user User, spec authorizationv1.SubjectAccessReviewSpec) error {
	spec.User, spec.UID, spec.Groups = user.Username, user.UID, user.Groups
	spec.Extra = make(map[string]authorizationv1.ExtraValue, len(user.Extra))
	for key, values := range user.Extra {
		spec.Extra[key] = authorizationv1.ExtraValue(values)
	}
	text, err := json.Marshal(spec) // unlike its String, it separates one field from the next whatever they contain
	if err != nil {
		return fmt.Errorf("review access: encode the review: %w", err)
	}
	_, err = r.cached(ctx, r.callers, "user "+user.Username, cacheKey{"access", sha256.Sum256(text)}, func(ctx context.Context) (result, error) {
		review := &authorizationv1.SubjectAccessReview{Spec: spec}
		review.SetGroupVersionKind(authorizationv1.SchemeGroupVersion.WithKind("SubjectAccessReview"))
		if err := r.post(ctx, accessReviews, review); err != nil {
			return result{}, fmt.Errorf("review access: %w", err)
		}
		switch status := review.Status; {
		case status.Allowed:
			return result{}, nil
		case status.EvaluationError != "" && !status.Denied:
			return result{}, fmt.Errorf("review access: the API server could not decide: %s", status.EvaluationError)
		}
		return result{err: ErrForbidden}, nil
	})
	return err
}

// cacheKey identifies a cached response: the kind of review, and the digest of the request.
type cacheKey struct {
	kind   string
	digest [sha256.Size]byte
}

// cached returns the cached response, or waits in the queue and reviews.
func (r *Reviewer) cached(ctx context.Context, queue *queue, client string, key cacheKey, review func(context.Context) (result, error)) (result, error) {
	if found, ok := r.lookUp(key); ok {
		return found, found.err
	}
	waiting, cancel := context.WithTimeout(ctx, queueTimeout)
	defer cancel()
	leave, err := queue.enter(waiting, client)
	if err != nil {
		return result{}, err
	}
	defer leave()
	if found, ok := r.lookUp(key); ok { // another caller asked meanwhile
		return found, found.err
	}
	ctx, cancelReview := context.WithTimeout(ctx, reviewTimeout)
	defer cancelReview()
	got, err := review(ctx)
	switch {
	case err != nil:
		return result{}, err
	case got.err != nil:
		r.refused.Add(key, got, cacheTTL)
	default:
		r.granted.Add(key, got, cacheTTL)
	}
	return got, got.err
}

func (r *Reviewer) lookUp(key cacheKey) (result, bool) {
	for _, results := range []*cache.LRUExpireCache{r.granted, r.refused} {
		if found, ok := results.Get(key); ok {
			return found.(result), true
		}
	}
	return result{}, false
}
