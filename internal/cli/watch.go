// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

// startWatch starts a watch with the options' revision.
type startWatch func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error)

// followFrom visits every change after the revision until ctx is done or visit fails. It starts the watch again where the
// connection ends.
func followFrom(ctx context.Context, revision string, start startWatch, visit func(watch.Event) error) error {
	watcher, err := watchtools.NewRetryWatcherWithContext(ctx, revision, &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return start(ctx, options)
		},
	})
	if err != nil {
		return fmt.Errorf("watch meetingrecordings: %w", err)
	}
	defer watcher.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case event, open := <-watcher.ResultChan():
			if !open {
				return errors.Join(ctx.Err(), errors.New("watch meetingrecordings: the API server ended the watch: run the command again"))
			}
			if event.Type == watch.Error {
				return explain(fmt.Errorf("watch: %w", apierrors.FromObject(event.Object)), "watch", "meetingrecordings", "")
			}
			if err := visit(event); err != nil {
				return err
			}
		}
	}
}
