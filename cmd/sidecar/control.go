// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

// controlName is the socket in --spool-dir by which `sidecar spool` asks the
// sidecar that has the spool open. Only its own user may.
const controlName = "control.sock"

// Paths of the socket's server.
const (
	recordsPath = "/records"
	replayPath  = "/replay"
)

// control serves a spool on a socket in its directory.
type control struct {
	path     string
	server   *http.Server
	listener net.Listener
}

func newControl(directory string, store *spool.Store, wake func()) *control {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+recordsPath, func(w http.ResponseWriter, _ *http.Request) {
		encoder := json.NewEncoder(w)
		if err := store.Each(func(r spool.Record) error { return encoder.Encode(r) }); err != nil {
			panic(http.ErrAbortHandler) // the client must not take what it has for all there is
		}
	})
	mux.HandleFunc("POST "+replayPath, func(w http.ResponseWriter, r *http.Request) {
		n, err := store.Revive(r.Context())
		wake()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		// The client asks again if this fails.
		_, _ = fmt.Fprint(w, n)
	})
	return &control{
		path:   filepath.Join(directory, controlName),
		server: &http.Server{Handler: mux, ReadHeaderTimeout: auxiliaryTimeout},
	}
}

// listen takes the socket, also from a sidecar that was killed: the spool's
// lock says that there is no other one.
func (c *control) listen(ctx context.Context) error {
	if err := os.Remove(c.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var listen net.ListenConfig
	var err error
	if c.listener, err = listen.Listen(ctx, "unix", c.path); err != nil {
		return err
	}
	if err := os.Chmod(c.path, 0o600); err != nil {
		return errors.Join(err, c.listener.Close())
	}
	return nil
}

func (c *control) serve() error {
	if err := c.server.Serve(c.listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (c *control) close() error { return c.server.Close() }

// spoolSource is a spool to look at: that of a sidecar that runs, or a file.
type spoolSource interface {
	Each(visit func(spool.Record) error) error
	Revive(ctx context.Context) (int, error)
	Close() error
}

// openSource finds out which it is.
func openSource(ctx context.Context, directory string) (source spoolSource, running bool, err error) {
	client := newControlClient(ctx, filepath.Join(directory, controlName))
	if client.answers() {
		return client, true, nil
	}
	if _, err := os.Stat(filepath.Join(directory, spool.FileName)); err != nil {
		return nil, false, fmt.Errorf("no spool, give the sidecar's own --spool-dir: %w", err)
	}
	store, setAside, err := spool.Open(directory, spool.Options{MaxBytes: maxSpoolBytes, Now: time.Now})
	switch {
	case errors.Is(err, spool.ErrInUse):
		return nil, false, fmt.Errorf("the sidecar that has it open does not answer on %s, end it first: %w", client.path, err)
	case err != nil:
		return nil, false, err
	case setAside != "":
		return nil, false, errors.Join(fmt.Errorf("%w, and was set aside as %s", spool.ErrCorrupt, setAside), store.Close())
	}
	return store, false, nil
}

// controlClient asks the sidecar that runs.
type controlClient struct {
	ctx  context.Context
	path string
	http *http.Client
}

func newControlClient(ctx context.Context, path string) *controlClient {
	var dialer net.Dialer
	return &controlClient{ctx: ctx, path: path, http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dialer.DialContext(ctx, "unix", path) },
	}}}
}

// answers tells whether a sidecar listens.
func (c *controlClient) answers() bool {
	var dialer net.Dialer
	connection, err := dialer.DialContext(c.ctx, "unix", c.path)
	return err == nil && connection.Close() == nil
}

func (c *controlClient) ask(ctx context.Context, method, path string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://sidecar"+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask the sidecar: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		problem, err := io.ReadAll(response.Body)
		return nil, errors.Join(fmt.Errorf("the sidecar answers %s: %s", response.Status, problem), err, response.Body.Close())
	}
	return response.Body, nil
}

// Each visits the records that the sidecar has.
func (c *controlClient) Each(visit func(spool.Record) error) (err error) {
	body, err := c.ask(c.ctx, http.MethodGet, recordsPath)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	decoder := json.NewDecoder(bufio.NewReader(body))
	for {
		var r spool.Record
		err := decoder.Decode(&r)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read the sidecar's answer: %w", err)
		}
		if err := visit(r); err != nil {
			return err
		}
	}
}

// Revive has the sidecar replay its dead letters.
func (c *controlClient) Revive(ctx context.Context) (n int, err error) {
	body, err := c.ask(ctx, http.MethodPost, replayPath)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	return n, json.NewDecoder(body).Decode(&n)
}

// Close ends the connections.
func (c *controlClient) Close() error {
	c.http.CloseIdleConnections()
	return nil
}
