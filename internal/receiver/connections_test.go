// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"io"
	"sync"
	"testing"
	"time"
)

// TestConnectionLimit: idle connections make room, busy ones do not.
func TestConnectionLimit(t *testing.T) {
	h := newHold()
	g := newGuarded(t, h, 0, 3).start(t)
	busy := g.dial(t)
	busy.send(head(t) + goodBody)
	<-h.entered
	idle := g.dial(t)       // says nothing at all
	halfOpen := g.dial(t)   // a head that never ends
	halfOpen.send("POST /") // the rest does not come
	for range 2 {
		w := g.dial(t)
		w.send(head(t) + goodBody)
		<-h.entered
	}
	idle.expectCut()
	halfOpen.expectCut()
	if got := g.open(t); got != 3 {
		t.Errorf("%d connections are open", got)
	}
	waits := g.dial(t) // all are busy: it waits for one to end
	waits.send(head(t) + goodBody)
	close(h.release)
	busy.expect(200)
	waits.expect(200)
}

// TestGenuineConnectionsStay while others make room, and so do those whose bytes
// we have not read yet.
func TestGenuineConnectionsStay(t *testing.T) {
	g := newGuarded(t, recordedAlways, 0, 3).start(t)
	genuine := g.dial(t)
	genuine.send(head(t) + goodBody)
	genuine.expect(200)
	<-time.After(10 * time.Millisecond) // so that it is the one that waits longest
	var strangers []*wire
	for range 2 {
		w := g.dial(t)
		w.send("G")
		strangers = append(strangers, w)
	}
	next := g.dial(t)
	next.send(head(t) + goodBody)
	next.expect(200)
	strangers[0].expectCut()
	genuine.send(head(t) + goodBody)
	genuine.expect(200)
}

// TestSlowSendersAreCut by the time-outs alone, with room for all: what has
// trickled in every now and then does not prolong them.
func TestSlowSendersAreCut(t *testing.T) {
	g := newGuarded(t, recordedAlways, 0, 0)
	g.server.ReadHeaderTimeout, g.server.ReadTimeout, g.server.IdleTimeout = 300*time.Millisecond, 600*time.Millisecond, 300*time.Millisecond
	g.start(t)
	whole := head(t) + goodBody
	for name, sent := range map[string]string{
		"nothing": "", "half a line": "POST /web", "half a head": whole[:len(head(t))-10], "half a body": whole[:len(whole)-40],
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := g.dial(t)
			w.send(sent)
			rest := whole[len(sent):]
			if sent != "" {
				stop := w.trickle(rest)
				defer stop()
			}
			begin := time.Now()
			w.expectCut()
			if took := time.Since(begin); took > 10*time.Second {
				t.Errorf("cut after %s", took)
			}
		})
	}
	t.Run("idle after an answer", func(t *testing.T) {
		t.Parallel()
		w := g.dial(t)
		w.send(whole)
		w.expect(200)
		w.expectCut()
	})
}

// trickle sends a byte every now and then, until stopped or cut.
func (w *wire) trickle(rest string) (stop func()) {
	ctx, cancel := context.WithCancel(w.t.Context())
	var sending sync.WaitGroup
	sending.Go(func() {
		again := time.NewTicker(100 * time.Millisecond)
		defer again.Stop()
		for i := range rest {
			select {
			case <-again.C:
			case <-ctx.Done():
				return
			}
			if _, err := io.WriteString(w, rest[i:i+1]); err != nil {
				return
			}
		}
	})
	return func() { cancel(); sending.Wait() }
}

// TestDrain closes connections with an answer, and no other way.
func TestDrain(t *testing.T) {
	g := newGuarded(t, recordedAlways, 0, 0).start(t)
	w := g.dial(t)
	w.send(head(t) + goodBody)
	if w.expect(200).closes {
		t.Error("closed before it drains")
	}
	g.connections.Drain()
	w.send(head(t) + goodBody) // over the connection that was idle
	if !w.expect(200).closes {
		t.Error("the sender is not told to take another connection")
	}
	w.expectCut()
	again := g.dial(t) // who has not noticed is served all the same
	again.send(head(t) + goodBody)
	again.expect(200)
}
