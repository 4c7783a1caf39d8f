// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"context"
	"errors"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

// Relist returns a source for an informer that lists again after the API server refused a connection. By default client-go continues the
// watch. But the API server may have restarted with an etcd that was restored from a backup and is past that version again: the informer
// would miss what was written until then.
func Relist(source cache.ListerWatcher) *cache.ListWatch {
	from := cache.ToListerWatcherWithContext(source)
	return &cache.ListWatch{
		ListWithContextFunc: from.ListWithContext,
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			w, err := from.WatchWithContext(ctx, options)
			if utilnet.IsConnectionRefused(err) {
				err = errors.New(err.Error()) // client-go lists again after any other error
			}
			return w, err
		},
	}
}
