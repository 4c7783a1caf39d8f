// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

const (
	testMeeting = "hstr-afz3-tt4f"
	testSession = "62d148951a1eb20029fc9b05"
	testName    = testMeeting + "-" + testSession
)

var (
	session     = Session{Namespace: "meetings", MeetingID: testMeeting, SessionID: testSession}
	testWindows = lifecycle.Windows{Reorder: time.Minute, Redelivery: 10 * time.Second}
	epoch       = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
)

// event is a delivery some seconds after epoch; with a path it names a file.
func event(eventType v1alpha1.EventType, seconds float64, path ...string) lifecycle.Event {
	ev := lifecycle.Event{
		Type: eventType, Source: v1alpha1.EventSourceWebhook,
		ReceivedAt: epoch.Add(time.Duration(seconds * float64(time.Second))),
	}
	if len(path) > 0 {
		ev.FilePath, ev.FileURL = path[0], "https://cdn.example.com"+path[0]
	}
	return ev
}

// memoryStore is a Store with optimistic concurrency as the API server has it.
// hook is asked before each call, and its error returned instead.
type memoryStore struct {
	mu      sync.Mutex
	objects map[string][]*Object // every version; a nil one does not exist
	version int
	calls   []string
	hook    func(call, name string) error
	// stale says by how many versions a read that need not be fresh is behind.
	stale func(versions int) int
	// terminating has the names of objects that are being deleted.
	terminating map[string]bool
	// seen reports a name whether the replica that asks knows it; nil is whether it exists.
	seen func(name string) bool
	// traceparent is what a new object's annotation says.
	traceparent func() string
}

func newMemoryStore() *memoryStore {
	return &memoryStore{
		objects:     map[string][]*Object{},
		hook:        func(string, string) error { return nil },
		stale:       func(int) int { return 0 },
		traceparent: func() string { return "" },
	}
}

func (s *memoryStore) enter(call, name string) error {
	s.mu.Lock()
	s.calls = append(s.calls, call+" "+name)
	s.mu.Unlock()
	return s.hook(call, name)
}

// takeCalls returns what was called since the last takeCalls.
func (s *memoryStore) takeCalls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls
	s.calls = nil
	return calls
}

func (s *memoryStore) Get(_ context.Context, session Session, segment int32, fresh bool) (*Object, error) {
	name, call := session.name(segment), "get"
	if fresh {
		call = "get fresh"
	}
	if err := s.enter(call, name); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	versions := s.objects[name]
	at := len(versions)
	if !fresh && at > 0 {
		at -= min(s.stale(at), at)
	}
	if at == 0 || versions[at-1] == nil {
		return nil, ErrNotFound
	}
	object := *versions[at-1]
	object.IsTerminating = s.terminating[name]
	return &object, nil
}

func (s *memoryStore) Seen(session Session, segment int32) bool {
	name := session.name(segment)
	if s.seen != nil {
		return s.seen(name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.objects[name]) > 0
}

// put stores the next version of an object. It is called with mu held.
func (s *memoryStore) put(o Object, status v1alpha1.RecordingStatus) *Object {
	raw, err := json.Marshal(status)
	if err != nil {
		panic(err)
	}
	o.RawRecording = raw
	o.Recording = v1alpha1.RecordingStatus{}
	if err := json.Unmarshal(raw, &o.Recording); err != nil {
		panic(err)
	}
	s.version++
	o.ResourceVersion = strconv.Itoa(s.version)
	s.objects[o.Name] = append(s.objects[o.Name], &o)
	return &o
}

func (s *memoryStore) Create(_ context.Context, session Session, segment int32) (*Object, error) {
	name := session.name(segment)
	if err := s.enter("create", name); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if versions := s.objects[name]; len(versions) > 0 && versions[len(versions)-1] != nil {
		return nil, ErrChanged
	}
	return s.put(Object{Name: name, Traceparent: s.traceparent(), Spec: v1alpha1.MeetingRecordingSpec{
		MeetingID: session.MeetingID, SessionID: session.SessionID, Segment: segment,
	}}, v1alpha1.RecordingStatus{Events: []v1alpha1.RecordingEvent{}}), nil
}

func (s *memoryStore) Patch(_ context.Context, read *Object, status v1alpha1.RecordingStatus, revives bool) error {
	if err := s.enter("patch", read.Name); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.objects[read.Name][len(s.objects[read.Name])-1]
	if string(now.RawRecording) != string(read.RawRecording) || (revives && now.Processing != read.Processing) {
		return fmt.Errorf("patch: %w (%w)", ErrChanged, &RejectedError{Err: ErrChanged})
	}
	s.put(*now, status)
	return nil
}

// chain returns the session's objects, as they are now.
func (s *memoryStore) chain() []*Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	var chain []*Object
	for index := int32(1); ; index++ {
		versions := s.objects[lifecycle.Name(testMeeting, testSession, index)]
		if len(versions) == 0 {
			return chain
		}
		chain = append(chain, versions[len(versions)-1])
	}
}

// writeAll writes events one after another, and fails the test if one cannot be.
func writeAll(t testing.TB, w *Writer, events ...lifecycle.Event) []Outcome {
	t.Helper()
	var outcomes []Outcome
	for _, written := range w.Write(t.Context(), session, events) {
		if written.Err != nil {
			t.Fatal(written.Err)
		}
		outcomes = append(outcomes, written.Outcome)
	}
	return outcomes
}
