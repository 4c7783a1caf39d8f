// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
	"github.com/meetingops/meeting-recording-operator/internal/tracing"
)

// Spooled is the Result of an event that is on the local disk, and will be
// written once the API server takes it.
const Spooled lifecycle.Result = "spooled"

const (
	// spoolTimeout is how long the disk may take. With the default of
	// --write-timeout an answer takes 2.5 s at most.
	spoolTimeout = 400 * time.Millisecond
	// deadShare is the share of the spool, as a divisor, that events may take
	// which the API server refused at once: anybody with an account of the
	// provider can send those.
	deadShare = 8
	// barredShare is the same for events that come for a namespace which the API
	// server lets us write nothing in, so that they leave room for the others.
	barredShare = 2
	// clientShare is the same for clients' events, which only tell earlier what
	// webhooks tell as well.
	clientShare = 4
	// maxReason cuts what a dead letter keeps of the API server's answer.
	maxReason = 1 << 10
)

// errBehind tells that earlier events of the session are in the spool.
var errBehind = errors.New("earlier events of the session wait in the spool")

// Spool keeps events on disk; *spool.Store is one, and says what its methods do.
type Spool interface {
	Append(ctx context.Context, session string, payload json.RawMessage) error
	AppendDead(ctx context.Context, session string, payload json.RawMessage, reason string) error
	Has(session string) bool
	Sessions() []string
	Peek(session string, limit int) ([]spool.Record, error)
	Resolve(ctx context.Context, session string, delivered []uint64, buried []spool.Burial) error
	Stats() spool.Stats
}

var _ Spool = (*spool.Store)(nil)

// SpoolingOptions are what a Spooling is made of. All are required but Tracer.
type SpoolingOptions struct {
	// Write writes events, see Writer.Write.
	Write recorder.WriteFunc
	// Timeout is how long the API server may take.
	Timeout time.Duration
	Spool   Spool
	// MaxBytes is the Spool's bound.
	MaxBytes int64
	// First has events acknowledged once they are in the Spool, and written
	// behind that.
	First   bool
	Metrics *SpoolMetrics
	// Tracer, if not nil, is told of events that were written from the Spool and
	// whose recording has a trace.
	Tracer *tracing.Tracer
	Log    logr.Logger
	Now    func() time.Time
}

// Spooling is the Recorder that writes events through a Queue, and puts those
// that the API server does not take in time into the Spool, from where Run
// writes them later. The events of a session keep their order: while one of
// them is in the Spool, those that come go behind it. With First all events go
// into the Spool, as long as that takes them.
type Spooling struct {
	SpoolingOptions
	direct  *Queue
	breaker *breaker
	bars    *bars
	replay  *replayer

	mu sync.Mutex
	// sessions has those with an event between Record and its answer.
	sessions map[recorder.Session]*passage
}

// passage is the state of a session with events in Record.
type passage struct {
	inside int
	// behind tells that one of them is, or is about to be, in the Spool.
	behind bool
}

// NewSpooling returns a Spooling. Nothing leaves the Spool before Run.
func NewSpooling(options SpoolingOptions) *Spooling {
	s := &Spooling{SpoolingOptions: options, sessions: map[recorder.Session]*passage{}, breaker: &breaker{now: options.Now}}
	s.bars = &bars{newBreaker: func() *breaker { return &breaker{now: options.Now} }, closed: map[string]*breaker{}}
	s.direct = NewQueue(s.write, options.Timeout)
	s.direct.skipped = s.fallBehind
	s.replay = newReplayer(options, s.breaker, s.bars)
	return s
}

// Record implements Recorder. It returns the Result Spooled for an event that
// is in the Spool, and the Spool's error where not even that can be.
func (s *Spooling) Record(ctx context.Context, ev recorder.Event) (recorder.Outcome, error) {
	if s.First {
		if outcome, err := s.spool(ctx, ev); err == nil {
			return outcome, nil
		}
		// The disk takes nothing, but the API server may.
	}
	behind := s.enter(ev.Session)
	defer s.leave(ev.Session)
	if behind {
		return s.spool(ctx, ev)
	}
	outcome, err := s.direct.Record(ctx, ev)
	var bug *recorder.PanicError
	if err == nil || errors.As(err, &bug) {
		return outcome, err
	}
	if rejection := recorder.RejectionOf(err); rejection != nil {
		s.bury(ctx, ev, rejection)
		return outcome, err
	}
	s.fallBehind(ev.Session)
	return s.spool(ctx, ev)
}

// Wait returns when no direct write is under way, see Queue.Wait.
func (s *Spooling) Wait() { s.direct.Wait() }

// Run writes what is in the Spool until ctx is done.
func (s *Spooling) Run(ctx context.Context) { s.replay.run(ctx) }

// Wake has Run look into the Spool, after somebody else has put something there.
func (s *Spooling) Wake() {
	s.replay.scan(true)
	s.replay.wake()
}

