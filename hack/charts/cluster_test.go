// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
)

// cluster is an API server that nobody has installed anything into, and what a test does with it.
type cluster struct {
	clients    kubernetes.Interface
	discovery  discovery.DiscoveryInterface
	metadata   metadata.Interface
	kubeconfig string
	kubectl    string
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	ctrllog.SetLogger(logr.Discard())
	environment := &envtest.Environment{}
	config, err := environment.Start()
	if err != nil {
		t.Fatalf("starting an API server, of the binaries in KUBEBUILDER_ASSETS: %v", err)
	}
	t.Cleanup(func() {
		if err := environment.Stop(); err != nil {
			t.Error(err)
		}
	})
	config.QPS = -1
	config.WarningHandler = rest.NoWarnings{}
	admin, err := environment.AddUser(envtest.User{Name: "admin", Groups: []string{"system:masters"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	file, err := admin.KubeConfig()
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{kubeconfig: filepath.Join(t.TempDir(), "kubeconfig"), kubectl: filepath.Join(os.Getenv("KUBEBUILDER_ASSETS"), "kubectl")}
	if err := os.WriteFile(c.kubeconfig, file, 0o600); err != nil {
		t.Fatal(err)
	}
	c.connect(t, config)
	c.control(t)
	return c
}

func (c *cluster) connect(t *testing.T, config *rest.Config) {
	t.Helper()
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	c.clients, c.discovery = clients, clients.Discovery()
	if c.metadata, err = metadata.NewForConfig(config); err != nil {
		t.Fatal(err)
	}
}

// control does what a cluster's controller manager does when things are deleted, which envtest has not: it empties namespaces that are
// being deleted, and lets claims of volumes go that no Pod uses.
func (c *cluster) control(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		wait.UntilWithContext(ctx, func(ctx context.Context) {
			if err := c.finishDeletions(ctx); err != nil && ctx.Err() == nil {
				t.Logf("finishing deletions, which is tried again: %v", err)
			}
		}, 100*time.Millisecond)
	}()
	t.Cleanup(func() { cancel(); <-done })
}

func (c *cluster) finishDeletions(ctx context.Context) error {
	claims, err := c.clients.CoreV1().PersistentVolumeClaims("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, claim := range claims.Items {
		if claim.DeletionTimestamp == nil {
			continue
		}
		_, err := c.clients.CoreV1().PersistentVolumeClaims(claim.Namespace).Patch(ctx, claim.Name, types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	namespaces, err := c.clients.CoreV1().Namespaces().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, ns := range namespaces.Items {
		if ns.DeletionTimestamp == nil {
			continue
		}
		if err := c.empty(ctx, ns.Name); err != nil {
			return err
		}
		left, err := c.list(ctx, ns.Name)
		if err != nil {
			return err
		}
		if len(left) > 0 {
			continue // until next time
		}
		ns.Spec.Finalizers = nil
		if _, err := c.clients.CoreV1().Namespaces().Finalize(ctx, &ns, metav1.UpdateOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// empty deletes everything in a namespace.
func (c *cluster) empty(ctx context.Context, namespace string) error {
	resources, err := c.resources()
	if err != nil {
		return err
	}
	for resource, namespaced := range resources {
		if !namespaced {
			continue
		}
		err := c.metadata.Resource(resource).Namespace(namespace).DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{})
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsMethodNotSupported(err) {
			return fmt.Errorf("deleting %s: %w", resource.Resource, err)
		}
	}
	return nil
}

// ofOthers are kinds that the API server makes objects of at any time, or that only show others.
var ofOthers = []string{"events", "leases", "endpoints", "componentstatuses"}

// resources are all that can be listed, others' aside, and whether each is namespaced.
func (c *cluster) resources() (map[schema.GroupVersionResource]bool, error) {
	lists, err := c.discovery.ServerPreferredResources()
	if err != nil {
		return nil, err
	}
	resources := map[schema.GroupVersionResource]bool{}
	for _, list := range lists {
		group, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, err
		}
		for _, resource := range list.APIResources {
			if slices.Contains(resource.Verbs, "list") && !slices.Contains(ofOthers, resource.Name) {
				resources[group.WithResource(resource.Name)] = resource.Namespaced
			}
		}
	}
	return resources, nil
}

// list returns every object of the cluster, or of a namespace where one is given, as resource.group namespace/name, sorted.
func (c *cluster) list(ctx context.Context, namespace string) ([]string, error) {
	resources, err := c.resources()
	if err != nil {
		return nil, err
	}
	var all []string
	for resource, namespaced := range resources {
		if namespace != "" && !namespaced {
			continue
		}
		objects, err := c.metadata.Resource(resource).Namespace(namespace).List(ctx, metav1.ListOptions{})
		if apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err) {
			continue // its CRD has gone since
		}
		if err != nil {
			return nil, fmt.Errorf("listing %s: %w", resource.Resource, err)
		}
		for _, o := range objects.Items {
			all = append(all, strings.TrimSuffix(resource.Resource+"."+resource.Group, ".")+" "+strings.TrimPrefix(o.Namespace+"/"+o.Name, "/"))
		}
	}
	slices.Sort(all)
	return all, nil
}

// atStart are the objects that an API server goes on to make after it says that it is ready, in the background: until all of them are
// there, what a cluster has by itself is not known.
var atStart = []string{
	"configmaps kube-system/extension-apiserver-authentication",
	"configmaps kube-system/kube-apiserver-legacy-service-account-token-tracking",
	"endpointslices.discovery.k8s.io default/kubernetes",
	"namespaces default", "namespaces kube-node-lease", "namespaces kube-public", "namespaces kube-system",
	"servicecidrs.networking.k8s.io kubernetes",
	"services default/kubernetes",
}

// byItself waits for what an API server makes at its start, and returns all that the cluster then has.
func (c *cluster) byItself(ctx context.Context) ([]string, error) {
	var all []string
	err := c.settled(ctx, func(objects []string) error {
		all = objects
		for _, object := range atStart {
			if !slices.Contains(objects, object) {
				return fmt.Errorf("the API server has not yet made %s", object)
			}
		}
		return nil
	})
	return all, err
}

// settled returns what there is as soon as check has nothing against it, and else, after a minute, the last thing that it had.
func (c *cluster) settled(ctx context.Context, check func([]string) error) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, 200*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		objects, err := c.list(ctx, "")
		if err != nil {
			if last == nil {
				last = err
			}
			return false, nil
		}
		last = check(objects)
		return last == nil, nil
	})
	if err != nil {
		return errors.Join(err, last)
	}
	return nil
}
