// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/controllers"
	"github.com/meetingops/meeting-recording-operator/controllers/delivery"
	"github.com/meetingops/meeting-recording-operator/internal/eventsink"
)

var sinkKey = []byte("0123456789abcdef0123456789abcdef")

// sink is an HTTP server that takes events. Each that it gets is verified, read by CloudEvents' SDK and compared with the schema of the
// documentation, whatever it answers.
type sink struct {
	t        *testing.T
	server   *httptest.Server
	verifier *standardwebhooks.Webhook
	schemas  *jsonschema.Compiler
	// answer, if not nil, says what to answer; 0 is to hang until the sink is released.
	answer func(cloudevents.Event) int

	mu       sync.Mutex
	got      []cloudevents.Event // those that were taken, repeats included
	attempts int
	hang     chan struct{}
}

func newSink(t *testing.T) *sink {
	t.Helper()
	verifier, err := standardwebhooks.NewWebhookRaw(sinkKey)
	if err != nil {
		t.Fatal(err)
	}
	s := &sink{t: t, verifier: verifier, schemas: jsonschema.NewCompiler(), hang: make(chan struct{})}
	s.server = httptest.NewServer(s)
	t.Cleanup(func() {
		close(s.hang)
		s.server.Close()
	})
	return s
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the manager was stopped
	}
	if err := s.verifier.Verify(body, r.Header); err != nil {
		s.t.Errorf("the signature: %v", err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	event, err := cehttp.NewEventFromHTTPRequest(r)
	if err != nil {
		s.t.Errorf("no event: %v", err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attempts++
	s.check(event)
	code := http.StatusNoContent
	if s.answer != nil {
		code = s.answer(*event)
	}
	if code == 0 {
		s.mu.Unlock()
		select {
		case <-r.Context().Done():
		case <-s.hang:
		}
		s.mu.Lock()
		return
	}
	if code < 300 {
		s.got = append(s.got, *event)
	}
	w.WriteHeader(code)
}

// check compares an event with the documentation.
func (s *sink) check(event *cloudevents.Event) {
	if err := event.Validate(); err != nil {
		s.t.Errorf("the event: %v", err)
	}
	schema, err := s.schemas.Compile("../docs/reference/cloudevents.schema.json#/$defs/" + event.Type())
	if err != nil {
		s.t.Errorf("events of type %s are not documented: %v", event.Type(), err)
		return
	}
	data, err := jsonschema.UnmarshalJSON(bytes.NewReader(event.Data()))
	if err != nil {
		s.t.Errorf("the event's data: %v", err)
		return
	}
	if err := schema.Validate(data); err != nil {
		s.t.Errorf("an event of type %s: %v\n%s", event.Type(), err, event.Data())
	}
}

// answers changes what it answers; nil takes everything.
func (s *sink) answers(answer func(cloudevents.Event) int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

func always(code int) func(cloudevents.Event) int { return func(cloudevents.Event) int { return code } }

// tried returns how many attempts there were.
func (s *sink) tried() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attempts
}

// stateTime is the time in the id of a processing state.
var stateTime = regexp.MustCompile(`-[0-9]{16}$`)

// of returns the ids of a recording's events that were accepted, without the uid and the time of the state.
func (s *sink) of(recording *v1alpha1.MeetingRecording) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for i := range s.got {
		if id, ok := strings.CutPrefix(s.got[i].ID(), string(recording.UID)+"-"); ok {
			ids = append(ids, stateTime.ReplaceAllString(id, ""))
		}
	}
	return ids
}

// event returns one that was taken.
func (s *sink) event(t *testing.T, recording *v1alpha1.MeetingRecording, id string) cloudevents.Event {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(s.got, func(e cloudevents.Event) bool {
		return stateTime.ReplaceAllString(e.ID(), "") == string(recording.UID)+"-"+id
	})
	if at < 0 {
		t.Fatalf("no event %s", id)
	}
	return s.got[at]
}

// delivering has the operator deliver to the sink, patiently: nothing is written down before a recording is processed, and nothing given up.
func (s *sink) delivering(change func(*delivery.Options)) func(*controllers.Options, *wire) {
	return func(options *controllers.Options, _ *wire) {
		path := filepath.Join(s.t.TempDir(), "key")
		if err := os.WriteFile(path, []byte("whsec_"+base64.StdEncoding.EncodeToString(sinkKey)), 0o600); err != nil {
			s.t.Fatal(err)
		}
		events, err := eventsink.New(eventsink.Options{
			URL: s.server.URL, KeyFile: path, Mode: eventsink.Structured, Timeout: patience, UserAgent: "test",
		})
		if err != nil {
			s.t.Fatal(err)
		}
		options.Delivery = delivery.Options{Sink: events, MaxBackoff: time.Second, SaveAfter: time.Hour, DropAfter: 24 * time.Hour}
		if change != nil {
			change(&options.Delivery)
		}
	}
}

// expectEvents waits until the sink has taken the events of the recording, in this order, and no others.
func (s *sink) expectEvents(t *testing.T, recording *v1alpha1.MeetingRecording, want ...string) {
	t.Helper()
	eventually(t, "events of "+recording.Name, func() error {
		if diff := cmp.Diff(want, s.of(recording)); diff != "" {
			return fmt.Errorf("(-want +got):\n%s", diff)
		}
		return nil
	})
}

// expectDelivery waits until it is stored what was delivered of the recording: the state, and how many events.
func expectDelivery(t *testing.T, recording *v1alpha1.MeetingRecording, state v1alpha1.DeliveryState, events int) {
	t.Helper()
	eventually(t, fmt.Sprintf("%s: %q, %d events", recording.Name, state, events), func() error {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(recording), recording); err != nil {
			return err
		}
		got := recording.Status.Delivery
		if got.State != state || len(got.Events) != events {
			return fmt.Errorf("it is %+v", got)
		}
		return nil
	})
}
