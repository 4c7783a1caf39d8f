// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	clients "k8s.io/client-go/kubernetes/typed/authentication/v1"
	"k8s.io/utils/clock"
)

// A flood of tokens is at most maxAsking reviews at once, and makes at most maxWaiting callers wait; those beyond are told so at once.
func TestTooManyTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &apiServer{reviews: map[string]int{}, release: make(chan struct{})}
		r := NewReviewer(api, clock.RealClock{})
		answers := make(chan error, maxAsking+maxWaiting)
		for i := range maxAsking + maxWaiting {
			go func() {
				_, err := r.WhoIs(t.Context(), "forged-"+strconv.Itoa(i))
				answers <- err
			}()
		}
		synctest.Wait()
		if n := api.count("forged-"); n != maxAsking {
			t.Errorf("%d reviews at once", n)
		}
		if _, err := r.WhoIs(t.Context(), "true"); !errors.Is(err, ErrBusy) {
			t.Errorf("one too many: %v", err)
		}
		close(api.release)
		for range maxAsking + maxWaiting {
			if err := <-answers; !errors.Is(err, ErrUnknown) {
				t.Errorf("one who waited: %v", err)
			}
		}
		if user, err := r.WhoIs(t.Context(), "true"); err != nil || user.Username != "somebody" {
			t.Errorf("afterwards: %v, %v", user, err)
		}
	})
}

// Forged tokens, however many, do not have the API server asked again about a true one; and each is asked about once.
func TestForgedTokensAreKeptApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &apiServer{reviews: map[string]int{}, release: make(chan struct{})}
		close(api.release)
		r := NewReviewer(api, clock.RealClock{})
		ask := func(token string, want error) {
			t.Helper()
			if _, err := r.WhoIs(t.Context(), token); !errors.Is(err, want) {
				t.Fatalf("%s: %v", token, err)
			}
		}
		ask("true", nil)
		for i := range maxRemembered + maxRefusals {
			ask("forged-"+strconv.Itoa(i), ErrUnknown)
		}
		ask("true", nil)
		ask("forged-"+strconv.Itoa(maxRemembered+maxRefusals-1), ErrUnknown)
		if n := api.count("true"); n != 1 {
			t.Errorf("the true token was reviewed %d times", n)
		}
		if n := api.count("forged-"); n != maxRemembered+maxRefusals {
			t.Errorf("%d reviews of forged tokens", n)
		}
	})
}

// apiServer knows the token "true", and answers once it is released.
type apiServer struct {
	kubernetes.Interface
	clients.AuthenticationV1Interface
	clients.TokenReviewInterface
	release chan struct{}

	mu      sync.Mutex
	reviews map[string]int
}

func (a *apiServer) AuthenticationV1() clients.AuthenticationV1Interface { return a }
func (a *apiServer) TokenReviews() clients.TokenReviewInterface          { return a }

func (a *apiServer) Create(_ context.Context, review *authenticationv1.TokenReview, _ metav1.CreateOptions) (*authenticationv1.TokenReview, error) {
	a.mu.Lock()
	a.reviews[review.Spec.Token]++
	a.mu.Unlock()
	<-a.release
	return &authenticationv1.TokenReview{Status: authenticationv1.TokenReviewStatus{
		Authenticated: review.Spec.Token == "true", User: authenticationv1.UserInfo{Username: "somebody"},
	}}, nil
}

// count returns how many reviews there were of tokens that begin so.
func (a *apiServer) count(prefix string) (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for token, times := range a.reviews {
		if strings.HasPrefix(token, prefix) {
			n += times
		}
	}
	return n
}
