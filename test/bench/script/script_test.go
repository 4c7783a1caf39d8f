// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package script

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

func TestCheck(t *testing.T) {
	good := Script{Tag: "0123abcd", Recordings: 1, Senders: 1, Events: Lifecycle}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Script){
		"no tag":        func(s *Script) { s.Tag = "" },
		"short tag":     func(s *Script) { s.Tag = "12" },
		"no recordings": func(s *Script) { s.Recordings = 0 },
		"no senders":    func(s *Script) { s.Senders = 0 },
		"no events":     func(s *Script) { s.Events = nil },
		"other events":  func(s *Script) { s.Events = []string{"session-started"} },
	} {
		bad := good
		if change(&bad); bad.Check() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestRecordings: no two are alike, and their webhooks are what the receiver understands.
func TestRecordings(t *testing.T) {
	one, other := Script{Tag: "00000001"}, Script{Tag: "00000002", PerSession: 3}
	names := map[string]bool{}
	for _, s := range []Script{one, other} {
		for _, i := range []int{0, 1, 0xffff, 0x10000, 99999} {
			recording := s.Recording(i)
			names[recording.Name], names[recording.FilePath] = true, true
			for _, event := range Lifecycle {
				got, err := videosdk.Parse(recording.Body(event))
				if err != nil {
					t.Fatal(err)
				}
				want := videosdk.Event{Type: videosdk.EventType(event), MeetingID: recording.MeetingID, SessionID: recording.SessionID}
				if event == Stopped {
					want.FilePath, want.FileURL = recording.FilePath, recording.FileURL
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			}
		}
	}
	if len(names) != 20 {
		t.Errorf("%d names and files of 10 recordings", len(names))
	}
	if first, second := other.Recording(3), other.Recording(4); first.SessionID != second.SessionID || first.Segment != 1 || second.Name != first.Name+"-2" {
		t.Errorf("the second recording of a session is %+v, after %+v", second, first)
	}
}

// TestPlay: every event is played once, and those of a recording in their order.
func TestPlay(t *testing.T) {
	s := Script{Recordings: 50, Senders: 8, Events: Lifecycle}
	var mu sync.Mutex
	played := make([][]int, s.Recordings)
	samples, err := s.Play(t.Context(), func(_ context.Context, recording, event int) error {
		mu.Lock()
		defer mu.Unlock()
		played[recording] = append(played[recording], event)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, events := range played {
		if !slices.Equal(events, []int{0, 1, 2, 3}) {
			t.Errorf("recording %d: %v", i, events)
		}
	}
	for i, sample := range samples {
		if sample.Recording != i/4 || sample.Event != i%4 || sample.Sent == 0 {
			t.Errorf("sample %d is %+v", i, sample)
		}
	}
}

func TestPlayEndsWithTheFirstError(t *testing.T) {
	problem := errors.New("broken")
	s := Script{Recordings: 50, Senders: 8, Events: Lifecycle}
	_, err := s.Play(t.Context(), func(ctx context.Context, recording, _ int) error {
		if recording == 3 {
			return problem
		}
		return nil
	})
	if !errors.Is(err, problem) {
		t.Errorf("%v", err)
	}
}
