// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// streamEvery is the time between the beginnings of two recordings of a stream.
const streamEvery = 300 * time.Millisecond

// eventTypes are those of the API, by those of the provider.
var eventTypes = map[string]v1alpha1.EventType{
	"recording-starting": v1alpha1.EventStarting, "recording-started": v1alpha1.EventStarted,
	"recording-stopping": v1alpha1.EventStopping, "recording-stopped": v1alpha1.EventStopped,
}

// stream sends the webhooks of ever new recordings of a meeting of its own, each webhook once, and keeps how each was answered. What was
// not answered 2xx is not sent again: so whatever is missing at the end was lost, and not made good.
type stream struct {
	meeting string
	cancel  context.CancelFunc
	done    chan struct{}

	mu   sync.Mutex
	sent []delivery
}

// delivery is a webhook that was sent, and what happened to it.
type delivery struct {
	webhook harness.Webhook
	answer  harness.Answer
	err     error
}

func (d delivery) acknowledged() bool { return d.err == nil && d.answer.Status/100 == 2 }

// startStream begins to send.
func startStream(t testing.TB) *stream {
	ctx, cancel := context.WithCancel(t.Context())
	s := &stream{meeting: newMeeting(), cancel: cancel, done: make(chan struct{})}
	go s.run(ctx)
	t.Cleanup(s.stop)
	return s
}

func (s *stream) run(ctx context.Context) {
	defer close(s.done)
	var recordings sync.WaitGroup
	defer recordings.Wait()
	tick := time.NewTicker(streamEvery)
	defer tick.Stop()
	for {
		recordings.Go(func() { s.tell(newRecording(s.meeting)) })
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// tell sends the webhooks of one recording one after another; it goes on when the stream ends, so that none is cut off.
func (s *stream) tell(r recorded) {
	for _, w := range r.webhooks {
		got, err := sender.send(context.Background(), w)
		s.mu.Lock()
		s.sent = append(s.sent, delivery{w, got, err})
		s.mu.Unlock()
	}
}

// stop ends the sending, and waits for the last answer.
func (s *stream) stop() {
	s.cancel()
	<-s.done
}

// deliveries returns what has been sent so far.
func (s *stream) deliveries() []delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

// awaitMore waits until so many more webhooks were acknowledged.
func (s *stream) awaitMore(t testing.TB, n int) {
	t.Helper()
	acknowledged := func() (n int) {
		for _, d := range s.deliveries() {
			if d.acknowledged() {
				n++
			}
		}
		return n
	}
	want := acknowledged() + n
	harness.Within(t, 2*time.Minute, "more webhooks are acknowledged", func(context.Context) error {
		if got := acknowledged(); got < want {
			return fmt.Errorf("%d are, of %d: %s", got, want, s.summary())
		}
		return nil
	})
}

// summary counts the answers.
func (s *stream) summary() string {
	counts := map[string]int{}
	for _, d := range s.deliveries() {
		switch {
		case d.err != nil:
			counts["no answer"]++
		default:
			counts[strings.TrimSpace(fmt.Sprintf("%d %s", d.answer.Status, d.answer.Result))]++
		}
	}
	var text []string
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		text = append(text, fmt.Sprintf("%d × %s", counts[key], key))
	}
	return strings.Join(text, ", ")
}

// unacknowledged returns what was not answered 2xx.
func (s *stream) unacknowledged() (lost []delivery) {
	for _, d := range s.deliveries() {
		if !d.acknowledged() {
			lost = append(lost, d)
		}
	}
	return lost
}

// audit ends the stream, and fails unless every webhook that was acknowledged comes to be in the status of a recording, and every file on
// exactly one.
func (s *stream) audit(t testing.TB) {
	t.Helper()
	s.stop()
	t.Logf("the sender was answered: %s", s.summary())
	harness.Within(t, time.Minute, "everything that was acknowledged is in a status", func(ctx context.Context) error {
		var list v1alpha1.MeetingRecordingList
		err := cluster.client.List(ctx, &list, client.InNamespace(namespace), client.MatchingLabels{v1alpha1.LabelMeetingID: s.meeting})
		if err != nil {
			return err
		}
		return missing(s.deliveries(), list.Items)
	})
}

// missing reports the first acknowledged webhook that is in no status, or whose file is not on exactly one recording.
func missing(sent []delivery, recordings []v1alpha1.MeetingRecording) error {
	types, paths := map[string]int{}, map[string]int{}
	for i := range recordings {
		r := &recordings[i]
		for _, e := range r.Status.Recording.Events {
			types[r.Spec.SessionID+" "+string(e.Type)]++
		}
		if file := r.Status.Recording.File; file != nil {
			paths[file.Path]++
		}
	}
	for _, d := range sent {
		switch {
		case !d.acknowledged():
		case types[d.webhook.SessionID+" "+string(eventTypes[d.webhook.Type])] == 0:
			return fmt.Errorf("%+v was answered %+v, and is in no status", d.webhook, d.answer)
		case d.webhook.FilePath != "" && paths[d.webhook.FilePath] != 1:
			return fmt.Errorf("%s was answered %+v, and is on %d recordings", d.webhook.FilePath, d.answer, paths[d.webhook.FilePath])
		}
	}
	return nil
}
