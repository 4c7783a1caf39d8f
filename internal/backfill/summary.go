// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backfill

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk/rest"
)

// Outcome is the outcome of a listed recording in a round.
type Outcome string

// The outcomes.
const (
	// Present is a file that a MeetingRecording has.
	Present Outcome = "present"
	// Recorded is a file that none had.
	Recorded Outcome = "recorded"
	// Refreshed is a file whose address had expired.
	Refreshed Outcome = "refreshed"
	// Waiting is a file whose webhook may still arrive.
	Waiting Outcome = "waiting"
	// NoFile is a recording without a file, or without one yet.
	NoFile Outcome = "no_file"
	// Unreadable is an entry without the fields that it needs.
	Unreadable Outcome = "unreadable"
	// OtherSession is an entry of a session that was not asked for.
	OtherSession Outcome = "other_session"
	// ListedTwice is a second entry for one file.
	ListedTwice Outcome = "listed_twice"
	// Future is a recording whose time is in the future.
	Future Outcome = "future"
	// Rejected is a file that the API server does not accept.
	Rejected Outcome = "rejected"
)

// Outcomes returns all outcomes.
func Outcomes() []Outcome {
	return []Outcome{Present, Recorded, Refreshed, Waiting, NoFile, Unreadable, OtherSession, ListedTwice, Future, Rejected}
}

// Finding is a change that a dry run would make.
type Finding struct {
	Outcome              Outcome
	MeetingID, SessionID string
	FilePath             string
	Time                 time.Time
}

// dryRunVerbs name the outcomes that a dry run does not bring about.
var dryRunVerbs = map[Outcome]string{Recorded: "would record", Refreshed: "would refresh"}

// Printer returns a function that prints findings, one a line. It may be called
// concurrently.
func Printer(w io.Writer) func(Finding) {
	var mu sync.Mutex
	return func(f Finding) {
		mu.Lock()
		defer mu.Unlock()
		at := "at an unknown time"
		if !f.Time.IsZero() {
			at = f.Time.Format(time.RFC3339)
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", dryRunVerbs[f.Outcome], f.MeetingID, f.SessionID, f.FilePath, at)
	}
}

// Summary is the result of a round.
type Summary struct {
	// Sessions is how many sessions the provider listed, Checked how many of
	// them were due.
	Sessions, Checked int
	Found             map[Outcome]int
	// Webhooks is what the provider says of its deliveries: counts that it did
	// not say before, and the types of all that failed.
	Webhooks deliveries
	Took     time.Duration
	// DryRun means that nothing was written.
	DryRun bool
}

// String is the summary for people.
func (s Summary) String() string {
	parts := []string{fmt.Sprintf("%d sessions listed, %d checked", s.Sessions, s.Checked)}
	for _, outcome := range Outcomes() {
		if s.Found[outcome] > 0 {
			parts = append(parts, fmt.Sprintf("%s: %d", s.nameOf(outcome), s.Found[outcome]))
		}
	}
	return strings.Join(parts, ", ") + "\n" + s.Webhooks.String()
}

func (s Summary) nameOf(outcome Outcome) string {
	if verb, ok := dryRunVerbs[outcome]; ok && s.DryRun {
		return verb
	}
	return strings.ReplaceAll(string(outcome), "_", " ")
}

// deliveries is the provider's account of its webhooks.
type deliveries struct {
	counts
	// failedTypes has those that failed, by type, as far as the provider says.
	failedTypes map[videosdk.EventType]int
}

// counts are webhooks of a session.
type counts struct{ succeeded, failed int32 }

// minus returns what is new since before.
func (c counts) minus(before counts) counts {
	return counts{succeeded: max(0, c.succeeded-before.succeeded), failed: max(0, c.failed-before.failed)}
}

func deliveriesOf(r rest.Recording) deliveries {
	d := deliveries{counts: counts{
		succeeded: int32(min(r.Deliveries.Succeeded, r.Deliveries.Total, 1<<20)), //nolint:gosec // bounded
		failed:    int32(min(max(0, r.Deliveries.Total-r.Deliveries.Succeeded), 1<<20)),
	}}
	for _, eventType := range r.Deliveries.Failed {
		if d.failedTypes == nil {
			d.failedTypes = map[videosdk.EventType]int{}
		}
		d.failedTypes[eventType]++
	}
	return d
}

func (d *deliveries) add(more deliveries) {
	d.succeeded += more.succeeded
	d.failed += more.failed
	for eventType, n := range more.failedTypes {
		if d.failedTypes == nil {
			d.failedTypes = map[videosdk.EventType]int{}
		}
		d.failedTypes[eventType] += n
	}
}

// String is the account for people.
func (d deliveries) String() string {
	if d.succeeded == 0 && d.failed == 0 {
		return "The provider reports no webhooks for these recordings."
	}
	text := fmt.Sprintf("The provider reports %d delivered and %d failed webhooks.", d.succeeded, d.failed)
	if d.failed == 0 {
		return text
	}
	var types []string
	for _, eventType := range slices.Sorted(maps.Keys(d.failedTypes)) {
		types = append(types, fmt.Sprintf("%s %d", eventType, d.failedTypes[eventType]))
	}
	if len(types) > 0 {
		text += " Failed: " + strings.Join(types, ", ") + "."
	}
	return text + " Check that the webhook URL reaches the sidecar."
}
