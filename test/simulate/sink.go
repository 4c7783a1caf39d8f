// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"context"
	"errors"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"github.com/meetingops/meeting-recording-operator/internal/eventsink"
)

// sink stands in for a consumer of CloudEvents.
type sink struct {
	world   *World
	process *process
}

// Send implements delivery.Sink.
func (s *sink) Send(ctx context.Context, event cloudevents.Event) eventsink.Answer {
	w := s.world
	r := w.dice.of("sink/" + event.ID())
	wait(ctx, between(r, time.Millisecond, 40*time.Millisecond))
	if s.process.isDead() || ctx.Err() != nil {
		return eventsink.Answer{Outcome: eventsink.Unreachable, Err: errDead}
	}
	if down := w.weather.is("the sink", SinkDown); len(down) > 0 && chance(r, down[0].Percent) {
		w.story.tell("the sink does not take %s", event.ID())
		switch r.IntN(3) {
		case 0:
			w.accept(event.ID()) // the answer is lost
			return eventsink.Answer{Outcome: eventsink.Unreachable, Err: errLost}
		case 1:
			return eventsink.Answer{Outcome: eventsink.Unreachable, Err: errRefused}
		}
		return eventsink.Answer{Outcome: eventsink.Retryable, Err: errors.New("503"), RetryAfter: between(r, 0, 5*time.Second)}
	}
	if poison := w.weather.is("the sink", SinkPoison); len(poison) > 0 && chance(w.dice.at("poison/"+event.ID(), 1), poison[0].Percent/5) {
		w.story.tell("the sink rejects %s", event.ID())
		return eventsink.Answer{Outcome: eventsink.Permanent, Err: errors.New("422")}
	}
	w.accept(event.ID())
	return eventsink.Answer{Outcome: eventsink.Delivered}
}

func (w *World) accept(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.accepted[id]++
}

// wait waits, unless the context ends.
func wait(ctx context.Context, duration time.Duration) {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func sleep(duration time.Duration) { wait(context.Background(), duration) }
