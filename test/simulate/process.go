// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/rest"

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

// now is the process's clock.
func (p *process) now() time.Time { return time.Now().Add(p.world.skew(p.name)) }

// Now and Since implement clock.PassiveClock.
func (p *process) Now() time.Time                  { return p.now() }
func (p *process) Since(t time.Time) time.Duration { return p.now().Sub(t) }
