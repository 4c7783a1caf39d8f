// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backfill

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk/rest"
	"github.com/meetingops/meeting-recording-operator/test/harness/provider"
)

var windows = lifecycle.Windows{Reorder: time.Minute, Redelivery: 10 * time.Second}

// cluster holds MeetingRecordings in memory. It places events as the recorder
// does, one at a time.
type cluster struct {
	mu       sync.Mutex
	chains   map[[2]string][]lifecycle.Segment
	finished map[string]bool // by file
	gets     int             // and lists of a session
	lists    int
	records  int
	// lags has First and Each return nothing, as a watch cache does that is behind.
	lags bool
	// noLists has lists of all objects fail.
	noLists bool
	// before, if not nil, is called before each call, and may make it fail.
	before func() error
}

func newCluster() *cluster {
	return &cluster{chains: map[[2]string][]lifecycle.Segment{}, finished: map[string]bool{}}
}

func (c *cluster) fails() error {
	if c.before == nil {
		return nil
	}
	return c.before()
}

func (c *cluster) First(_ context.Context, meeting, session string) (*Object, error) {
	if err := c.fails(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gets++
	chain := c.chains[[2]string{meeting, session}]
	if len(chain) == 0 || c.lags {
		return nil, nil
	}
	return c.object(meeting, session, chain[0]), nil
}

func (c *cluster) object(meeting, session string, segment lifecycle.Segment) *Object {
	file := segment.Status.File
	return &Object{
		MeetingID: meeting, SessionID: session, File: file, EndTime: segment.Status.EndTime,
		Finished: file != nil && c.finished[lifecycle.FileID(file.Path)],
	}
}

func (c *cluster) Each(_ context.Context, session string, visit func(object *Object)) error {
	if err := c.fails(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if session == "" {
		if c.lists++; c.noLists {
			return errAway
		}
	} else {
		c.gets++
	}
	if c.lags {
		return nil
	}
	for key, chain := range c.chains {
		for _, segment := range chain {
			if session == "" || session == key[1] {
				visit(c.object(key[0], key[1], segment))
			}
		}
	}
	return nil
}

func (c *cluster) Record(_ context.Context, meeting, session string, ev lifecycle.Event) (string, lifecycle.Result, error) {
	if err := c.fails(); err != nil {
		return "", "", err
	}
	c.mu.Lock()
	c.records++
	key := [2]string{meeting, session}
	decision := lifecycle.Place(c.chains[key], ev, windows)
	for _, write := range decision.Writes {
		if write.New {
			c.chains[key] = append(c.chains[key], lifecycle.Segment{Index: write.Segment, Status: write.Status})
		} else {
			c.chains[key][write.Segment-1].Status = write.Status
		}
	}
	c.mu.Unlock()
	// The response may be lost after the write.
	if err := c.fails(); err != nil {
		return "", "", err
	}
	return lifecycle.Name(meeting, session, decision.Segment), decision.Result, nil
}

// files counts on how many objects each file is.
func (c *cluster) files() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	on := map[string]int{}
	for _, chain := range c.chains {
		for _, segment := range chain {
			if segment.Status.File != nil {
				on[lifecycle.FileID(segment.Status.File.Path)]++
			}
		}
	}
	return on
}

// webhook has a recording-stopped arrive for a recording.
func (c *cluster) webhook(t testing.TB, r provider.Recording) {
	t.Helper()
	before := c.before
	c.before = nil
	defer func() { c.before = before }()
	ev := lifecycle.Event{Type: "Stopped", Source: "Webhook", FilePath: r.WebhookPath(), FileURL: r.FileURL(), ReceivedAt: r.Created}
	if _, _, err := c.Record(t.Context(), r.RoomID, r.SessionID, ev); err != nil {
		t.Fatal(err)
	}
}

var errAway = errors.New("connection refused")

// world is a backfill between an account and a cluster.
type world struct {
	account  *provider.Account
	cluster  *cluster
	registry *prometheus.Registry
	options  Options
	// listsAll has the provider list sessions of any time, whichever are asked for.
	listsAll bool
}

func newWorld() *world {
	return &world{
		account: provider.NewAccount(), cluster: newCluster(), registry: prometheus.NewRegistry(),
		options: Options{Lookback: 48 * time.Hour, Interval: 5 * time.Minute, Grace: 10 * time.Minute, Now: time.Now},
	}
}

// start returns a backfill that has seen nothing, as after a restart.
func (w *world) start(t testing.TB) *Backfill {
	t.Helper()
	w.registry = prometheus.NewRegistry()
	client, err := rest.New(rest.Options{
		URL: "https://api.example.com", Transport: provider.InMemory{Handler: http.HandlerFunc(w.serve)},
		Credentials: func() (rest.Credentials, error) {
			return rest.Credentials{Key: w.account.Key, Secret: "secret-of-the-account-0123456789"}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return New(client, w.cluster, w.options, NewMetrics(w.registry), logr.Discard())
}

func (w *world) serve(response http.ResponseWriter, r *http.Request) {
	if query := r.URL.Query(); w.listsAll {
		query.Del("startDate")
		r.URL.RawQuery = query.Encode()
	}
	w.account.ServeHTTP(response, r)
}

// session adds a session of an age that lasted half of it, with recordings, and
// returns those.
func (w *world) session(number, recordings int, age time.Duration) []provider.Recording {
	s := provider.Session{ID: provider.ID('5', number), RoomID: provider.Room(number), Start: time.Now().Add(-age), End: time.Now().Add(-age / 2)}
	w.account.AddSession(s)
	var all []provider.Recording
	for i := range recordings {
		r := provider.Recording{
			ID: provider.ID('a', number*1000+i), SessionID: s.ID, RoomID: s.RoomID, FileID: provider.ID('f', number*1000+i), Created: s.End,
		}
		w.account.AddRecording(r)
		all = append(all, r)
	}
	return all
}

// problems says which of the account's files are not on exactly one object.
func (w *world) problems() error {
	on := w.cluster.files()
	var problems []error
	for _, file := range w.account.Files() {
		if on[file] != 1 {
			problems = append(problems, fmt.Errorf("file %s is on %d objects", file, on[file]))
		}
	}
	return errors.Join(problems...)
}
