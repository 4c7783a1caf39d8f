// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/meetingops/meeting-recording-operator/internal/backfill"
	"github.com/meetingops/meeting-recording-operator/internal/outbox"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk/rest"
)

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
