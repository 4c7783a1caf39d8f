// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package memoryapi is an API server in memory, as far as the operator can tell it from a real one: a simulation makes thousands of them.
// It answers requests of client-go and of controller-runtime by an [http.RoundTripper], without a network, and has what the operator
// depends on: resource versions, generations, subresources, the defaults and the pruning of the CRDs, JSON and merge patches, dry runs,
// preconditions, finalizers, the garbage collector, selectors, pages, and watches with their bookmarks and their 410.
//
// What it does not have: admission and CEL rules, server-side apply, managed fields, access control. The differential test holds it
// against a real API server.
package memoryapi

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"strconv"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
)

// Object is an object as JSON has it.
type Object = map[string]any

// key names an object.
type key struct{ resource, namespace, name string }

// item is an object at one version. It is never modified, and shares with the version before what is the same in both.
type item struct {
	object  Object
	version uint64

	encode sync.Once
	raw    []byte
	// typed is the object as a watch of objects passes it on.
	typed runtime.Object
}

// json returns the object as JSON.
func (i *item) json() []byte {
	i.encode.Do(func() {
		raw, err := json.Marshal(i.object)
		if err != nil {
			panic(fmt.Sprintf("encode %v: %v", i.object["metadata"], err)) // it is JSON
		}
		i.raw = raw
	})
	return i.raw
}

// Change is one write. Before is nil for a create, After for a deletion; neither may be modified.
type Change struct {
	Version         uint64
	At              time.Time
	Resource        string
	Namespace, Name string
	Before, After   Object

	key           key
	before, after *item
}

// Server holds objects. It may be used concurrently.
type Server struct {
	// Now is the clock, and OnChange, if not nil, is notified of each write, with the server locked.
	Now      func() time.Time
	OnChange func(Change)

	mu    sync.Mutex
	kinds map[string]*kind
	items map[key]*item
	// log has the writes since compacted, in their order.
	log                []Change
	version, compacted uint64
	lag                time.Duration
	restores           int
	written            map[string]chan struct{} // by resource; closed by the next write
}

// New returns a server that has a namespace of each name.
func New(now func() time.Time, namespaces ...string) *Server {
	s := &Server{Now: now, kinds: kinds(), items: map[key]*item{}, version: 1, compacted: 1, written: map[string]chan struct{}{}}
	for _, namespace := range namespaces {
		s.store(key{resource: "namespaces", name: namespace}, Object{
			"apiVersion": "v1", "kind": "Namespace",
			"metadata": Object{"name": namespace, "uid": s.uid(namespace), "creationTimestamp": s.timestamp()},
			"status":   Object{"phase": "Active"},
		})
	}
	return s
}

// SetLag sets how far the watch cache is behind: what is read of it, and what watches send.
func (s *Server) SetLag(lag time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lag = lag
}

// Version returns how many writes there were.
func (s *Server) Version() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.version
}

// Skip counts so many writes of other programs, to objects that nobody here reads.
func (s *Server) Skip(writes uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version += writes
}

// Compact forgets what was written before now: watches cannot begin there any more.
func (s *Server) Compact() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.compacted, s.log = s.version, nil
}

// Restore takes the data back to what it was at a time, like a restore of etcd from a backup. Watches end.
func (s *Server) Restore(backup time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.log) > 0 && s.log[len(s.log)-1].At.After(backup) {
		last := s.log[len(s.log)-1]
		s.log = s.log[:len(s.log)-1]
		if s.items[last.key] = last.before; last.before == nil {
			delete(s.items, last.key)
		}
	}
	if s.version = s.compacted; len(s.log) > 0 {
		s.version = s.log[len(s.log)-1].Version
	}
	s.restores++
	for resource := range s.kinds {
		s.wake(resource)
	}
}

// Object returns an object, nil if there is none. It must not be modified.
func (s *Server) Object(resource, namespace, name string) Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.items[key{resource, namespace, name}]; found != nil {
		return found.object
	}
	return nil
}

// Objects returns all objects of a resource, in the order of their names. They must not be modified.
func (s *Server) Objects(resource string) []Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Object
	for _, k := range s.keys(resource, "") {
		all = append(all, s.items[k].object)
	}
	return all
}

