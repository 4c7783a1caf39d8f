// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package access asks the API server who a caller is, and what they may see. There is no second list of users.
package access

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/singleflight"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/cache"
	"k8s.io/client-go/kubernetes"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// +kubebuilder:rbac:groups=authentication.k8s.io,resources=tokenreviews,verbs=create
// +kubebuilder:rbac:groups=authorization.k8s.io,resources=subjectaccessreviews,verbs=create

const (
	// remember is how long an answer is believed: a right that is taken away counts that much longer at most.
	remember = 10 * time.Second
	// maxRemembered bounds the answers that are remembered, each in about 500 bytes; maxRefusals the refusals, which are kept apart, so
	// that forged tokens push out no answer about a true one.
	maxRemembered = 4096
	maxRefusals   = 1024
	// maxAsking is how many reviews the API server has at once, so that forged tokens do not become its load, and maxWaiting how many
	// more wait for their turn.
	maxAsking  = 32
	maxWaiting = 256
	// askTimeout is how long the API server may take.
	askTimeout = 10 * time.Second
)

var (
	// ErrUnknown is returned for a token that the API server does not know.
	ErrUnknown = errors.New("the API server does not accept the token")
	// ErrForbidden is returned where the caller may not.
	ErrForbidden = errors.New("not allowed")
	// ErrBusy is returned at once where too many others wait to be asked about.
	ErrBusy = errors.New("too many wait for the API server's review")
)

// User is a caller, as the API server knows them.
type User = authenticationv1.UserInfo

// Reviewer asks, and remembers answers for some seconds.
type Reviewer struct {
	clients  kubernetes.Interface
	known    *cache.LRUExpireCache
	refusals *cache.LRUExpireCache
	flight   singleflight.Group
	places   chan struct{} // has an element for each who asks or waits
	asking   chan struct{}
}

// NewReviewer returns a Reviewer whose clock is for remembering only.
func NewReviewer(clients kubernetes.Interface, clock cache.Clock) *Reviewer {
	return &Reviewer{
		clients: clients, known: cache.NewLRUExpireCacheWithClock(maxRemembered, clock), refusals: cache.NewLRUExpireCacheWithClock(maxRefusals, clock),
		places: make(chan struct{}, maxAsking+maxWaiting), asking: make(chan struct{}, maxAsking),
	}
}

// answer is what was asked for and what came of it; err is ErrUnknown or ErrForbidden.
type answer struct {
	user User
	err  error
}

// WhoIs returns whose a bearer token is. The error is ErrUnknown, ErrBusy, or why the API server could not be asked.
func (r *Reviewer) WhoIs(ctx context.Context, token string) (User, error) {
	digest := sha256.Sum256([]byte(token)) // so that tokens are not kept
	got, err := r.remembered(ctx, "token/"+string(digest[:]), func(ctx context.Context) (answer, error) {
		review, err := r.clients.AuthenticationV1().TokenReviews().Create(ctx,
			&authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token}}, metav1.CreateOptions{})
		switch {
		case err != nil:
			return answer{}, fmt.Errorf("review a token: %w", err)
		case !review.Status.Authenticated:
			return answer{err: ErrUnknown}, nil
		}
		return answer{user: review.Status.User}, nil
	})
	return got.user, err
}

// MaySee is nil where the user may get the meetingrecordings of a namespace, or with "" of all. The error is ErrForbidden, ErrBusy, or
// why the API server could not be asked.
func (r *Reviewer) MaySee(ctx context.Context, user User, namespace string) error {
	extra := make(map[string]authorizationv1.ExtraValue, len(user.Extra))
	for key, values := range user.Extra {
		extra[key] = authorizationv1.ExtraValue(values)
	}
	spec := authorizationv1.SubjectAccessReviewSpec{
		User: user.Username, UID: user.UID, Groups: user.Groups, Extra: extra,
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: namespace, Verb: "get", Group: v1alpha1.GroupName, Version: "v1alpha1", Resource: "meetingrecordings",
		},
	}
	digest := sha256.Sum256([]byte(spec.String()))
	_, err := r.remembered(ctx, "access/"+string(digest[:]), func(ctx context.Context) (answer, error) {
		review, err := r.clients.AuthorizationV1().SubjectAccessReviews().Create(ctx,
			&authorizationv1.SubjectAccessReview{Spec: spec}, metav1.CreateOptions{})
		switch {
		case err != nil:
			return answer{}, fmt.Errorf("review access: %w", err)
		case !review.Status.Allowed:
			return answer{err: ErrForbidden}, nil
		}
		return answer{}, nil
	})
	return err
}

// remembered asks unless the answer is known; those who want the same at once ask once.
func (r *Reviewer) remembered(ctx context.Context, key string, ask func(context.Context) (answer, error)) (answer, error) {
	for _, answers := range []*cache.LRUExpireCache{r.known, r.refusals} {
		if known, found := answers.Get(key); found {
			return known.(answer), known.(answer).err
		}
	}
	asked := r.flight.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTimeout) // others may wait for it
		defer cancel()
		got, err := r.inTurn(ctx, ask)
		switch {
		case err != nil:
		case got.err != nil:
			r.refusals.Add(key, got, remember)
		default:
			r.known.Add(key, got, remember)
		}
		return got, err
	})
	select {
	case <-ctx.Done():
		return answer{}, ctx.Err()
	case result := <-asked:
		if result.Err != nil {
			return answer{}, result.Err
		}
		got := result.Val.(answer)
		return got, got.err
	}
}

// inTurn asks once few enough others do, or returns ErrBusy.
func (r *Reviewer) inTurn(ctx context.Context, ask func(context.Context) (answer, error)) (answer, error) {
	select {
	case r.places <- struct{}{}:
		defer func() { <-r.places }()
	default:
		return answer{}, ErrBusy
	}
	select {
	case r.asking <- struct{}{}:
		defer func() { <-r.asking }()
	case <-ctx.Done():
		return answer{}, fmt.Errorf("wait to ask the API server: %w", ctx.Err())
	}
	return ask(ctx)
}
