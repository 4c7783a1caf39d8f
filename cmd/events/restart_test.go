// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/events"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// writer plays the sidecar and the manager, and keeps what clients should be told.
type writer struct {
	namespace string
	mu        sync.Mutex
	expected  map[string][]string
}

// recording takes a recording through its life: four events of the provider, the last two of which one write has together at times,
// then processing.
func (w *writer) recording(ctx context.Context, name string, merged bool) error {
	object := &v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.namespace},
		Spec:       v1alpha1.MeetingRecordingSpec{MeetingID: "abcd-efgh-ijkl", SessionID: name, Segment: 1},
	}
	if err := api.Client.Create(ctx, object); err != nil {
		return err
	}
	at := time.Now()
	reach := func(states ...v1alpha1.RecordingState) func(*v1alpha1.MeetingRecordingStatus) {
		return func(status *v1alpha1.MeetingRecordingStatus) {
			for _, state := range states {
				at = at.Add(time.Millisecond)
				status.Recording.State = state
				status.Recording.Events = append(status.Recording.Events, v1alpha1.RecordingEvent{
					Type: v1alpha1.EventType(state), Source: v1alpha1.EventSourceWebhook, Deliveries: 1,
					ReceiveTime: metav1.NewMicroTime(at), LastReceiveTime: metav1.NewMicroTime(at),
				})
			}
		}
	}
	process := func(state v1alpha1.ProcessingState, outputs ...v1alpha1.StepOutput) func(*v1alpha1.MeetingRecordingStatus) {
		return func(status *v1alpha1.MeetingRecordingStatus) {
			status.Processing.State = state
			status.Processing.Steps = []v1alpha1.StepStatus{{
				Pipeline: "archive", Step: "archive", Attempt: 1, State: v1alpha1.StepState(state), Outputs: outputs,
			}}
		}
	}
	ends := []func(*v1alpha1.MeetingRecordingStatus){reach(v1alpha1.RecordingStopping), reach(v1alpha1.RecordingStopped)}
	if merged {
		ends = ends[:1]
		ends[0] = reach(v1alpha1.RecordingStopping, v1alpha1.RecordingStopped)
	}
	writes := append([]func(*v1alpha1.MeetingRecordingStatus){reach(v1alpha1.RecordingStarting), reach(v1alpha1.RecordingStarted)}, ends...)
	writes = append(writes, process(v1alpha1.ProcessingRunning),
		process(v1alpha1.ProcessingSucceeded, v1alpha1.StepOutput{Name: "archive", URL: "file:///" + name}))
	for _, write := range writes {
		before := object.DeepCopy()
		write(&object.Status)
		if err := api.Client.Status().Patch(ctx, object, client.MergeFrom(before)); err != nil {
			return err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.expected[name] = lifeOf
	return nil
}

// lifeOf is what a client is notified of each recording, in this order.
var lifeOf = []string{"RECORDING_STARTING", "RECORDING_STARTED", "RECORDING_STOPPING", "RECORDING_STOPPED", "Running", "output archive", "Succeeded"}

// listener is a room, and what it was told.
type listener struct {
	mu     sync.Mutex
	told   map[string][]string
	resets int
	ready  chan struct{}
	err    chan error
}

func listen(ctx context.Context, t *testing.T, client *events.Client, namespace string) *listener {
	t.Helper()
	l := &listener{told: map[string][]string{}, ready: make(chan struct{}, 16), err: make(chan error, 1)}
	room := client.Room(namespace, "")
	add := func(name, what string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.told[name] = append(l.told[name], what)
	}
	room.OnRecordingStateChanged(func(c events.RecordingChange) { add(c.Name, string(c.Status)) })
	room.OnProcessingStateChanged(func(c events.ProcessingChange) { add(c.Name, c.State) })
	room.OnOutputReady(func(o events.Output) { add(o.Recording.Name, "output "+o.Name) })
	room.OnReady(func() { l.ready <- struct{}{} })
	room.OnReset(func() { l.mu.Lock(); l.resets++; l.mu.Unlock() })
	go func() { l.err <- room.Run(ctx) }()
	select {
	case <-l.ready:
	case err := <-l.err:
		t.Fatal(err)
	}
	return l
}

func (l *listener) differs(expected map[string][]string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return cmp.Diff(expected, l.told)
}

// The server is killed, and started again, time after time in the middle of 1,000 transitions: each client is notified of every one, once, in
// its order.
func TestNothingIsMissedOrDoubledOverKills(t *testing.T) {
	const recordings, writers, clients, kills = 150, 5, 8, 4 // of 7 transitions each
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	namespace := api.Namespace(t)
	token, _ := reader(t, namespace)
	server := start(t)
	client, err := events.NewClient(server.url, events.WithBackoff(10*time.Millisecond, 100*time.Millisecond),
		events.WithToken(func(context.Context) (string, error) { return token, nil }))
	if err != nil {
		t.Fatal(err)
	}
	var listeners []*listener
	for range clients {
		listeners = append(listeners, listen(ctx, t, client, namespace))
	}
	w := &writer{namespace: namespace, expected: map[string][]string{}}
	next := make(chan int)
	done := make(chan error, writers)
	for range writers {
		go func() {
			var failed error
			for i := range next {
				if err := w.recording(ctx, fmt.Sprintf("recording-%d", i), i%2 == 0); err != nil {
					failed = err // the others go on, so that nobody waits for this one
				}
			}
			done <- failed
		}()
	}
	every := recordings / (kills + 1)
	for i := range recordings {
		if i > 0 && i%every == 0 && i/every <= kills {
			server.Kill()
			for j := range rand.IntN(10) { // some go on while there is no server
				next <- recordings + i*10 + j
			}
			server.run(t)
		}
		next <- i
	}
	close(next)
	for range writers {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	for i, l := range listeners {
		harness.Eventually(t, fmt.Sprintf("client %d was told of everything", i), func(context.Context) error {
			if difference := l.differs(w.expected); difference != "" {
				return errors.New(difference)
			}
			return nil
		})
		if l.resets != 0 {
			t.Errorf("client %d: %d resets", i, l.resets)
		}
	}
	if n := len(w.expected) * len(lifeOf); n < 1000 {
		t.Errorf("only %d transitions", n)
	}
}
