// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/metadata"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// TestUninstall lists every object of the cluster before the operator is installed and used, and after it is removed as the README says.
func TestUninstall(t *testing.T) {
	cluster.uninstall(t)
	before := awaitInventory(t)
	cluster.install(t, standard)
	r := newRecording(archivedMeeting)
	sender.mustSend(t, r.webhooks...)
	cluster.awaitProcessed(t, namespace, r.name, 2*time.Minute)
	if used, err := inventory(t.Context()); err != nil || len(used) < len(before)+20 {
		t.Fatalf("there are %d objects with the operator, and %d without it (%v)", len(used), len(before), err)
	}

	cluster.uninstall(t)
	harness.Within(t, 2*time.Minute, "nothing of the operator is left", func(ctx context.Context) error {
		after, err := inventory(ctx)
		if err != nil {
			return err
		}
		maps.DeleteFunc(after, func(object string, _ bool) bool { return before[object] })
		if len(after) > 0 {
			return fmt.Errorf("left: %s", strings.Join(slices.Sorted(maps.Keys(after)), ", "))
		}
		return nil
	})
	t.Logf("%d objects before and after", len(before))
}

// awaitInventory lists the objects once those of the operator are gone: their namespace and kinds end after what deletes them.
func awaitInventory(t *testing.T) (found map[string]bool) {
	t.Helper()
	harness.Within(t, 2*time.Minute, "an earlier installation is gone", func(ctx context.Context) error {
		var err error
		found, err = inventory(ctx)
		for object := range found {
			if strings.Contains(object, "meeting-recording") || strings.Contains(object, "recording.meetingops.dev") {
				return errors.Join(err, fmt.Errorf("there is %s", object))
			}
		}
		return err
	})
	return found
}

// inventory lists every object of every kind that can be listed, but Events, which report what was.
func inventory(ctx context.Context) (map[string]bool, error) {
	kinds, err := discovery.NewDiscoveryClientForConfig(cluster.config)
	if err != nil {
		return nil, err
	}
	objects, err := metadata.NewForConfig(cluster.config)
	if err != nil {
		return nil, err
	}
	lists, err := kinds.ServerPreferredResourcesWithContext(ctx)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, list := range discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list"}}, lists) {
		group, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, err
		}
		for _, kind := range list.APIResources {
			if kind.Name == "events" || kind.Name == "componentstatuses" {
				continue
			}
			all, err := objects.Resource(group.WithResource(kind.Name)).List(ctx, metav1.ListOptions{})
			if err != nil {
				return nil, fmt.Errorf("list %s of %s: %w", kind.Name, list.GroupVersion, err)
			}
			for _, o := range all.Items {
				found[fmt.Sprintf("%s/%s %s/%s", list.GroupVersion, kind.Name, o.Namespace, o.Name)] = true
			}
		}
	}
	return found, nil
}
