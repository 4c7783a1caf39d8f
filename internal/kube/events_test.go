// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/go-logr/logr/funcr"
	"golang.org/x/time/rate"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// eventServer takes Kubernetes Events, after as many failures as it has for each.
type eventServer struct {
	client.Writer

	mu     sync.Mutex
	fails  func(note string, try int) error
	delay  time.Duration
	tries  map[string]int
	events []*eventsv1.Event
}

func (s *eventServer) Create(ctx context.Context, object client.Object, _ ...client.CreateOption) error {
	event, _ := object.(*eventsv1.Event)
	select {
	case <-time.After(s.delay):
	case <-ctx.Done():
		return ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tries[event.Note]++
	if s.fails != nil {
		if err := s.fails(event.Note, s.tries[event.Note]); err != nil {
			return err
		}
	}
	s.events = append(s.events, event)
	return nil
}

func (s *eventServer) written(note string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, event := range s.events {
		if event.Note == note {
			return true
		}
	}
	return false
}

// newTestRecorder returns one, and what it has logged.
func newTestRecorder(t *testing.T, server *eventServer) (*EventRecorder, func() string) {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	server.tries = map[string]int{}
	var mu sync.Mutex
	var logged strings.Builder
	logger := funcr.New(func(_, args string) {
		mu.Lock()
		defer mu.Unlock()
		logged.WriteString(args + "\n")
	}, funcr.Options{})
	r := &EventRecorder{
		client: server, scheme: scheme, instance: "test", log: logger,
		queue: make(chan *eventsv1.Event, 3), lost: rate.Sometimes{Interval: eventLogEvery},
	}
	return r, func() string {
		mu.Lock()
		defer mu.Unlock()
		return logged.String()
	}
}

func eventAbout(name string) *v1alpha1.MeetingRecording {
	return &v1alpha1.MeetingRecording{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "meetings", UID: "1", ResourceVersion: "7"}}
}

// TestEventRecorder: an event is written as it is, late where the API server is unavailable, and dropped if it is rejected.
func TestEventRecorder(t *testing.T) {
	refusal := apierrors.NewForbidden(schema.GroupResource{Group: "events.k8s.io", Resource: "events"}, "x", errors.New("no"))
	for _, tc := range []struct {
		name    string
		fails   func(note string, try int) error
		written bool
		tries   int
		log     string
	}{
		{"taken", nil, true, 1, ""},
		{"away", func(_ string, try int) error {
			if try < 4 {
				return errors.New("connection refused")
			}
			return nil
		}, true, 4, ""},
		{"the answer was lost", func(_ string, try int) error {
			if try == 1 {
				return errors.New("connection reset")
			}
			return apierrors.NewAlreadyExists(schema.GroupResource{}, "x")
		}, false, 2, ""},
		{"refused", func(string, int) error { return refusal }, false, 1, "forbidden"},
		{"away for long", func(string, int) error { return errors.New("connection refused") }, false, eventTries.Steps, "connection refused"},
		{"overloaded for long", func(string, int) error { return apierrors.NewTooManyRequests("later", 1) }, false, eventTries.Steps, "later"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &eventServer{fails: tc.fails}
				r, logged := newTestRecorder(t, server)
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- r.Start(ctx) }()
				r.Eventf(eventAbout("daily"), nil, "Warning", "ProcessingFailed", "Process", "%s", "it failed")
				<-time.After(time.Hour) // of the bubble's clock
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
				if got := server.written("it failed"); got != tc.written || server.tries["it failed"] != tc.tries {
					t.Errorf("written %t after %d tries, want %t after %d", got, server.tries["it failed"], tc.written, tc.tries)
				}
				if log := logged(); (tc.log == "") != (log == "") || !strings.Contains(log, tc.log) {
					t.Errorf("log %q, want it to tell of %q", log, tc.log)
				}
				if !tc.written {
					return
				}
				event := server.events[0]
				if event.Regarding.Name != "daily" || event.Regarding.Kind != "MeetingRecording" || event.Regarding.ResourceVersion != "7" ||
					event.Namespace != "meetings" || event.Type != "Warning" || event.Reason != "ProcessingFailed" || event.Action != "Process" ||
					event.ReportingController != FieldOwner || event.ReportingInstance != "test" {
					t.Errorf("event %+v", event)
				}
			})
		})
	}
}

// TestEventRecorderIsBounded: Eventf never waits, what is too much is lost and told once, and the end of the manager writes what there is, for a moment.
func TestEventRecorderIsBounded(t *testing.T) {
	for _, tc := range []struct {
		delay time.Duration
		want  int
		takes time.Duration
	}{
		{0, 3, 0}, {time.Hour, 0, drainTimeout},
	} {
		t.Run(tc.delay.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &eventServer{delay: tc.delay}
				r, logged := newTestRecorder(t, server)
				for i := range 9 {
					r.Eventf(eventAbout("daily"), nil, "Normal", "ProcessingStarted", "Process", "%d", i)
				}
				if got := strings.Count(logged(), "Kubernetes Event lost"); got != 1 {
					t.Errorf("told %d times of what is lost:\n%s", got, logged())
				}
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				begin := time.Now()
				if err := r.Start(ctx); err != nil {
					t.Error(err)
				}
				if took := time.Since(begin); took != tc.takes || len(server.events) != tc.want {
					t.Errorf("%d events written in %s, want %d in %s", len(server.events), took, tc.want, tc.takes)
				}
				for i := range tc.want {
					if !server.written(fmt.Sprint(i)) {
						t.Errorf("event %d is lost, not a later one", i)
					}
				}
			})
		})
	}
}

// TestEventRecorderCutsNotes: the API server rejects longer ones, and those that are not valid UTF-8.
func TestEventRecorderCutsNotes(t *testing.T) {
	r, _ := newTestRecorder(t, &eventServer{})
	r.Eventf(eventAbout("daily"), nil, "Warning", "DeletionFailed", "Delete", "%s", strings.Repeat("ä", 1000)+"\n")
	if note := (<-r.queue).Note; len(note) > 1024 || !utf8.ValidString(note) || !strings.HasSuffix(note, "ä…") {
		t.Errorf("note of %d bytes: %q", len(note), note)
	}
}

// TestEventRecorderNamesWhatItCannotWrite: an object of a kind that nobody knows.
func TestEventRecorderNamesWhatItCannotWrite(t *testing.T) {
	r, logged := newTestRecorder(t, &eventServer{})
	r.Eventf(&eventsv1.Event{}, nil, "Normal", "Odd", "Process", "x")
	if !strings.Contains(logged(), "Kubernetes Event cannot be written") || len(r.queue) != 0 {
		t.Errorf("%d events wait, log %q", len(r.queue), logged())
	}
}
