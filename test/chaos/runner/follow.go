// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// follow reports every object of a kind and of every change, until ctx is done, through whatever happens to the API server: it goes on
// after the last change that it has seen, and where that cannot be, with all objects again.
func follow(ctx context.Context, c client.WithWatch, empty client.ObjectList, see func(client.Object)) {
	const pause = 100 * time.Millisecond
	for version := ""; ctx.Err() == nil; harness.Sleep(ctx, pause) {
		if version == "" {
			version = listAll(ctx, c, empty, see)
		} else {
			version = watchFrom(ctx, c, empty, version, see)
		}
	}
}

// listAll reports all objects, and returns the version to watch from; none where it failed.
func listAll(ctx context.Context, c client.WithWatch, empty client.ObjectList, see func(client.Object)) string {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	list := empty.DeepCopyObject().(client.ObjectList)
	if err := c.List(ctx, list, client.InNamespace(namespace)); err != nil {
		return ""
	}
	_ = meta.EachListItem(list, func(object runtime.Object) error {
		see(object.(client.Object))
		return nil
	})
	return list.GetResourceVersion()
}

// watchFrom reports changes after a version, and returns the version to go on from; none where that is too long ago.
func watchFrom(ctx context.Context, c client.WithWatch, empty client.ObjectList, version string, see func(client.Object)) string {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	options := &client.ListOptions{Namespace: namespace, Raw: &metav1.ListOptions{ResourceVersion: version, AllowWatchBookmarks: true}}
	watching, err := c.Watch(ctx, empty.DeepCopyObject().(client.ObjectList), options)
	if err != nil {
		if isReasonToList(err) {
			return ""
		}
		return version
	}
	defer watching.Stop()
	for event := range watching.ResultChan() {
		object, isObject := event.Object.(client.Object)
		if event.Type == watch.Error || !isObject {
			return ""
		}
		version = object.GetResourceVersion()
		if event.Type != watch.Bookmark {
			see(object)
		}
	}
	return version
}