// Flush returns when nothing waits in the Spool, or when ctx is done.
func (s *Spooling) Flush(ctx context.Context) {
	again := time.NewTicker(flushInterval)
	defer again.Stop()
	for s.Spool.Stats().Events > 0 {
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

// flushInterval is how often Flush looks.
const flushInterval = 20 * time.Millisecond

// enter tells whether the session's next event goes to the Spool at once.
func (s *Spooling) enter(session recorder.Session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.sessions[session]
	if p == nil {
		p = &passage{}
		s.sessions[session] = p
	}
	p.inside++
	if !p.behind {
		// Behind an event that is being tried the Queue keeps the order: in the
		// Spool this one could overtake it.
		p.behind = s.waits(session) || (p.inside == 1 && (!s.bars.allows(session.Namespace) || !s.breaker.allows()))
	}
	return p.behind
}

func (s *Spooling) leave(session recorder.Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.sessions[session]
	if p.inside--; p.inside == 0 {
		delete(s.sessions, session) // from here on the Spool knows
	}
}

func (s *Spooling) fallBehind(session recorder.Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.sessions[session]; p != nil {
		p.behind = true
	}
}

func (s *Spooling) isBehind(session recorder.Session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.sessions[session]
	return (p != nil && p.behind) || s.waits(session)
}

// waits tells whether events of the session in the Spool are yet to be written.
func (s *Spooling) waits(session recorder.Session) bool {
	key := s.keyOf(session)
	return s.Spool.Has(key) && !s.replay.hasWrittenAll(key)
}

// keyOf is the session's name in the Spool: the one that earlier versions gave
// it while something of theirs is there, which comes first.
func (s *Spooling) keyOf(session recorder.Session) string {
	if before := spoolKeyOfOne(session); s.Spool.Has(before) {
		return before
	}
	return spoolKey(session)
}

// write is the Queue's WriteFunc. What waited behind a write that failed must
// not overtake it.
func (s *Spooling) write(ctx context.Context, session recorder.Session, events []lifecycle.Event) []recorder.Written {
	if s.isBehind(session) {
		return slices.Repeat([]recorder.Written{{Err: errBehind}}, len(events))
	}
	defer s.breaker.begin()()
	written := s.Write(ctx, session, events)
	state := judge(written)
	if state != taken {
		s.fallBehind(session)
	}
	state.tell(s.breaker)
	s.bars.tell(session.Namespace, state)
	return written
}

// spool makes an event durable on the local disk. The time of ctx may be over.
func (s *Spooling) spool(ctx context.Context, ev recorder.Event) (recorder.Outcome, error) {
	payload, err := encodeSpooled(ev)
	if err != nil {
		return recorder.Outcome{}, err
	}
	if s.bars.of(ev.Session.Namespace) != nil && s.Spool.Stats().Bytes > s.MaxBytes/barredShare {
		return recorder.Outcome{}, fmt.Errorf("the API server takes no events of the namespace %s, and the spool no more of them: %w", ev.Session.Namespace, s.Metrics.failed(spool.ErrFull))
	}
	if ev.Source == v1alpha1.EventSourceClient && s.Spool.Stats().Bytes > s.MaxBytes/clientShare {
		return recorder.Outcome{}, fmt.Errorf("the spool takes no more events of clients, to leave room for webhooks: %w", s.Metrics.failed(spool.ErrFull))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), spoolTimeout)
	defer cancel()
	key := s.keyOf(ev.Session)
	if err := s.Spool.Append(ctx, key, payload); err != nil {
		return recorder.Outcome{}, fmt.Errorf("neither the API server nor the spool takes the event: %w", s.Metrics.failed(err))
	}
	s.replay.appended(key, ev)
	return recorder.Outcome{Result: Spooled}, nil
}

// bury keeps an event that was refused, for a person to look at. It was not
// acknowledged, so that this may fail.
func (s *Spooling) bury(ctx context.Context, ev recorder.Event, rejection *recorder.RejectedError) {
	if ev.Source == v1alpha1.EventSourceClient {
		return // it was told, and nothing is lost
	}
	if s.Spool.Stats().DeadBytes > s.MaxBytes/deadShare {
		s.Log.Info("refused event not kept: there are too many dead letters; see `sidecar spool list`", ev.Session.LogValues()...)
		return
	}
	payload, err := encodeSpooled(ev)
	if err == nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), spoolTimeout)
		defer cancel()
		err = s.Spool.AppendDead(ctx, s.keyOf(ev.Session), payload, reason(rejection))
	}
	if err != nil {
		s.Log.Error(s.Metrics.failed(err), "refused event not kept", ev.Session.LogValues()...)
	}
}

func reason(err error) string {
	text := err.Error()
	return text[:min(len(text), maxReason)]
}

// condition is what a write tells of the API server.
type condition int

const (
	// taken is that of a write which was answered for good.
	taken condition = iota
	// contended is that of one which lost all its races.
	contended
	// barred is that of one in a namespace that nothing can be written in.
	barred
	// away is that of one which got no answer that is of use.
	away
)

func judge(written []recorder.Written) condition {
	worst := taken
	for _, w := range written {
		switch {
		case w.Err == nil, recorder.RejectionOf(w.Err) != nil:
		case errors.Is(w.Err, recorder.ErrChanged):
			worst = max(worst, contended)
		case recorder.IsNamespaceError(w.Err):
			worst = max(worst, barred)
		default:
			worst = away
		}
	}
	return worst
}

func (c condition) tell(b *breaker) {
	switch c {
	case taken, barred: // it answers
		b.succeeded()
	case away:
		b.failed()
	case contended: // it is there, and busy with others
	}
}
