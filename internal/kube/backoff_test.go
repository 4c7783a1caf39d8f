// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// After an outage of any length, with any number of recordings, each is tried again within half a minute of the API server's return.
func TestErrorsBackOff(t *testing.T) {
	limiter := RateLimiter()
	of := func(i int) reconcile.Request {
		return reconcile.Request{NamespacedName: types.NamespacedName{Namespace: "ns", Name: fmt.Sprint("rec-", i)}}
	}
	for i := range 5000 {
		if got := limiter.When(of(i)); got != 5*time.Millisecond {
			t.Fatalf("the first error of recording %d puts it off by %s, want 5ms", i, got)
		}
	}
	last := time.Duration(0)
	for range 1000 {
		next := limiter.When(of(0))
		if next < last {
			t.Fatalf("it is put off by %s after %s", next, last)
		}
		last = next
	}
	if last != 30*time.Second {
		t.Errorf("after a thousand errors it is put off by %s, want 30s", last)
	}
	limiter.Forget(of(0))
	if got := limiter.When(of(0)); got != 5*time.Millisecond {
		t.Errorf("after a success it is put off by %s, want 5ms", got)
	}
}
