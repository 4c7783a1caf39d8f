// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Types of webhooks.
const (
	Starting = "recording-starting"
	Started  = "recording-started"
	Stopping = "recording-stopping"
	Stopped  = "recording-stopped"
	Failed   = "recording-failed"
	// Unrelated is none of a recording.
	Unrelated = "participant-joined"
)

// Session is one session of a meeting, in which one to four recordings are made.
type Session struct {
	MeetingID, SessionID string
	Recordings           []Recording
}

// Recording is one recording of a session.
type Recording struct {
	// FilePath is where the recorded file is; empty if the recording failed permanently.
	FilePath string
	// EndsAt is when the last of them happens, from the start of the run.
	EndsAt time.Duration
	// Events are the types of its webhooks, in the order in which they happen.
	Events []string
}

// Delivery is one webhook that the provider sends. It may have to be tried several times.
type Delivery struct {
	// At is when it is sent, from the start of the run.
	At time.Duration
	// Session and Recording are the indexes of what it is about.
	Session, Recording int
	Type               string
	// FilePath is the recorded file's; empty unless the type is Stopped.
	FilePath string
	// Retries reports whether the provider sends it again if it is not answered with 2xx.
	Retries bool
	// Copy is 0 for the first delivery of an event, and counts the others.
	Copy int
	// Late tells that it is sent later than it happened.
	Late bool
}

// What happens in percent of all cases.
const (
	percentUnusualIDs = 5
	percentFailed     = 8 // recordings that fail
	percentRecovered  = 4 // those that fail and have a file nevertheless
	percentNeverSent  = 2
	percentTwice      = 12
	percentThrice     = 3
	percentLate       = 12
	percentRetries    = 50
	percentUnrelated  = 20 // of sessions
)

const (
	maxRecordings = 4
	// longestLate and longestCopy are less than the redelivery window, so that every order that is drawn is within the windows.
	longestLate = 3 * time.Second
	longestCopy = 4 * time.Second
)

// Sessions draws sessions with size.Recordings recordings in all, and their deliveries by time.
func Sessions(size Size) ([]Session, []Delivery) {
	g := &generator{random: size.random(streamSessions), lostPercent: size.LostPercent}
	for left := size.Recordings; left > 0; {
		count := min(left, 1+g.random.IntN(maxRecordings))
		if chance(g.random, 40) {
			count = 1 // the usual session
		}
		left -= count
		g.session(count, between(g.random, 0, size.Duration))
	}
	slices.SortStableFunc(g.deliveries, func(a, b Delivery) int { return cmp.Compare(a.At, b.At) })
	return g.sessions, g.deliveries
}

type generator struct {
	random      *rand.Rand
	lostPercent int
	sessions    []Session
	deliveries  []Delivery
}

// session adds a session of so many recordings.
func (g *generator) session(recordings int, at time.Duration) {
	index := len(g.sessions)
	s := Session{MeetingID: g.meetingID(), SessionID: g.digits("0123456789abcdef", 24)}
	if chance(g.random, percentUnrelated) {
		g.deliveries = append(g.deliveries, Delivery{At: at, Session: index, Type: Unrelated, Retries: chance(g.random, percentRetries)})
	}
	for number := range recordings {
		// The base name is one of the provider's shape, by which webhooks and REST name the same file.
		r := g.recording(fmt.Sprintf("/encoded/videos/%s%02x.mp4", s.SessionID[:22], number))
		for _, event := range r.Events {
			at += between(g.random, 30*time.Millisecond, 1200*time.Millisecond)
			g.deliver(Delivery{At: at, Session: index, Recording: number, Type: event, FilePath: fileOf(r, event)})
		}
		r.EndsAt = at
		s.Recordings = append(s.Recordings, r)
		at += [...]time.Duration{20 * time.Millisecond, 300 * time.Millisecond, 2 * time.Second, 12 * time.Second}[g.random.IntN(4)]
	}
	g.sessions = append(g.sessions, s)
}

func fileOf(r Recording, event string) string {
	if event == Stopped {
		return r.FilePath
	}
	return ""
}

func (g *generator) recording(filePath string) Recording {
	switch roll := g.random.IntN(100); {
	case roll < percentRecovered:
		return Recording{FilePath: filePath, Events: []string{Starting, Started, Stopping, Failed, Stopped}}
	case roll < percentRecovered+percentFailed:
		return Recording{Events: []string{Starting, Started, Failed}}
	}
	return Recording{FilePath: filePath, Events: []string{Starting, Started, Stopping, Stopped}}
}

// deliver adds the deliveries of an event: usually one.
func (g *generator) deliver(d Delivery) {
	if chance(g.random, percentNeverSent) || (g.lostPercent > 0 && chance(g.random, g.lostPercent)) {
		return
	}
	copies := 1
	switch roll := g.random.IntN(100); {
	case roll < percentThrice:
		copies = 3
	case roll < percentThrice+percentTwice:
		copies = 2
	}
	for number := range copies {
		one := d
		one.Copy = number
		one.Retries = chance(g.random, percentRetries)
		if chance(g.random, percentLate) {
			one.Late = true
			one.At += between(g.random, 100*time.Millisecond, longestLate)
		}
		if number > 0 {
			one.At += between(g.random, 0, longestCopy)
		}
		g.deliveries = append(g.deliveries, one)
	}
}

// meetingID draws an id of the provider's shape, or now and then a room's own.
func (g *generator) meetingID() string {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	if chance(g.random, percentUnusualIDs) {
		return "Our Room_" + strings.ToUpper(g.digits(letters, 6))
	}
	return g.digits(letters, 4) + "-" + g.digits(letters, 4) + "-" + g.digits(letters, 4)
}

func (g *generator) digits(from string, count int) string {
	var text strings.Builder
	for range count {
		text.WriteByte(from[g.random.IntN(len(from))])
	}
	return text.String()
}

// Steady returns deliveries at an even pace, of sessions with one recording whose events are a second apart; each is sent again until it is
// answered with 2xx. The seed makes their ids.
func Steady(seed uint64, perSecond int, duration time.Duration) ([]Session, []Delivery) {
	g := &generator{random: Size{Seed: seed}.random(streamSessions)}
	events := []string{Starting, Started, Stopping, Stopped}
	every := time.Second * time.Duration(len(events)) / time.Duration(perSecond)
	for at := time.Duration(0); at+time.Duration(len(events)-1)*time.Second < duration; at += every {
		s := Session{MeetingID: g.digits("abcdefghijklmnopqrstuvwxyz", 4) + "-aaaa-bbbb", SessionID: g.digits("0123456789abcdef", 24)}
		r := Recording{FilePath: fmt.Sprintf("/encoded/videos/%s.mp4", s.SessionID), Events: events}
		s.Recordings = []Recording{r}
		for i, event := range events {
			g.deliveries = append(g.deliveries, Delivery{
				At: at + time.Duration(i)*time.Second, Session: len(g.sessions), Type: event, FilePath: fileOf(r, event), Retries: true,
			})
		}
		g.sessions = append(g.sessions, s)
	}
	slices.SortStableFunc(g.deliveries, func(a, b Delivery) int { return cmp.Compare(a.At, b.At) })
	return g.sessions, g.deliveries
}
