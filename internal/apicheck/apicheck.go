// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package apicheck checks what a program that caches objects depends on: that it may list and watch them in each namespace, and that etcd
// was not restored from a backup while it ran. It names the namespace that cannot be read, so that the program can serve the others.
package apicheck

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
)

const (
	// revisionEvery is the time between two looks at etcd's revision, and namespacesEvery between two checks of all namespaces.
	revisionEvery   = 5 * time.Second
	namespacesEvery = 30 * time.Second
	// requestTimeout limits one request.
	requestTimeout = 10 * time.Second
)

// ErrRestart is returned by Start when the program has to start again: its caches no longer describe the cluster.
var ErrRestart = errors.New("starting again")

// Checker checks namespaces and etcd's revision.
type Checker struct {
	client     metadata.Interface
	resources  []schema.GroupVersionResource
	listed     []schema.GroupVersionResource
	namespaces []string
	log        logr.Logger

	problems Problems
	// revision is etcd's when it was last read, and refused whether all namespaces refused to be read since. Only Start uses them.
	revision uint64
	refused  bool

	mu     sync.Mutex
	caches []versioned
}

// versioned is a cache, such as an informer. It has the version of the last change that reached it.
type versioned interface{ LastSyncResourceVersion() string }

// New returns a Checker for resources in namespaces; none, or "", is the whole cluster.
func New(cluster *rest.Config, namespaces []string, log logr.Logger, resources ...schema.GroupVersionResource) (*Checker, error) {
	client, err := metadata.NewForConfig(cluster)
	if err != nil {
		return nil, fmt.Errorf("make a client to check the API server: %w", err)
	}
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	return &Checker{client: client, namespaces: namespaces, resources: resources, log: log}, nil
}

// AlsoList sets the resources that the program lists, but does not watch.
func (c *Checker) AlsoList(resources ...schema.GroupVersionResource) { c.listed = resources }

// AlsoCompare counts a cache's version as an observed revision. It must be of a resource that is checked: others may be in another etcd.
func (c *Checker) AlsoCompare(cache versioned) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.caches = append(c.caches, cache)
}

// reached returns the newest revision that etcd is known to have had.
func (c *Checker) reached() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	reached := c.revision
	for _, cache := range c.caches {
		if version, err := strconv.ParseUint(cache.LastSyncResourceVersion(), 10, 64); err == nil { // there is none before it is synced
			reached = max(reached, version)
		}
	}
	return reached
}

// Check checks all namespaces, and returns those that can be read. A namespace counts as readable while the API server cannot be
// reached: only its answer shows that it is not.
func (c *Checker) Check(ctx context.Context) []string {
	var readable []string
	for _, namespace := range c.namespaces {
		err := c.read(ctx, namespace)
		if !isRefusal(err) {
			readable = append(readable, namespace)
		}
		c.setProblem(namespace, err)
	}
	return readable
}

// setProblem records an error, nil for none, and logs a change.
func (c *Checker) setProblem(namespace string, err error) {
	if before := c.problems.Set(namespace, err); err != nil && (before == nil || before.Error() != err.Error()) {
		c.log.Error(err, "Namespace cannot be read", "namespace", namespace)
	}
}

// read returns an error if one of the resources cannot be listed or watched.
func (c *Checker) read(ctx context.Context, namespace string) error {
	for i, resource := range slices.Concat(c.resources, c.listed) {
		verb, err := c.readResource(ctx, resource, namespace, i < len(c.resources))
		if apierrors.IsNotFound(err) {
			err = fmt.Errorf("%w: install the CRDs of this version", err)
		}
		if err != nil {
			return fmt.Errorf("%s %s in %s: %w", verb, resource.Resource, nameOf(namespace), err)
		}
	}
	return nil
}

// readResource returns the verb that failed, and why.
func (c *Checker) readResource(ctx context.Context, resource schema.GroupVersionResource, namespace string, watched bool) (verb string, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	client := c.client.Resource(resource).Namespace(namespace)
	list, err := client.List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil || !watched {
		return "list", err
	}
	one := int64(1)
	watcher, err := client.Watch(ctx, metav1.ListOptions{ResourceVersion: list.ResourceVersion, TimeoutSeconds: &one})
	if err != nil {
		return "watch", err
	}
	watcher.Stop()
	return "", nil
}

// isRefusal reports whether the API server answered that a namespace cannot be read.
func isRefusal(err error) bool {
	return apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) || apierrors.IsNotFound(err)
}

func nameOf(namespace string) string {
	if namespace == "" {
		return "all namespaces"
	}
	return "namespace " + namespace
}

// Ready is a readiness check: it fails, and names the namespaces, if some cannot be read.
func (c *Checker) Ready(*http.Request) error { return c.problems.Err() }

// NeedLeaderElection implements manager.LeaderElectionRunnable: every replica has caches.
func (c *Checker) NeedLeaderElection() bool { return false }

// Start checks until the context ends. It returns ErrRestart if etcd was restored from a backup, or may have been while no namespace could be
// read, and if a namespace can be read that could not be when the program started.
func (c *Checker) Start(ctx context.Context) error {
	unreadable := c.unreadable()
	ticker := time.NewTicker(revisionEvery)
	defer ticker.Stop()
	for checked := time.Now(); ; {
		if err := c.checkRevision(ctx); err != nil {
			return err
		}
		if time.Since(checked) >= namespacesEvery {
			checked = time.Now()
			for _, namespace := range c.Check(ctx) {
				if slices.Contains(unreadable, namespace) && ctx.Err() == nil && c.problem(namespace) == nil {
					return fmt.Errorf("%w: %s can be read now", ErrRestart, nameOf(namespace))
				}
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (c *Checker) problem(namespace string) error {
	err, _ := c.problems.Get(namespace)
	return err
}

func (c *Checker) unreadable() []string {
	return slices.DeleteFunc(c.problems.Failing(), func(namespace string) bool { return !isRefusal(c.problem(namespace)) })
}

// checkRevision returns ErrRestart if etcd's revision is lower than before. It never decreases, unless etcd was restored from a backup:
// then watches bring nothing until it has caught up, and caches have objects that are gone. That may also have happened while the revision
// could not be read.
func (c *Checker) checkRevision(ctx context.Context) error {
	reached := c.reached()
	revision, err := c.currentRevision(ctx)
	switch {
	case isRefusal(err):
		c.refused = c.revision > 0
		return nil
	case err != nil:
		return nil //nolint:nilerr // unknown now; the next look shows it
	case c.refused:
		return fmt.Errorf("%w: etcd may have been restored from a backup while no namespace could be read", ErrRestart)
	case revision < reached:
		return fmt.Errorf("%w: etcd's revision went back from %d to %d: it was restored from a backup", ErrRestart, reached, revision)
	}
	c.revision = revision
	return nil
}

// currentRevision returns the resourceVersion of a list that must be up to date, in the first namespace that can be read.
func (c *Checker) currentRevision(ctx context.Context) (revision uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	for _, namespace := range c.namespaces {
		var list *metav1.PartialObjectMetadataList
		if list, err = c.client.Resource(c.resources[0]).Namespace(namespace).List(ctx, metav1.ListOptions{Limit: 1}); err == nil {
			return strconv.ParseUint(list.ResourceVersion, 10, 64)
		}
		if !isRefusal(err) {
			break
		}
	}
	return 0, err
}
