// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package provider stands in for VideoSDK.live: an account with sessions and
// recordings, its REST API, and the webhooks that it sends. It answers as the
// provider's documentation and its own npm SDK say, and fails as it is told.
package provider

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// timeFormat is how the provider writes times.
const timeFormat = "2006-01-02T15:04:05.000Z"

// Session is one session of a room.
type Session struct {
	ID, RoomID, CustomRoomID string
	Start                    time.Time
	// End is zero while the session goes on.
	End time.Time
}

// Recording is one recording of a session.
type Recording struct {
	ID, SessionID, RoomID string
	// FileID is the base name of the file.
	FileID string
	// NoFile leaves the file out, NoURL its address: it is in a bucket of the
	// customer.
	NoFile, NoURL bool
	// URL replaces the address that the file would have.
	URL string
	// Encrypted adds addresses of a key and of metadata.
	Encrypted          bool
	Created, Updated   time.Time
	deleted            bool
	deliveries, passed int
	failed             []string
}

// FilePath is the path of the file as REST has it; webhooks have another one.
func (r Recording) FilePath() string { return "uploads/videos/" + r.FileID + ".mp4" }

// WebhookPath is the path of the file as webhooks have it.
func (r Recording) WebhookPath() string { return "/encoded/videos/" + r.FileID + ".mp4" }

// FileURL is where the file can be fetched.
func (r Recording) FileURL() string {
	switch {
	case r.NoURL:
		return ""
	case r.URL != "":
		return r.URL
	}
	return "https://cdn.videosdk.live" + r.WebhookPath()
}

// Account is a customer's account. It is safe for concurrent use, and an
// http.Handler, see ServeHTTP.
type Account struct {
	// Key and Secret are what tokens are made of.
	Key, Secret string
	// Forbidden makes the key one without permission.
	Forbidden atomic.Bool
	// Planned means that sessions and recordings may be of the future: they are
	// listed once they have begun, or ended.
	Planned bool
	// PublicKey is the PEM of the key that signs webhooks.
	PublicKey func() string
	// MaxPerPage bounds what a page can be asked for.
	MaxPerPage int
	// Faults says how requests fail; nil means never. Once requests are served,
	// change it by SetFaults.
	Faults *Faults
	// Now is the provider's clock; nil means time.Now.
	Now func() time.Time

	mu         sync.Mutex
	sessions   []*Session
	recordings map[string][]*Recording // by session
	byID       map[string]*Recording
	requests   map[string]int
	fault      int
}

// NewAccount returns an empty account.
func NewAccount() *Account {
	return &Account{
		Key: "key-of-the-account", Secret: "secret-of-the-account-0123456789", MaxPerPage: 100,
		recordings: map[string][]*Recording{}, byID: map[string]*Recording{}, requests: map[string]int{},
	}
}

func (a *Account) now() time.Time {
	if a.Now != nil {
		return a.Now()
	}
	return time.Now()
}

// AddSession adds a session.
func (a *Account) AddSession(s Session) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sessions = append(a.sessions, &s)
}

// EndSession sets the end of a session.
func (a *Account) EndSession(id string, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, session := range a.sessions {
		if session.ID == id {
			session.End = at
		}
	}
}

// AddRecording adds a recording of a session.
func (a *Account) AddRecording(r Recording) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if r.Updated.IsZero() {
		r.Updated = r.Created
	}
	a.recordings[r.SessionID] = append(a.recordings[r.SessionID], &r)
	a.byID[r.ID] = &r
}

// Change changes a recording.
func (a *Account) Change(id string, change func(*Recording)) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	r, ok := a.byID[id]
	if !ok {
		return fmt.Errorf("there is no recording %s", id)
	}
	change(r)
	return nil
}

// Delivered adds a delivery of a webhook to a recording's ledger.
func (a *Account) Delivered(recordingID, eventType string, succeeded bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r, ok := a.byID[recordingID]
	if !ok {
		return
	}
	r.deliveries++
	if succeeded {
		r.passed++
	} else {
		r.failed = append(r.failed, eventType)
	}
}

// SetFaults says how requests fail from now on.
func (a *Account) SetFaults(f *Faults) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.Faults = f
}

// Files returns the ids of all files that the account lists, sorted.
func (a *Account) Files() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var ids []string
	for _, r := range a.byID {
		if !r.deleted && !r.NoFile {
			ids = append(ids, r.FileID)
		}
	}
	slices.Sort(ids)
	return ids
}

// Requests returns how many requests there were for a path.
func (a *Account) Requests(path string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.requests[path]
}

// NewID returns an id of the provider's shape, another each time.
func NewID() string {
	random := make([]byte, 12)
	_, _ = rand.Read(random) // never fails
	return hex.EncodeToString(random)
}

// ID returns an id of the provider's shape that depends on a number.
func ID(kind byte, number int) string { return fmt.Sprintf("%02x%022x", kind, number) }

// Room returns a room's id of the provider's shape that depends on a number.
func Room(number int) string {
	digits := strings.ToLower(fmt.Sprintf("%012x", number))
	return digits[:4] + "-" + digits[4:8] + "-" + digits[8:]
}
