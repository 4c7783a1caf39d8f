// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package apicheck_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/watch"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/meetingops/meeting-recording-operator/internal/apicheck"
)

// A cache that was synced, and can be listed no more once its watch ends, is stale until it has a newer version.
func TestCaches(t *testing.T) {
	handlers := utilruntime.ErrorHandlers
	utilruntime.ErrorHandlers = nil // they sleep by a clock of their own
	defer func() { utilruntime.ErrorHandlers = handlers }()
	synctest.Test(t, func(t *testing.T) {
		var refused atomic.Bool
		var version atomic.Value
		version.Store("100")
		lists := &toolscache.ListWatch{
			ListWithContextFunc: func(context.Context, metav1.ListOptions) (runtime.Object, error) {
				if refused.Load() {
					return nil, errors.New("cannot be decoded")
				}
				return &metav1.PartialObjectMetadataList{ListMeta: metav1.ListMeta{ResourceVersion: version.Load().(string)}}, nil
			},
			WatchFuncWithContext: func(_ context.Context, options metav1.ListOptions) (watch.Interface, error) {
				if options.SendInitialEvents != nil {
					return nil, errors.New("no list by a watch")
				}
				ended := watch.NewRaceFreeFake()
				time.AfterFunc(10*time.Second, func() { ended.Error(&metav1.Status{Reason: metav1.StatusReasonExpired, Code: 410}) })
				return ended, nil
			},
		}
		var caches apicheck.Caches
		informer := toolscache.NewSharedIndexInformer(lists, &metav1.PartialObjectMetadata{}, 0, nil)
		if err := informer.SetWatchErrorHandlerWithContext(caches.Failed); err != nil {
			t.Fatal(err)
		}
		go informer.RunWithContext(t.Context())
		pass := func(what, want string) {
			t.Helper()
			time.Sleep(3 * time.Minute) //nolint:forbidigo // the bubble's clock
			text := ""
			if err := caches.Ready(nil); err != nil {
				text = err.Error()
			}
			if text != want {
				t.Errorf("%s: %q, want %q", what, text, want)
			}
		}
		pass("all is well", "")
		refused.Store(true)
		pass("the list fails", "cache of *v1.PartialObjectMetadata is stale: failed to list *v1.PartialObjectMetadata: cannot be decoded")
		refused.Store(false)
		version.Store("101")
		pass("the list succeeds", "")
	})
}
