// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package simulator plays VideoSDK.live: it plans sessions with recordings, serves their files, and sends the provider's
// webhooks, signed with its own key. Some are lost, sent twice, or late, as a seed decides.
package simulator

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Options describe what to simulate. Begin with Defaults; Validate checks the ranges.
type Options struct {
	// Seed decides all random choices: the same options give the same plan.
	Seed uint64 `json:"seed"`
	// Sessions is how many sessions there are.
	Sessions int `json:"sessions"`
	// Recordings is how many recordings each session has.
	Recordings int `json:"recordings"`
	// Overlap starts a session's next recording before the one before has stopped.
	Overlap bool `json:"overlap"`
	// Meeting and Session are the ids; random if they are empty. With several sessions only the meeting may be set.
	Meeting string `json:"meeting"`
	Session string `json:"session"`
	// IDs puts the recording's id into each webhook's data.
	IDs bool `json:"ids"`
	// Lose, Duplicate, Delay and Fail are shares from 0 to 1: of webhooks that are never sent, are sent twice, or come late,
	// and of recordings that fail.
	Lose      float64 `json:"lose"`
	Duplicate float64 `json:"duplicate"`
	Delay     float64 `json:"delay"`
	Fail      float64 `json:"fail"`
	// MaxDelay is how late a delayed webhook is at most.
	MaxDelay Duration `json:"maxDelay"`
	// Step is the time between two events of a recording.
	Step Duration `json:"step"`
	// Spread is the time over which the sessions start; 0 starts all at once, as a burst.
	Spread Duration `json:"spread"`
	// FileURL is the prefix of the files' URLs. Each file is at FileURL + its path.
	FileURL string `json:"fileURL"`
}

// Defaults are one session with one recording, which takes four seconds.
func Defaults() Options {
	return Options{Sessions: 1, Recordings: 1, MaxDelay: Duration(10 * time.Second), Step: Duration(time.Second)}
}

// Duration is a time.Duration that is written like 10s, in a file and as a flag.
type Duration time.Duration

func (d *Duration) String() string { return time.Duration(*d).String() }

// Type is the name of the value in the help of a flag.
func (d *Duration) Type() string { return "duration" }

// Set reads a duration such as 10s.
func (d *Duration) Set(text string) error {
	parsed, err := time.ParseDuration(text)
	*d = Duration(parsed)
	return err
}

// UnmarshalJSON reads a duration such as "10s".
func (d *Duration) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("a duration is written as a string, such as \"10s\": %w", err)
	}
	return d.Set(s)
}

// Limits of Options.
const (
	maxSessions   = 100_000
	maxRecordings = 100
	// maxTotal is how many recordings a plan holds in memory, with all their webhooks.
	maxTotal = 100_000
)

// Validate returns an error that names the first field which is out of range.
func (o Options) Validate() error {
	for name, share := range map[string]float64{"lose": o.Lose, "duplicate": o.Duplicate, "delay": o.Delay, "fail": o.Fail} {
		if !(share >= 0 && share <= 1) {
			return fmt.Errorf("%s must be a share from 0 to 1, not %v", name, share)
		}
	}
	switch {
	case o.Sessions < 1 || o.Sessions > maxSessions:
		return fmt.Errorf("sessions must be from 1 to %d, not %d", maxSessions, o.Sessions)
	case o.Recordings < 1 || o.Recordings > maxRecordings:
		return fmt.Errorf("recordings must be from 1 to %d, not %d", maxRecordings, o.Recordings)
	case o.Sessions*o.Recordings > maxTotal:
		return fmt.Errorf("sessions times recordings must be at most %d, not %d", maxTotal, o.Sessions*o.Recordings)
	case o.Session != "" && o.Sessions > 1:
		return errors.New("session names one session: leave it out to simulate several")
	case o.MaxDelay < 0 || o.Step < 0 || o.Spread < 0:
		return errors.New("maxDelay, step and spread must not be negative")
	}
	return nil
}

