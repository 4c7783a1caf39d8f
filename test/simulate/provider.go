// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/backfill"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/outbox"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk/rest"
	"github.com/meetingops/meeting-recording-operator/test/chaos/plan"
)

const (
	attemptTimeout = 8 * time.Second
	// firstPause follows an attempt that was not answered with 2xx, and doubles up to maxPause, until a delivery has taken giveUp.
	firstPause = 500 * time.Millisecond
	maxPause   = 8 * time.Second
	giveUp     = 90 * time.Second
)

var eventTypes = map[string]v1alpha1.EventType{
	plan.Starting: v1alpha1.EventStarting, plan.Started: v1alpha1.EventStarted, plan.Stopping: v1alpha1.EventStopping,
	plan.Stopped: v1alpha1.EventStopped, plan.Failed: v1alpha1.EventFailed,
	plan.Unrelated: lifecycle.SessionEnded,
}

// webhook is one webhook, and how it was answered.
type webhook struct {
	plan.Delivery
	event    recorder.Event
	from, to time.Time
	// acknowledged means a 2xx, spooled a 202; unsure that an attempt may have had an effect without a 2xx.
	acknowledged, spooled, unsure bool
	attempts                      int
	// sidecar is the one that got the last attempt.
	sidecar string
}

func (w *World) scheduleDeliveries() {
	for i, d := range w.plan.Deliveries {
		w.later("delivery", d.At, func() {
			w.deliver(fmt.Sprintf("%s/%d/%s/%d", w.plan.Sessions[d.Session].SessionID, d.Recording, d.Type, d.Copy), i)
		})
	}
}

// newEvent is what a webhook says.
func (w *World) newEvent(d plan.Delivery) recorder.Event {
	of := w.plan.Sessions[d.Session]
	ev := recorder.Event{
		Session: recorder.Session{Namespace: namespace, MeetingID: of.MeetingID, SessionID: of.SessionID},
		Event:   lifecycle.Event{Type: eventTypes[d.Type], Source: v1alpha1.EventSourceWebhook, FilePath: d.FilePath},
	}
	if d.FilePath != "" {
		ev.FileURL = "https://files.example.com" + d.FilePath
	}
	right := fmt.Sprintf("%s%02x", of.SessionID[:22], d.Recording)
	r := w.dice.at(draw("id", right, d.Type), 1)
	switch w.plan.IDs {
	case RightIDs:
		ev.ID = right
	case PartlyIDs:
		if chance(r, 50) {
			ev.ID = right
		}
	case ChangingIDs:
		ev.ID = fmt.Sprintf("%016x", r.Uint64())
	}
	return ev
}

// deliver sends one webhook, again and again where the provider does so, each time to one of the sidecars.
func (w *World) deliver(name string, index int) {
	d := &webhook{Delivery: w.plan.Deliveries[index], from: time.Now()}
	d.event = w.newEvent(d.Delivery)
	r := w.dice.of("delivery/" + name)
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		d.attempts++
		if w.attempt(d, w.sidecarNames[r.IntN(len(w.sidecarNames))]) || !d.Retries || time.Since(d.from) > giveUp {
			break
		}
		sleep(pause/2 + between(r, 0, pause/2))
	}
	d.to = time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.delivered = append(w.delivered, d)
}

// attempt reports whether the sidecar acknowledged the webhook.
func (w *World) attempt(d *webhook, to string) bool {
	what := fmt.Sprintf("%s of recording %d in session %s", strings.TrimPrefix(d.Type, "recording-"), d.Recording+1, d.event.SessionID[:6])
	w.mu.Lock()
	s := w.sidecars[to]
	w.mu.Unlock()
	if s == nil || s.isDead() {
		w.story.tell("the provider cannot reach %s with %s", to, what)
		return false
	}
	ctx, cancel := context.WithTimeout(s.ctx, attemptTimeout)
	defer cancel()
	ev := d.event
	ev.ReceivedAt, d.sidecar = s.now(), to
	d.event.ReceivedAt = ev.ReceivedAt
	arrived := w.observed.order.arrives(s.name, ev.SessionID, ev.Event)
	outcome, err := s.outbox.Record(ctx, ev)
	isSpooled := outcome.Result == outbox.Spooled && err == nil && !s.isDead()
	w.observed.order.answers(arrived, isSpooled)
	if isSpooled {
		w.checkSpooled(s, ev, arrived)
	}
	switch {
	case s.isDead():
		d.unsure = true
		w.story.tell("%s gives no answer to %s", to, what)
	case err != nil:
		d.unsure = true
		w.story.tell("%s answers %s with an error: %v", to, what, err)
		if s.ctx.Err() == nil && !s.isEnding.Load() && !w.has(DiskFull) {
			w.broken("%s answers %s with an error although its disk works: %v", to, what, err)
		}
	default:
		w.mu.Lock()
		d.acknowledged, d.spooled = true, outcome.Result == outbox.Spooled
		w.mu.Unlock()
		w.story.tell("%s answers %s: %s %s", to, what, outcome.Result, outcome.Recording)
		return true
	}
	return false
}

// spoolAfter is how long the events of a session that cannot be written may have those of others spooled: until they are on disk
// themselves, and the circuit breaker lets the next write test whether the API server accepts it.
const spoolAfter = 6 * time.Second