// Put stores an object as it is, as a stand-in for a cluster's own components does, and gives it what every new object has.
func (s *Server) Put(resource string, object Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.kinds[resource]
	object = runtime.DeepCopyJSON(object)
	name, namespace := text(object, "metadata", "name"), text(object, "metadata", "namespace")
	metadata := child(object, "metadata")
	metadata["uid"], metadata["creationTimestamp"], metadata["generation"] = s.uid(resource+namespace+name), s.timestamp(), int64(1)
	object["apiVersion"], object["kind"] = k.apiVersion(), k.kind
	k.complete(object)
	s.store(key{resource, namespace, name}, object)
}

// Change stores what a function makes of an object, and reports whether there is one.
func (s *Server) Change(resource, namespace, name string, change func(Object)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.items[key{resource, namespace, name}]
	if found == nil {
		return false
	}
	object := runtime.DeepCopyJSON(found.object)
	change(object)
	if k := s.kinds[resource]; k.hasGeneration && !sameButStatus(found.object, object) {
		generation, _ := at(object, "metadata", "generation").(int64)
		child(object, "metadata")["generation"] = generation + 1
	}
	s.finish(key{resource, namespace, name}, found, object)
	return true
}

// Remove deletes an object at once, without its finalizers.
func (s *Server) Remove(resource, namespace, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := (key{resource, namespace, name}); s.items[k] != nil {
		s.remove(k)
	}
}

// finish stores the new state of an object unless nothing has changed, or removes one that waited for its last finalizer.
func (s *Server) finish(k key, before *item, object Object) *item {
	if sameJSON(before.object, object) {
		return before
	}
	if text(object, "metadata", "deletionTimestamp") != "" && len(list(object, "metadata", "finalizers")) == 0 {
		s.store(k, object)
		return s.remove(k)
	}
	return s.store(k, object)
}

// store writes an object with the next version. It is called with mu held, as is all of the following.
func (s *Server) store(k key, object Object) *item {
	s.version++
	child(object, "metadata")["resourceVersion"] = strconv.FormatUint(s.version, 10)
	stored := &item{object: object, version: s.version}
	before := s.items[k]
	s.items[k] = stored
	s.note(k, before, stored)
	return stored
}

// remove deletes an object, and returns it as it was last.
func (s *Server) remove(k key) *item {
	before := s.items[k]
	delete(s.items, k)
	s.version++
	s.note(k, before, nil)
	return before
}

func (s *Server) note(k key, before, after *item) {
	change := Change{
		Version: s.version, At: s.Now(), Resource: k.resource, Namespace: k.namespace, Name: k.name, key: k, before: before, after: after,
	}
	if before != nil {
		change.Before = before.object
	}
	if after != nil {
		change.After = after.object
	}
	s.log = append(s.log, change)
	s.wake(k.resource)
	if s.OnChange != nil {
		s.OnChange(change)
	}
}

func (s *Server) wake(resource string) {
	if waiting := s.written[resource]; waiting != nil {
		close(waiting)
		delete(s.written, resource)
	}
}

// nextWrite returns a channel that the next write to a resource closes.
func (s *Server) nextWrite(resource string) <-chan struct{} {
	waiting := s.written[resource]
	if waiting == nil {
		waiting = make(chan struct{})
		s.written[resource] = waiting
	}
	return waiting
}

func (s *Server) timestamp() string { return s.Now().UTC().Format(time.RFC3339) }

// uid returns one that depends on the name and on what was written before, so that it is the same in each run.
func (s *Server) uid(of string) string {
	digest := fnv.New64a()
	_, _ = fmt.Fprintf(digest, "%s/%d/%d", of, s.version, s.restores)
	sum := digest.Sum64()
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", uint32(sum>>32), uint16(sum>>16), s.version>>12&0xfff, s.version&0xfff, sum&0xffffffffffff)
}

// KeepUnknownFields has recordings keep fields of the status that the CRD does not know, as a newer CRD would that does.
func (s *Server) KeepUnknownFields() {
	s.mu.Lock()
	defer s.mu.Unlock()
	newer := *s.kinds["meetingrecordings"]
	schema := *newer.crd
	schema.structural = schema.structural.DeepCopy()
	for _, part := range []string{"recording", "processing"} {
		status := schema.structural.Properties["status"]
		property := status.Properties[part]
		property.XPreserveUnknownFields = true
		status.Properties[part] = property
	}
	newer.crd = &schema
	s.kinds = maps.Clone(s.kinds)
	s.kinds["meetingrecordings"] = &newer
}