// Delivery is one webhook to send.
type Delivery struct {
	// At is when to send it, from the start of the simulation.
	At time.Duration
	// Type is the webhook's type, such as recording-started.
	Type string
	// Meeting and Session are the ids, and Recording counts the recordings of the session from 1.
	Meeting, Session string
	Recording        int
	// Body is what is signed and sent.
	Body []byte
	// Lost says that it is never sent, and Again that it is the second delivery of the same webhook.
	Lost, Again bool
}

// WebhookTypes are the types of webhooks about recordings.
var WebhookTypes = []string{"recording-starting", "recording-started", "recording-stopping", "recording-stopped", "recording-failed"}

// Webhook is what one webhook says about a recording.
type Webhook struct {
	Type     string `json:"-"`
	Meeting  string `json:"meetingId"`
	Session  string `json:"sessionId"`
	ID       string `json:"id,omitempty"`
	FilePath string `json:"filePath,omitempty"`
	FileURL  string `json:"fileUrl,omitempty"`
}

// Delivery returns the webhook as it is sent.
func (w Webhook) Delivery() Delivery {
	body, err := json.Marshal(map[string]any{"webhookType": w.Type, "data": w})
	if err != nil {
		panic(err) // strings always encode
	}
	return Delivery{Type: w.Type, Meeting: w.Meeting, Session: w.Session, Body: body}
}

// Plan returns the webhooks of a simulation, in the order in which they are sent.
func Plan(o Options) []Delivery {
	p := planner{Options: o, random: rand.New(rand.NewPCG(o.Seed, 0))}
	for range p.Sessions {
		p.session()
	}
	slices.SortStableFunc(p.plan, func(a, b Delivery) int { return cmp.Compare(a.At, b.At) })
	return p.plan
}

type planner struct {
	Options
	random *rand.Rand
	plan   []Delivery
}

func (p *planner) session() {
	at := time.Duration(0)
	if p.Spread > 0 {
		at = time.Duration(p.random.Int64N(int64(p.Spread)))
	}
	meeting := cmp.Or(p.Meeting, fmt.Sprintf("%s-%s-%s", p.letters(4), p.letters(4), p.letters(4)))
	session := cmp.Or(p.Session, p.hex(24))
	for recording := 1; recording <= p.Recordings; recording++ {
		took := p.recording(at, meeting, session, recording)
		if p.Overlap {
			took /= 2
		}
		at += took
	}
}

// recording plans the webhooks of one recording, and returns how long it takes.
func (p *planner) recording(at time.Duration, meeting, session string, recording int) time.Duration {
	id := p.hex(24)
	w := Webhook{Meeting: meeting, Session: session}
	if p.IDs {
		w.ID = id
	}
	start := at
	for _, w.Type = range []string{"recording-starting", "recording-started", "recording-stopping"} {
		p.webhook(at, w, recording)
		at += time.Duration(p.Step)
	}
	w.Type = "recording-failed"
	if p.random.Float64() >= p.Fail {
		w.Type, w.FilePath = "recording-stopped", "/encoded/videos/"+id+".mp4"
		if p.FileURL != "" {
			w.FileURL = p.FileURL + w.FilePath
		}
	}
	p.webhook(at, w, recording)
	return at + time.Duration(p.Step) - start
}

func (p *planner) webhook(at time.Duration, w Webhook, recording int) {
	delivery := w.Delivery()
	delivery.At, delivery.Recording = at, recording
	delivery.Lost = p.random.Float64() < p.Lose
	if p.random.Float64() < p.Delay {
		delivery.At += time.Duration(p.random.Int64N(int64(p.MaxDelay) + 1))
	}
	p.plan = append(p.plan, delivery)
	if !delivery.Lost && p.random.Float64() < p.Duplicate {
		delivery.Again = true
		delivery.At += time.Duration(p.random.Int64N(int64(p.MaxDelay) + 1))
		p.plan = append(p.plan, delivery)
	}
}

func (p *planner) letters(n int) string { return p.draw("abcdefghijklmnopqrstuvwxyz0123456789", n) }
func (p *planner) hex(n int) string     { return p.draw("0123456789abcdef", n) }

func (p *planner) draw(alphabet string, n int) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = alphabet[p.random.IntN(len(alphabet))]
	}
	return string(text)
}
