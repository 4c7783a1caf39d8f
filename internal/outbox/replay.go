// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

const (
	// replayWorkers is how many sessions are written at the same time.
	replayWorkers = 8
	// Where all events are written behind their answer it is maxWorkers; but in
	// a crowd none until the next session is crowdPatience late, and then one
	// more for each workerStep. So a burst is acknowledged first, and a backlog
	// does not last.
	maxWorkers    = 32
	crowdPatience = 500 * time.Millisecond
	workerStep    = 50 * time.Millisecond
	// gatherDelay is how long an event that is acknowledged by the Spool waits
	// for others of its session, to be written with them. One that ends a
	// recording does not: nothing is expected behind it, and its Jobs wait.
	gatherDelay = 100 * time.Millisecond
	// replayTimeout is how long the API server may take for a session's batch.
	replayTimeout = 5 * time.Second
	// resolveTimeout is how long the disk may take to forget it.
	resolveTimeout = 10 * time.Second
	// firstReplayPause follows a failure, and doubles up to maxReplayPause; half
	// of it is drawn.
	firstReplayPause = 250 * time.Millisecond
	maxReplayPause   = 4 * time.Second
	// rescanPause is how often the Spool is looked through for what nobody has
	// told of: an event that a slow disk has stored after its time was over.
	rescanPause = 30 * time.Second
)

// replayer writes what is in the Spool. It takes the sessions one by one while
// the API server is away, and several at a time when it is there.
type replayer struct {
	SpoolingOptions
	breaker *breaker
	bars    *bars
	woken   chan struct{}

	mu     sync.Mutex
	turns  *turns
	pauses map[string]*pause // of sessions whose last write failed
	// written has the batches that were written, and that the Spool could not
	// forget: they must not be written again.
	written map[string]*replayBatch
	outages int // failures of the API server since its last success
	// barred has a pause for each namespace that the API server lets us write
	// nothing in.
	barred map[string]*bar
	// resumeAt is until when nothing is tried, because the API server is away.
	resumeAt time.Time
	// tell is whether it is news when nothing waits any more.
	tell bool
	// crowd tells whether events come faster than they are written.
	crowd crowd
}

// pause is what a session has to wait for.
type pause struct {
	failures int
	until    time.Time
	single   bool // whether to write one event at a time
}

// next makes the pause that follows one more failure.
func (p *pause) next(now time.Time) {
	p.failures++
	p.until = now.Add(jittered(p.failures))
}

func newReplayer(options SpoolingOptions, b *breaker, bars *bars) *replayer {
	return &replayer{
		SpoolingOptions: options, breaker: b, bars: bars, woken: make(chan struct{}, 1), turns: newTurns(),
		pauses: map[string]*pause{}, written: map[string]*replayBatch{}, barred: map[string]*bar{},
	}
}

// appended tells that an event was put into the Spool, under the key.
func (r *replayer) appended(key string, ev recorder.Event) {
	now := r.Now()
	due := now
	if r.First && !ends(ev) {
		due = now.Add(gatherDelay)
	}
	r.mu.Lock()
	r.crowd.come(now)
	r.turns.note(key, due)
	r.tell = r.tell || !r.First
	r.mu.Unlock()
	r.wake()
}

// ends tells whether the event ends its recording.
func ends(ev recorder.Event) bool {
	return ev.Type == v1alpha1.EventStopped || ev.Type == v1alpha1.EventFailed
}

// scan looks for what is in the Spool. It is to be written now, and told of when
// it is, if it is news that it waits.
func (r *replayer) scan(isNews bool) {
	sessions := r.Spool.Sessions()
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Now()
	for _, session := range sessions {
		r.turns.note(session, now)
	}
	r.tell = r.tell || isNews && len(sessions) > 0
}

// wake has the loop look again.
func (r *replayer) wake() {
	select {
	case r.woken <- struct{}{}:
	default:
	}
}

func (r *replayer) run(ctx context.Context) {
	var workers sync.WaitGroup
	defer workers.Wait()
	r.scan(true)
	scanAt := r.Now().Add(rescanPause)
	for ctx.Err() == nil {
		if now := r.Now(); !now.Before(scanAt) {
			r.scan(false)
			scanAt = now.Add(rescanPause)
		}
		session, found, next := r.next()
		if !found {
			r.idle(ctx, sooner(next, scanAt))
			continue
		}
		workers.Go(func() {
			r.session(ctx, session)
			r.done(session)
		})
	}
}

// session writes a batch of a session's events.
func (r *replayer) session(ctx context.Context, session string) {
	if b := r.unresolved(session); b != nil {
		if err := r.resolve(session, b); err != nil {
			r.failed(session, contended, err)
			return
		}
	}
	records, err := r.Spool.Peek(session, r.limit(session))
	if err != nil {
		r.failed(session, contended, r.Metrics.failed(err))
		return
	}
	b := newReplayBatch(records)
	state, err := r.write(ctx, b)
	if ctx.Err() != nil && state != taken {
		return // cut off by the end of the program; the next one goes on
	}
	if len(b.delivered)+len(b.buried) > 0 {
		if err := r.resolve(session, b); err != nil {
			r.failed(session, contended, err)
			return
		}
	}
	if state == taken {
		r.succeeded(session)
		return
	}
	r.failed(session, state, err)
}