// answerWithin is how long a sender waits for the API server at most.
const answerWithin = 3 * time.Second

// writtenAfter is how long an event of another session waits on disk at most, with the next ones of its session behind it.
const writtenAfter = 4 * time.Second

// checkSpooled holds that an event is not spooled because others cannot be written.
func (w *World) checkSpooled(s *sidecar, ev recorder.Event, arrived *arrival) {
	o := w.observed.order
	if w.plan.SpoolFirst || !w.hasOnly(apart...) || o.isBehind(arrived) {
		return
	}
	var tests time.Time // since when the next write is a test
	for _, f := range w.plan.Faults {
		if f.Kind != SessionBroken {
			continue
		}
		if time.Since(w.begin) > f.To {
			return
		}
		for _, broken := range w.brokenSessions(f) {
			from := w.begin.Add(f.From)
			first := o.first(s.name, broken.SessionID, from.Add(-answerWithin)) // what came before may be written since
			if !first.IsZero() && first.Before(from) {
				first = from
			}
			if ev.SessionID == broken.SessionID || !first.IsZero() && time.Since(first) < spoolAfter {
				return
			}
			if until := first.Add(spoolAfter); !first.IsZero() && until.After(tests) {
				tests = until
			}
		}
	}
	if tests.IsZero() || !o.isTested(arrived, tests) {
		w.broken("%s spools %s of session %s although the API server accepts it", s.name, ev.Type, ev.SessionID)
	}
}

// The backfill's times are shorter than its defaults, so that a run is short.
const (
	backfillInterval = time.Minute
	backfillGrace    = 2 * time.Minute
)

// runBackfill does rounds until the run ends.
func (w *World) runBackfill() {
	p := w.newProcess("backfill")
	store, err := recorder.NewRESTStore(p.config(), recorder.NewMetrics(prometheus.NewRegistry()))
	if err != nil {
		w.broken("set up the backfill: %v", err)
		return
	}
	store = store.Uncached() // as cmd/backfill does
	writer := &recorder.Writer{Store: store, Windows: windows}
	box := outbox.New(outbox.Options{
		Write: writer.Write, Timeout: 10 * time.Second, Metrics: outbox.NewMetrics(prometheus.NewRegistry()), Log: w.logger("backfill"), Now: p.now,
	})
	b := backfill.New(&provider{w}, &backfill.Store{Namespace: namespace, Store: store, Outbox: box}, backfill.Options{
		Lookback: 48 * time.Hour, Interval: backfillInterval, Grace: backfillGrace, Now: p.now,
	}, backfill.NewMetrics(prometheus.NewRegistry()), w.logger("backfill"))
	w.backfill = p
	p.ended.Go(func() {
		for p.ctx.Err() == nil {
			wait(p.ctx, backfillInterval+between(w.dice.of("backfill"), 0, backfillInterval/10))
			if summary, err := b.Round(p.ctx); err != nil {
				w.story.tell("a round of backfill fails: %v", err)
			} else if n := summary.Found[backfill.Recorded]; n > 0 {
				w.story.tell("a round of backfill records %d files", n)
			}
		}
		box.Close(context.Background())
	})
}

// provider lists what the provider has.
type provider struct{ world *World }

func (p *provider) fails(ctx context.Context, what string) error {
	r := p.world.dice.of("provider/" + what)
	wait(ctx, between(r, 5*time.Millisecond, 60*time.Millisecond))
	for _, f := range p.world.weather.is("the provider", ProviderFails) {
		if chance(r, f.Percent) {
			p.world.weather.applied(f)
			return errors.New("the provider answered 502")
		}
	}
	return ctx.Err()
}

// Sessions implements backfill.Provider.
func (p *provider) Sessions(ctx context.Context, _ time.Time, visit func(rest.Session) error) error {
	if err := p.fails(ctx, "sessions"); err != nil {
		return err
	}
	for _, s := range p.world.plan.Sessions {
		one := rest.Session{ID: s.SessionID, RoomID: s.MeetingID, Start: p.world.begin, End: p.world.begin.Add(s.Recordings[len(s.Recordings)-1].EndsAt)}
		if one.End.After(time.Now()) {
			one.End = time.Time{}
		}
		if err := visit(one); err != nil {
			return err
		}
	}
	return nil
}

// Recordings implements backfill.Provider.
func (p *provider) Recordings(ctx context.Context, session string, visit func([]rest.Recording) error) (total int, err error) {
	if err := p.fails(ctx, session); err != nil {
		return 0, err
	}
	var listed []rest.Recording
	for _, s := range p.world.plan.Sessions {
		if s.SessionID != session {
			continue
		}
		for number, recording := range s.Recordings {
			ended := p.world.begin.Add(recording.EndsAt)
			if recording.FilePath == "" || ended.After(time.Now()) {
				continue
			}
			id := fmt.Sprintf("%s%02x", s.SessionID[:22], number)
			listed = append(listed, rest.Recording{
				ID: id, RoomID: s.MeetingID, SessionID: session, FilePath: "uploads/videos/" + id + ".mp4",
				FileURL: "https://files.example.com/" + id, Time: ended,
			})
		}
	}
	return len(listed), visit(listed)
}
