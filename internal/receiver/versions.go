// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"hash/maphash"
	"sync"
)

// versionSlots is how many objects' versions are remembered: more than are
// written in the moment that a watch cache may lag behind.
const versionSlots = 1024

// anyVersion asks the watch cache for whatever it has.
const anyVersion = "0"

// versions remembers which version of an object was seen last, for reads from
// the watch cache not to be older than that: without it an event that follows
// close upon another would often be placed by what was there before, lose its
// patch, and need a second read. Two names that share a slot push each other
// out, which costs just that.
type versions struct {
	seed  maphash.Seed
	mu    sync.Mutex
	slots [versionSlots]struct{ name, version string }
}

func newVersions() *versions { return &versions{seed: maphash.MakeSeed()} }

func (v *versions) slot(name string) int {
	return int(maphash.String(v.seed, name) % versionSlots)
}

// of returns the resourceVersion to ask for, at least.
func (v *versions) of(name string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	if s := v.slots[v.slot(name)]; s.name == name && s.version != "" {
		return s.version
	}
	return anyVersion
}

// note remembers a version that was seen.
func (v *versions) note(name, version string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := &v.slots[v.slot(name)]
	s.name, s.version = name, version
}

// forget drops a version that the API server does not get to, such as one from
// before its data was restored from a backup.
func (v *versions) forget(name string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if s := &v.slots[v.slot(name)]; s.name == name {
		s.version = ""
	}
}
