// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/chaos/audit"
	"github.com/meetingops/meeting-recording-operator/test/chaos/plan"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

const (
	// attemptTimeout is how long the provider waits for an answer.
	attemptTimeout = 8 * time.Second
	// firstPause follows an attempt that was not answered with 2xx, and doubles up to maxPause, until a delivery has taken giveUp.
	firstPause = 500 * time.Millisecond
	maxPause   = 8 * time.Second
	giveUp     = 90 * time.Second
)

// noAnswer is what an attempt is counted as that was not answered.
const noAnswer = "no answer"

// eventTypes are those of the API, by those of the provider.
var eventTypes = map[string]v1alpha1.EventType{
	plan.Starting: v1alpha1.EventStarting, plan.Started: v1alpha1.EventStarted, plan.Stopping: v1alpha1.EventStopping,
	plan.Stopped: v1alpha1.EventStopped, plan.Failed: v1alpha1.EventFailed,
}

// sender sends webhooks to one of several addresses each, as a Service would have it, and remembers what happened to them.
type sender struct {
	provider  *harness.Provider
	addresses []string
	sessions  []plan.Session
	// pause follows the first attempt that was not answered with 2xx.
	pause time.Duration

	mu       sync.Mutex
	events   []audit.Event
	answers  map[string]int
	attempts int
	ignored  int
	slowest  time.Duration // delivery, with all its attempts
}

func newSender(p *harness.Provider, sessions []plan.Session, addresses ...string) *sender {
	return &sender{
		provider: p, addresses: addresses, sessions: sessions, answers: map[string]int{}, pause: firstPause,
	}
}

// send sends all deliveries at their times from now on, and returns when the last one is done with. Who gets which is drawn with the seed.
func (s *sender) send(ctx context.Context, deliveries []plan.Delivery, seed uint64) {
	begin := time.Now()
	var sending sync.WaitGroup
	for i, d := range deliveries {
		if !harness.Sleep(ctx, time.Until(begin.Add(d.At))) {
			break
		}
		sending.Go(func() { s.deliver(ctx, d, rand.New(rand.NewPCG(seed, uint64(i)))) })
	}
	sending.Wait()
}

// deliver sends one webhook, again and again where the provider does so.
func (s *sender) deliver(ctx context.Context, d plan.Delivery, random *rand.Rand) {
	of := s.sessions[d.Session]
	event := audit.Event{
		Session: audit.Session{MeetingID: of.MeetingID, SessionID: of.SessionID}, Recording: d.Recording,
		Type: eventTypes[d.Type], FilePath: d.FilePath, From: time.Now(),
	}
	to := random.IntN(len(s.addresses))
	for pause := s.pause; ; pause = min(2*pause, maxPause) {
		answer := s.attempt(ctx, d, of, s.addresses[to])
		event.To = time.Now()
		s.count(answer)
		event.Unsure = event.Unsure || answer.text == noAnswer
		if answer.code/100 == 2 {
			event.Acknowledged, event.AcknowledgedAt, event.Spooled = true, event.To, answer.code == http.StatusAccepted
			break
		}
		if !d.Retries || time.Since(event.From) > giveUp || !harness.Sleep(ctx, pause/2+rand.N(pause/2)) {
			break
		}
		to = random.IntN(len(s.addresses))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slowest = max(s.slowest, event.To.Sub(event.From))
	if event.Type == "" {
		s.ignored++
		return
	}
	s.events = append(s.events, event)
}

// answered is how an attempt was answered: with a code and what was said, as it is counted.
type answered struct {
	code int
	text string
}

func (s *sender) attempt(ctx context.Context, d plan.Delivery, of plan.Session, address string) answered {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	webhook := harness.Webhook{Type: d.Type, MeetingID: of.MeetingID, SessionID: of.SessionID, FilePath: d.FilePath}
	answer, err := s.provider.Send(ctx, "http://"+address+harness.WebhookPath, webhook.Body())
	if err != nil {
		// Also where only the body is missing: a provider that has the code may well not wait for the rest, but it is not sure either.
		return answered{text: noAnswer}
	}
	if answer.Result == "" {
		answer.Result = http.StatusText(answer.Status)
	}
	return answered{answer.Status, fmt.Sprintf("%d %s", answer.Status, answer.Result)}
}

func (s *sender) count(a answered) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attempts++
	s.answers[a.text]++
}

// recordings counts the recordings of each session.
func (s *sender) recordings() map[audit.Session]int {
	counts := map[audit.Session]int{}
	for _, of := range s.sessions {
		counts[audit.Session{MeetingID: of.MeetingID, SessionID: of.SessionID}] = len(of.Recordings)
	}
	return counts
}
