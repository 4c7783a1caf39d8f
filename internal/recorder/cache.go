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
	// maxCached is how many objects are cached, each in 1 to 2 KiB: more than are written in the moment that a watch cache may lag behind,
	// and about as many as there are recordings at the same time.
	maxCached = 4096
	// doubtfulReads is how many reads are asked of the API server after a cached object has proved outdated: where another replica writes
	// the same objects, each lost patch costs more than a read.
	doubtfulReads = 64
)

// cache has objects as they were seen last, so that an event that follows another of its recording needs no read: what is written next is
// written only if the object is still the same. Where it must be read, the watch cache's answer must not be older than what was seen.
type cache struct {
	// versionsOnly has every read asked of the API server.
	versionsOnly bool

	mu       sync.Mutex
	objects  *lru.Cache // of cached, by namespace and name
	doubtful int        // reads that are still to be asked of the API server
}

// cached is an object as it was seen last. It is replaced, not modified.
type cached struct {
	version string
	// object is nil if it is outdated. It is without its Recording, which is decoded again: that takes less time than it takes memory.
	object *Object
}

func newCache() *cache { return &cache{objects: lru.New(maxCached)} }

// get returns what is cached, if it is.
func (c *cache) get(key string) (cached, bool) {
	value, _ := c.objects.Get(key)
	known, isCached := value.(cached)
	return known, isCached
}

// recall returns an object that needs no read, or nil and the resourceVersion that a read must have at least.
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
	if !c.versionsOnly {
		kept := *object
		kept.Recording = v1alpha1.RecordingStatus{}
		seen.object = &kept
	}
	c.objects.Add(key, seen)
}

// outdate notes that an object has changed since it was read, or that nobody knows whether it has.
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
