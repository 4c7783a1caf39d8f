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
	// maxVersions is how many objects are remembered, each in 1 to 2 KiB: more
	// than are written in the moment that a watch cache may lag behind, and about
	// as many as there are recordings at the same time.
	maxVersions = 4096
	// doubt is how many reads are asked of the API server after a remembered
	// object has proved outdated.
	doubt = 64
)

// anyVersion asks the watch cache for whatever it has.
const anyVersion = "0"

// versions remembers how objects were when they were seen last: first for reads
// from the watch cache not to be older than that, without which an event that
// follows close upon another would often be placed by what was there before, lose
// its patch, and need a second read; and then to need no read at all, because
// what is written next is written only if the object is still the same. Where
// somebody else writes the same objects that costs a lost patch now and then,
// so after one nothing is recalled for a while. Those that were seen longest ago
// are forgotten first, which costs just a read.
type versions struct {
	mu    sync.Mutex
	known *lru.Cache // of known, by name
	doubt int        // how many more reads are asked of the API server
}

// known is an object as it was seen last. It is replaced, not modified.
type known struct {
	version string // empty if it is not to be asked for
	// object is nil if it is not to be recalled. It is without its Recording,
	// which is decoded again when it is: that takes less time than it takes memory.
	object *Object
}

func newVersions() *versions { return &versions{known: lru.New(maxVersions)} }

// get is called with mu held. What is not known is empty.
func (v *versions) get(name string) known {
	if value, found := v.known.Get(name); found {
		if k, ok := value.(known); ok {
			return k
		}
	}
	return known{}
}

// has tells whether an object is remembered, be it that it may be outdated.
func (v *versions) has(name string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	_, found := v.known.Get(name)
	return found
}

// of returns the resourceVersion to ask for, at least.
func (v *versions) of(name string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	if version := v.get(name).version; version != "" {
		return version
	}
	return anyVersion
}

// kept returns the object as it is remembered, or nil; in doubt it counts a read.
func (v *versions) kept(name string) *Object {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.doubt > 0 {
		v.doubt--
		return nil
	}
	return v.get(name).object
}

// recall returns the object as it was seen last, or nil.
func (v *versions) recall(name string) *Object {
	object := v.kept(name)
	if object == nil {
		return nil
	}
	whole := *object
	if err := json.Unmarshal(whole.RawRecording, &whole.Recording); err != nil {
		return nil // it was decoded before
	}
	return &whole
}

// note remembers an object that was seen.
func (v *versions) note(name string, object *Object) {
	v.mu.Lock()
	defer v.mu.Unlock()
	kept := *object
	kept.Recording = v1alpha1.RecordingStatus{}
	v.known.Add(name, known{object.ResourceVersion, &kept})
}

// outdated tells that an object is no longer as it was remembered, or that
// nobody knows whether it is.
func (v *versions) outdated(name string, read *Object, changed bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	k := v.get(name)
	if changed && k.object != nil && k.version == read.ResourceVersion {
		v.doubt = doubt
	}
	if k.version != "" {
		v.known.Add(name, known{version: k.version})
	}
}

// forget drops a version that the API server does not get to, such as one from
// before its data was restored from a backup.
func (v *versions) forget(name string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.known.Remove(name)
}
