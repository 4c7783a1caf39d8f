// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"encoding/json"
	"sync"

	"k8s.io/utils/lru"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

const (
	// maxCached limits the cached objects, each of 1 to 2 KiB: about as many as recordings run at once.
	maxCached = 4096
	// doubtfulReads is how many reads go to the API server after a cached object was outdated: another replica may write the same objects, and
	// each lost patch costs more than a read.
	doubtfulReads = 64
)

// cache has the last seen version of objects, so that a recording's next event needs no read: a patch applies only if the object is
// unchanged. If a read is needed, the watch cache's response must not be older than that version.
type cache struct {
	// versionsOnly sends every read to the API server.
	versionsOnly bool

	mu       sync.Mutex
	objects  *lru.Cache // of cached, by namespace and name
	doubtful int        // reads that still go to the API server
}

// cached is the last seen version of an object. It is replaced, not modified.
type cached struct {
	version string
	// object is nil if it is outdated, or being deleted: a read finds out when it is gone. Its Recording is not kept: decoding it again is cheaper.
	object *Object
}

func newCache() *cache { return &cache{objects: lru.New(maxCached)} }

// ShareCache limits the cache to the share of one of several stores, of which each has other sessions.
func (s *RESTStore) ShareCache(stores int) { s.cache.objects = lru.New(max(1, maxCached/stores)) }

// get returns the cached object, if any.
func (c *cache) get(key string) (cached, bool) {
	value, _ := c.objects.Get(key)
	known, isCached := value.(cached)
	return known, isCached
}

// recall returns an object that needs no read, or nil and the oldest resourceVersion that a read may have.
func (c *cache) recall(key string) (object *Object, version string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, _ := c.get(key)
	if c.doubtful > 0 || known.object == nil {
		c.doubtful = max(0, c.doubtful-1)
		return nil, known.version
	}
	whole := *known.object
	if err := json.Unmarshal(whole.RawRecording, &whole.Recording); err != nil {
		return nil, known.version // impossible: it was decoded before
	}
	return &whole, known.version
}

// add caches an object that was seen.
func (c *cache) add(key string, object *Object) {
	seen := cached{version: object.ResourceVersion}
	if !c.versionsOnly && !object.IsTerminating {
		kept := *object
		kept.Recording = v1alpha1.RecordingStatus{}
		seen.object = &kept
	}
	c.objects.Add(key, seen)
}

// outdate marks an object as changed, or possibly changed, since it was read.
func (c *cache) outdate(key string, read *Object, hasChanged bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, isCached := c.get(key)
	if !isCached {
		return
	}
	if hasChanged && known.object != nil && known.version == read.ResourceVersion {
		c.doubtful = doubtfulReads
	}
	c.objects.Add(key, cached{version: known.version})
}
