// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

const (
	// replayWorkers is how many sessions are written at the same time.
	replayWorkers = 8
	// replayTimeout is how long the API server may take for a session's batch.
	replayTimeout = 5 * time.Second
	// resolveTimeout is how long the disk may take to forget it.
	resolveTimeout = 10 * time.Second
	// firstReplayPause follows a failure, and doubles up to maxReplayPause; half
	// of it is drawn.
	firstReplayPause = 250 * time.Millisecond
	maxReplayPause   = 4 * time.Second
	// maxReplayWait is how long a session may wait for the loop to see it while
	// others are paused.
	maxReplayWait = time.Second
)

// replayer writes what is in the Spool. It takes the sessions one by one while
// the API server is away, and several at a time when it is there.
type replayer struct {
	SpoolingOptions
	breaker *breaker
	bars    *bars
	woken   chan struct{}

	mu     sync.Mutex
	pauses map[string]*pause // of sessions whose last write failed
	// written has the batches that were written, and that the Spool could not
	// forget: they must not be written again.
	written map[string]*replayBatch
	outages int // failures of the API server since its last success
	// barred has a pause for each namespace that the API server lets us write
	// nothing in.
	barred map[string]*pause
}

// pause is what a session has to wait for.
type pause struct {
	failures int
	until    time.Time
	single   bool // whether to write one event at a time
}

// left is how long a pause lasts yet; a nil one does not.
func (p *pause) left(now time.Time) time.Duration {
	if p == nil {
		return 0
	}
	return p.until.Sub(now)
}

// next makes the pause that follows one more failure.
func (p *pause) next(now time.Time) {
	p.failures++
	p.until = now.Add(jittered(p.failures))
}

func newReplayer(options SpoolingOptions, b *breaker, bars *bars) *replayer {
	return &replayer{
		SpoolingOptions: options, breaker: b, bars: bars, woken: make(chan struct{}, 1),
		pauses: map[string]*pause{}, written: map[string]*replayBatch{}, barred: map[string]*pause{},
	}
}

// wake tells that there may be something in the Spool.
func (r *replayer) wake() {
	select {
	case r.woken <- struct{}{}:
	default:
	}
}

func (r *replayer) run(ctx context.Context) {
	for wasEmpty := true; ctx.Err() == nil; {
		sessions := r.Spool.Sessions()
		isEmpty := len(sessions) == 0
		if isEmpty && !wasEmpty {
			r.Log.Info("spool replayed: nothing waits in it any more")
		}
		wasEmpty = isEmpty
		if isEmpty {
			select {
			case <-r.woken:
			case <-ctx.Done():
			}
			continue
		}
		due, wait := r.due(sessions)
		if len(due) == 0 {
			linger(ctx, wait)
			continue
		}
		r.pass(ctx, due)
	}
}

// due returns the sessions to write now, only one while the API server is away,
// and only one of a namespace that it lets us write nothing in; and if there are
// none, how long to wait.
func (r *replayer) due(sessions []string) (due []string, wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Now()
	wait = maxReplayWait
	tried := map[string]bool{} // barred namespaces
	for _, session := range sessions {
		namespace := namespaceOfKey(session)
		bar := r.barred[namespace]
		left := max(r.pauses[session].left(now), bar.left(now))
		switch {
		case left > 0:
			wait = min(wait, left)
		case bar == nil:
			due = append(due, session)
		case !tried[namespace]:
			tried[namespace] = true
			due = append(due, session)
		}
	}
	if r.outages > 0 && len(due) > 1 {
		due = due[:1]
	}
	return due, wait
}

// pass writes one batch of each session, until the API server is away.
func (r *replayer) pass(ctx context.Context, sessions []string) {
	work := make(chan string)
	var workers sync.WaitGroup
	for range min(replayWorkers, len(sessions)) {
		workers.Go(func() {
			for session := range work {
				r.session(ctx, session)
			}
		})
	}
	wasAway := r.away()
	for _, session := range sessions {
		if ctx.Err() != nil || (!wasAway && r.away()) {
			break
		}
		work <- session
	}
	close(work)
	workers.Wait()
	if n := r.outageCount(); n > 0 {
		linger(ctx, jittered(n))
	}
}

func (r *replayer) away() bool { return r.outageCount() > 0 }

func (r *replayer) outageCount() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.outages
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
			state, err = contended, b.panicked(newPanicError(cause))
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, replayTimeout)
	defer cancel()
	written := r.Write(ctx, b.session, b.events)
	b.judge(written)
	r.tellDelays(b, written)
	r.trace(b, written)
	at := slices.IndexFunc(written, func(w Written) bool { return w.Err != nil && rejectionOf(w.Err) == nil })
	if at >= 0 {
		err = written[at].Err
	}
	state = judge(written)
	r.bars.tell(b.session.Namespace, state)
	return state, err
}

// tellDelays counts what the events took that are written now.
func (r *replayer) tellDelays(b *replayBatch, written []Written) {
	now := r.Now()
	for i, w := range written {
		if w.Err == nil {
			r.Metrics.delay.Observe(max(now.Sub(b.events[i].ReceivedAt).Seconds(), 0))
		}
	}
}

// trace tells of the events that are written now.
func (r *replayer) trace(b *replayBatch, written []Written) {
	for i, w := range written {
		if w.Err == nil && w.Outcome.Trace != nil {
			r.Tracer.Spooled(w.Outcome.tell(b.events[i]))
		}
	}
}

func (r *replayer) succeeded(session string) {
	r.breaker.succeeded()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.outages > 1 {
		clear(r.pauses) // what they waited for is over
		r.Log.Info("API server takes events again: replaying the spool", "events", r.Spool.Stats().Events)
	}
	r.outages = 0
	delete(r.pauses, session)
	r.unbar(namespaceOfKey(session))
}

// unbar ends what a namespace's sessions wait for. It is called with mu held.
func (r *replayer) unbar(namespace string) {
	bar := r.barred[namespace]
	if bar == nil {
		return
	}
	delete(r.barred, namespace)
	maps.DeleteFunc(r.pauses, func(session string, _ *pause) bool { return namespaceOfKey(session) == namespace })
	if bar.failures > 1 {
		r.Log.Info("API server takes events of a namespace again: replaying the spool", "namespace", namespace)
	}
}

// bar notes that nothing can be written in a namespace. It is called with mu held.
func (r *replayer) bar(namespace string, err error) {
	bar := r.barred[namespace]
	if bar == nil {
		bar = &pause{}
		r.barred[namespace] = bar
	}
	bar.next(r.Now())
	if bar.failures == 2 { // one may be the event's own
		r.Log.Error(err, "API server takes no events of a namespace: they are kept in the spool until it does; see that the namespace exists and the sidecar has its rights there",
			"namespace", namespace)
	}
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
	var bug *panicError
	p.single = p.single || errors.As(err, &bug)
	if state == barred {
		r.bar(namespaceOfKey(session), err)
		return
	}
	if state != away {
		r.Log.Error(err, "spooled events not written, will try again", valuesOf(session)...)
		return
	}
	if r.outages++; r.outages == 2 { // one may be the session's own
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
