// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

// After a refused connection an informer lists, and so sees what was written below the version that it knows.
func TestRelist(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		restored := false
		stored := func() *batchv1.JobList {
			list := &batchv1.JobList{ListMeta: metav1.ListMeta{ResourceVersion: "100"}}
			if restored { // from a backup, and past the version that was seen before
				list.ResourceVersion = "110"
				list.Items = append(list.Items, batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "new", ResourceVersion: "90"}})
			}
			return list
		}
		var watches []watch.Interface
		source := &cache.ListWatch{
			ListWithContextFunc: func(context.Context, metav1.ListOptions) (runtime.Object, error) { return stored(), nil },
			WatchFuncWithContext: func(_ context.Context, options metav1.ListOptions) (watch.Interface, error) {
				if options.SendInitialEvents != nil {
					return nil, errors.New("no watch lists here")
				}
				if len(watches) == 1 && !restored {
					restored = true
					return nil, fmt.Errorf("dial tcp: %w", syscall.ECONNREFUSED)
				}
				watches = append(watches, watch.NewFake())
				return watches[len(watches)-1], nil
			},
		}
		informer := cache.NewSharedIndexInformer(Relist(source), &batchv1.Job{}, 0, cache.Indexers{})
		// The default one sleeps until the clock is past the last error: that of the bubble never is.
		if err := informer.SetWatchErrorHandlerWithContext(func(context.Context, *cache.Reflector, error) {}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { informer.RunWithContext(ctx) })
		after := func(d time.Duration) {
			<-time.After(d)
			synctest.Wait()
		}
		after(time.Second)
		if keys := informer.GetStore().ListKeys(); len(watches) != 1 || len(keys) != 0 {
			t.Fatalf("%d watches, %q at the start", len(watches), keys)
		}
		watches[0].Stop()
		after(time.Minute)
		if keys := informer.GetStore().ListKeys(); !slices.Equal(keys, []string{"new"}) {
			t.Errorf("after the outage it has %q", keys)
		}
		cancel()
		running.Wait()
	})
}
