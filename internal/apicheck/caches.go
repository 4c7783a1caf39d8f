// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package apicheck

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	toolscache "k8s.io/client-go/tools/cache"
)

// Caches has the stale caches, whose last list or watch failed: it was refused, or returned an object that Go cannot decode. The zero value
// is ready.
type Caches struct {
	mu     sync.Mutex
	failed map[*toolscache.Reflector]failure
}

// failure is why a cache is stale, and the version that it has.
type failure struct {
	err     error
	version string
}

// Failed is the handler of watch errors.
func (c *Caches) Failed(ctx context.Context, cache *toolscache.Reflector, err error) {
	toolscache.DefaultWatchErrorHandler(ctx, cache, err)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed == nil {
		c.failed = make(map[*toolscache.Reflector]failure)
	}
	c.failed[cache] = failure{err, cache.LastSyncResourceVersion()}
}

// Ready is a readiness check: it fails while a cache has not advanced since its failure.
func (c *Caches) Ready(*http.Request) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var texts []string
	for cache, failed := range c.failed {
		if cache.LastSyncResourceVersion() != failed.version {
			delete(c.failed, cache)
			continue
		}
		texts = append(texts, fmt.Sprintf("cache of %s is stale: %v", cache.TypeDescription(), failed.err))
	}
	if len(texts) == 0 {
		return nil
	}
	slices.Sort(texts)
	return errors.New(strings.Join(texts, "; "))
}
