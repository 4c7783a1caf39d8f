// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"hash/maphash"
	"sync"
)

const (
	// versionSlots is how many objects are remembered, each in about 3 KiB: more
	// than are written in the moment that a watch cache may lag behind.
	versionSlots = 1024
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
// so after one nothing is recalled for a while. Two names that share a slot push
// each other out, which costs just a read.
type versions struct {
	seed  maphash.Seed
	mu    sync.Mutex
	slots [versionSlots]slot
	doubt int // how many more reads are asked of the API server
}

type slot struct {
	name, version string
	object        *Object // nil if it is not to be recalled
}

func newVersions() *versions { return &versions{seed: maphash.MakeSeed()} }

// slot is called with mu held. The slot may be that of another name.
func (v *versions) slot(name string) *slot {
	return &v.slots[maphash.String(v.seed, name)%versionSlots]
}

// of returns the resourceVersion to ask for, at least.
func (v *versions) of(name string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	if s := v.slot(name); s.name == name && s.version != "" {
		return s.version
	}
	return anyVersion
}

// recall returns the object as it was seen last, or nil.
func (v *versions) recall(name string) *Object {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.doubt > 0 {
		v.doubt--
		return nil
	}
	if s := v.slot(name); s.name == name {
		return s.object
	}
	return nil
}

// note remembers an object that was seen. It must not be modified any more.
func (v *versions) note(name string, object *Object) {
	v.mu.Lock()
	defer v.mu.Unlock()
	*v.slot(name) = slot{name, object.ResourceVersion, object}
}

// outdated tells that an object is no longer as it was remembered, or that
// nobody knows whether it is.
func (v *versions) outdated(name string, read *Object, changed bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.slot(name)
	if s.name != name {
		return
	}
	if changed && s.object == read {
		v.doubt = doubt
	}
	s.object = nil
}

// forget drops a version that the API server does not get to, such as one from
// before its data was restored from a backup.
func (v *versions) forget(name string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if s := v.slot(name); s.name == name {
		s.version, s.object = "", nil
	}
}
