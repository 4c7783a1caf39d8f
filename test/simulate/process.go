// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/meetingops/meeting-recording-operator/internal/kube"
	"github.com/meetingops/meeting-recording-operator/test/harness/memoryapi"
)

// process is one life of one of our binaries. Once it is dead, no call of it reaches anybody.
type process struct {
	world *World
	name  string
	// ctx ends with the process; stop ends it in order, and returns when it has ended.
	ctx    context.Context
	cancel context.CancelFunc
	ended  sync.WaitGroup
	dead   atomic.Bool
}

func (w *World) newProcess(name string) *process {
	p := &process{world: w, name: name}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

func (p *process) isDead() bool { return p.dead.Load() }

// config is how it reaches the API server.
func (p *process) config() *rest.Config {
	transport := &memoryapi.Transport{
		Server: p.world.api,
		Fault:  func(call memoryapi.Call) memoryapi.Fault { return p.world.weather.fault(p, call) },
		Arrives: func(watch memoryapi.Call, version uint64, cached time.Time) time.Time {
			return p.world.weather.arrives(p, watch, version, cached)
		},
		Ends: func(watch memoryapi.Call, version uint64) bool { return p.world.weather.ends(p, watch, version) },
	}
	return transport.Config()
}

// now is the process's clock. Whoever sets it changes what it shows, but not the monotonic reading, by which a process measures durations.
func (p *process) now() time.Time {
	return withMonotonic(time.Now().Add(p.world.skew(p.name)), time.Since(p.world.begin))
}

// withMonotonic returns a time with a monotonic reading, which those of a bubble lack. Package time does not let one choose it, so this
// builds on how it keeps both; TestWithMonotonic checks that.
func withMonotonic(t time.Time, reading time.Duration) time.Time {
	since1885 := t.Unix() - time.Date(1885, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	layout := (*struct {
		wall uint64
		ext  int64
	})(unsafe.Pointer(&t))
	layout.wall = 1<<63 | uint64(since1885)<<30 | uint64(t.Nanosecond())
	layout.ext = int64(reading)
	return t
}

// Now and Since implement clock.PassiveClock.
func (p *process) Now() time.Time                  { return p.now() }
func (p *process) Since(t time.Time) time.Duration { return p.now().Sub(t) }

// orderedInformer brings the objects of a list one after another, by name. Those of client-go come out of a map and all at once, so that a
// replay would reconcile them in another order.
type orderedInformer struct{ cache.SharedIndexInformer }

func newInformer(lister cache.ListerWatcher, example runtime.Object, resync time.Duration, indexers cache.Indexers) cache.SharedIndexInformer {
	objects := memoryapi.Objects(kube.Relist(lister), example)
	return orderedInformer{cache.NewSharedIndexInformer(objects, example, resync, indexers)}
}

// AddEventHandlerWithOptions implements cache.SharedIndexInformer. Controllers call no other method that adds a handler.
func (i orderedInformer) AddEventHandlerWithOptions(handler cache.ResourceEventHandler, options cache.HandlerOptions,
) (cache.ResourceEventHandlerRegistration, error) {
	return i.SharedIndexInformer.AddEventHandlerWithOptions(&orderedHandler{handler: handler}, options)
}

// orderedHandler passes one notice on each microsecond.
type orderedHandler struct {
	handler cache.ResourceEventHandler

	mu      sync.Mutex
	notices []notice
}

type notice struct {
	at   time.Time
	name string
	pass func()
}

// OnAdd implements cache.ResourceEventHandler.
func (h *orderedHandler) OnAdd(object any, isFirst bool) {
	h.add(object, func() { h.handler.OnAdd(object, isFirst) })
}

// OnUpdate implements cache.ResourceEventHandler.
func (h *orderedHandler) OnUpdate(before, after any) {
	h.add(after, func() { h.handler.OnUpdate(before, after) })
}

// OnDelete implements cache.ResourceEventHandler.
func (h *orderedHandler) OnDelete(object any) {
	h.add(object, func() { h.handler.OnDelete(object) })
}

func (h *orderedHandler) add(object any, pass func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	one := notice{at: time.Now(), pass: pass}
	switch object := object.(type) {
	case cache.DeletedFinalStateUnknown:
		one.name = object.Key
	default:
		if named, err := meta.Accessor(object); err == nil {
			one.name = named.GetNamespace() + "/" + named.GetName()
		}
	}
	if h.notices = append(h.notices, one); len(h.notices) == 1 {
		time.AfterFunc(time.Microsecond, h.next)
	}
}

// next passes on the first notice, by name of those that came at the very same moment.
func (h *orderedHandler) next() {
	h.mu.Lock()
	defer h.mu.Unlock()
	slices.SortStableFunc(h.notices, func(a, b notice) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.name, b.name)) })
	h.notices[0].pass()
	if h.notices = h.notices[1:]; len(h.notices) > 0 {
		time.AfterFunc(time.Microsecond, h.next)
	}
}