func (r *replayer) limit(session string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.pauses[session]; p != nil && p.single {
		return 1
	}
	return maxBatch
}

func (r *replayer) unresolved(session string) *replayBatch {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.written[session]
}

// hasWrittenAll tells whether all that the Spool has of the session was
// written, and is there only because it cannot be forgotten.
func (r *replayer) hasWrittenAll(session string) bool {
	b := r.unresolved(session)
	if b == nil {
		return false
	}
	records, err := r.Spool.Peek(session, maxBatch+1)
	return err == nil && !slices.ContainsFunc(records, func(record spool.Record) bool {
		return !slices.Contains(b.delivered, record.ID) &&
			!slices.ContainsFunc(b.buried, func(burial spool.Burial) bool { return burial.ID == record.ID })
	})
}

// resolve takes what was written out of the Spool. If it fails it is tried
// again, before anything else of the session is written. When the program ends
// before that, the next one writes the events once more, which counts another
// delivery of each.
func (r *replayer) resolve(session string, b *replayBatch) error {
	// Not to be cut off: what was written should not be written again.
	ctx, cancel := context.WithTimeout(context.Background(), resolveTimeout)
	defer cancel()
	err := r.Spool.Resolve(ctx, session, b.delivered, b.buried)
	r.mu.Lock()
	if delete(r.written, session); err != nil {
		r.written[session] = b
	}
	r.mu.Unlock()
	if err != nil {
		return r.Metrics.failed(err)
	}
	r.Metrics.replayed.Add(float64(len(b.delivered)))
	if len(b.buried) > 0 {
		r.Log.Info("spooled events can never be written and are dead letters now: see `sidecar spool list`",
			append(valuesOf(session), "events", len(b.buried), "reason", b.buried[0].Reason)...)
	}
	return nil
}

// write writes a batch. What is known of each event after that is in the batch.
func (r *replayer) write(ctx context.Context, b *replayBatch) (state condition, err error) {
	if len(b.events) == 0 {
		return taken, nil
	}
	defer func() {
		if cause := recover(); cause != nil {
			state, err = contended, b.panicked(recorder.NewPanicError(cause))
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, replayTimeout)
	defer cancel()
	written := r.Write(ctx, b.session, b.events)
	b.judge(written)
	r.tellDelays(b, written)
	r.trace(b, written)
	at := slices.IndexFunc(written, func(w recorder.Written) bool { return w.Err != nil && recorder.RejectionOf(w.Err) == nil })
	if at >= 0 {
		err = written[at].Err
	}
	state = judge(written)
	r.bars.tell(b.session.Namespace, state)
	return state, err
}

// tellDelays counts what the events took that are written now.
func (r *replayer) tellDelays(b *replayBatch, written []recorder.Written) {
	now := r.Now()
	for i, w := range written {
		if w.Err == nil {
			r.Metrics.delay.Observe(max(now.Sub(b.events[i].ReceivedAt).Seconds(), 0))
		}
	}
}

// trace tells of the events that are written now.
func (r *replayer) trace(b *replayBatch, written []recorder.Written) {
	for i, w := range written {
		if w.Err == nil && w.Outcome.Trace != nil {
			r.Tracer.Spooled(w.Outcome.Spans(b.events[i]))
		}
	}
}

func (r *replayer) succeeded(session string) {
	r.breaker.succeeded()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.outages > 1 {
		clear(r.pauses) // what they waited for is over
		r.turns.release(func(string) bool { return true })
		r.Log.Info("API server takes events again: replaying the spool", "events", r.Spool.Stats().Events)
	}
	r.outages = 0
	delete(r.pauses, session)
	r.unbar(namespaceOfKey(session))
}

func (r *replayer) failed(session string, state condition, err error) {
	state.tell(r.breaker)
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.pauses[session]
	if p == nil {
		p = &pause{}
		r.pauses[session] = p
	}
	p.next(r.Now())
	var bug *recorder.PanicError
	p.single = p.single || errors.As(err, &bug)
	if state == barred {
		r.bar(namespaceOfKey(session), err)
		return
	}
	if state != away {
		r.Log.Error(err, "spooled events not written, will try again", valuesOf(session)...)
		return
	}
	r.outages++
	r.resumeAt = r.Now().Add(jittered(r.outages))
	if r.outages == 2 { // one may be the session's own
		r.tell = true
		r.Log.Error(err, "API server takes no events: they are kept in the spool until it does", "events", r.Spool.Stats().Events)
	}
}

// jittered is the pause after so many failures in a row.
func jittered(failures int) time.Duration {
	d := min(firstReplayPause<<min(failures-1, 16), maxReplayPause)
	return d/2 + rand.N(d/2)
}

func linger(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
