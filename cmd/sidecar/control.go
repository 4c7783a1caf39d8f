// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
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
	"slices"
	"strconv"
	"strings"

	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

// controlName is the socket in --spool-dir through which `sidecar spool` asks the running sidecar. Only the sidecar's user may use it.
const controlName = "control.sock"

// spoolTool is what `sidecar spool` can do with a spool. It is implemented by the spool itself and by a client of the sidecar that has it
// open.
type spoolTool interface {
	// Export writes all records, one a line.
	Export(w io.Writer) error
	// Import appends records; Retry and Delete are for dead letters, all if there are no IDs. They return how many.
	Import(r io.Reader) (int, error)
	Retry(ids []uint64) (int, error)
	Delete(ids []uint64) (int, error)
}

// control serves a spool on a socket in its directory.
type control struct {
	path     string
	server   *http.Server
	listener net.Listener // nil until listen succeeds
}

// progress is how many events a command changed, and why not more.
type progress struct {
	Done  int    `json:"done"`
	Error string `json:"error,omitempty"`
}

// newControl returns the server of a spool. changed is called when events were added.
func newControl(directory string, tool localTool, changed func() error) *control {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /export", func(w http.ResponseWriter, _ *http.Request) {
		if err := tool.Export(w); err != nil {
			panic(http.ErrAbortHandler) // the client must not mistake what it has for everything
		}
	})
	answer := func(w http.ResponseWriter, n int, err error) {
		done := progress{Done: n}
		if err != nil {
			done.Error = err.Error()
		}
		_ = json.NewEncoder(w).Encode(done) // the client asks again if this fails
	}
	mux.HandleFunc("POST /import", func(w http.ResponseWriter, r *http.Request) {
		n, err := tool.Import(r.Body)
		answer(w, n, errors.Join(err, changed()))
	})
	retry := func(ids []uint64) (int, error) {
		n, err := tool.Retry(ids)
		return n, errors.Join(err, changed())
	}
	for path, do := range map[string]func([]uint64) (int, error){"POST /retry": retry, "POST /delete": tool.Delete} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			ids, err := parseIDs(r.URL.Query()["id"])
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			n, err := do(ids)
			answer(w, n, err)
		})
	}
	return &control{
		path:   filepath.Join(directory, controlName),
		server: &http.Server{Handler: mux, ReadHeaderTimeout: auxiliaryTimeout},
	}
}

func parseIDs(texts []string) ([]uint64, error) {
	var ids []uint64
	for _, text := range texts {
		id, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not an ID of `sidecar spool list`", text)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// listen takes the socket, also from a sidecar that was killed: the spool's lock says that there is no other one.
func (c *control) listen(ctx context.Context) error {
	if err := os.Remove(c.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "unix", c.path)
	if err != nil {
		return err
	}
	if err := os.Chmod(c.path, 0o600); err != nil {
		return errors.Join(err, listener.Close())
	}
	c.listener = listener
	return nil
}

func (c *control) serve() error {
	if err := c.server.Serve(c.listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (c *control) close() error { return c.server.Close() }

// openTool returns the tool for a directory, whether a sidecar runs there, and what closes the tool.
func openTool(ctx context.Context, directory string, stderr io.Writer) (tool spoolTool, isRunning bool, closeTool func() error, err error) {
	client := newControlClient(ctx, filepath.Join(directory, controlName))
	if client.answers() {
		return client, true, client.close, nil
	}
	if _, err := os.Stat(directory); err != nil {
		return nil, false, nil, fmt.Errorf("no spool: set the sidecar's --spool-dir: %w", err)
	}
	// The folder of all shards is not a spool, and nothing that is put there would be written.
	if spools, err := spoolsIn(directory); err != nil || (len(spools) > 0 && !slices.Contains(spools, filepath.Clean(directory))) {
		return nil, false, nil, errors.Join(fmt.Errorf("%s has a spool for each shard: set --spool-dir to one of %s", directory, strings.Join(spools, ", ")), err)
	}
	store, err := spool.Open(directory, spool.Options{MaxBytes: maxSpoolBytes, Now: wallClock, OnDamage: func(file string, bytes int64) {
		_, _ = fmt.Fprintf(stderr, "sidecar: %v: %d bytes were copied to %s\n", spool.ErrDamaged, bytes, file)
	}})
	if errors.Is(err, spool.ErrInUse) {
		return nil, false, nil, fmt.Errorf("the sidecar that uses the spool does not answer on %s: stop it first: %w", client.path, err)
	}
	if err != nil {
		return nil, false, nil, err
	}
	return localTool{store: store}, false, store.Close, nil
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

// answers reports whether a sidecar listens.
func (c *controlClient) answers() bool {
	var dialer net.Dialer
	connection, err := dialer.DialContext(c.ctx, "unix", c.path)
	return err == nil && connection.Close() == nil
}

func (c *controlClient) ask(method, path string, ids []uint64, body io.Reader) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(c.ctx, method, "http://sidecar"+path, body)
	if err != nil {
		return nil, err
	}
	query := request.URL.Query()
	for _, id := range ids {
		query.Add("id", strconv.FormatUint(id, 10))
	}
	request.URL.RawQuery = query.Encode()
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask the sidecar: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		problem, err := io.ReadAll(response.Body)
		return nil, errors.Join(fmt.Errorf("the sidecar responds %s: %s", response.Status, problem), err, response.Body.Close())
	}
	return response.Body, nil
}

func (c *controlClient) count(path string, ids []uint64, body io.Reader) (n int, err error) {
	response, err := c.ask(http.MethodPost, path, ids, body)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, response.Close()) }()
	var done progress
	if err := json.NewDecoder(response).Decode(&done); err != nil {
		return 0, fmt.Errorf("read the sidecar's response: %w", err)
	}
	if done.Error != "" {
		return done.Done, errors.New(done.Error)
	}
	return done.Done, nil
}

// Export implements spoolTool.
func (c *controlClient) Export(w io.Writer) (err error) {
	response, err := c.ask(http.MethodGet, "/export", nil, http.NoBody)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, response.Close()) }()
	_, err = io.Copy(w, response)
	return err
}

// Import implements spoolTool.
func (c *controlClient) Import(r io.Reader) (int, error) { return c.count("/import", nil, r) }

// Retry implements spoolTool.
func (c *controlClient) Retry(ids []uint64) (int, error) { return c.count("/retry", ids, http.NoBody) }

// Delete implements spoolTool.
func (c *controlClient) Delete(ids []uint64) (int, error) {
	return c.count("/delete", ids, http.NoBody)
}

func (c *controlClient) close() error {
	c.http.CloseIdleConnections()
	return nil
}
