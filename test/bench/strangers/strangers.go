// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package strangers holds connections to a sidecar that bring no genuine webhook, and measures what genuine webhooks take meanwhile.
package strangers

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	// Count is the sidecar's default of --max-connections.
	Count = 512
	// pause is how often each stranger sends a request.
	pause = 200 * time.Millisecond
	// patience bounds everything on a connection.
	patience = 30 * time.Second
)

// refused is a request that costs a sender nothing and is answered 404.
const refused = "GET /x HTTP/1.1\r\nHost: x\r\n\r\n"

// Target is a sidecar's port for webhooks.
type Target struct {
	Address string
	// TLS is nil for plain HTTP.
	TLS *tls.Config
}

// dial returns a connection; with TLS, after the handshake.
func (t Target) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if t.TLS == nil {
		return new(net.Dialer).DialContext(ctx, "tcp", t.Address)
	}
	return (&tls.Dialer{Config: t.TLS}).DialContext(ctx, "tcp", t.Address)
}

// Hold keeps as many connections busy with requests that are refused, and opens each again that is closed, until stop is called. It returns
// once each has had an answer.
func Hold(ctx context.Context, target Target, count int) (stop func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	answered := make(chan struct{}, count)
	for range count {
		group.Go(func() {
			first := true
			for ctx.Err() == nil {
				target.beBusy(ctx, func() {
					if first {
						first = false
						answered <- struct{}{}
					}
				})
			}
		})
	}
	stop = func() { cancel(); group.Wait() }
	timeout := time.After(patience)
	for range count {
		select {
		case <-answered:
		case <-timeout:
			stop()
			return nil, fmt.Errorf("not all of %d strangers got an answer within %s", count, patience)
		}
	}
	return stop, nil
}

// beBusy sends requests on a connection until that is closed.
func (t Target) beBusy(ctx context.Context, answered func()) {
	conn, err := t.dial(ctx)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	again := time.NewTicker(pause)
	defer again.Stop()
	for reader := bufio.NewReader(conn); ; {
		if _, err := io.WriteString(conn, refused); err != nil {
			return
		}
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			return
		}
		_, err = io.Copy(io.Discard, response.Body)
		if errors.Join(err, response.Body.Close()) != nil {
			return
		}
		if answered(); response.Close {
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

// Webhook makes the n-th genuine request.
type Webhook func(n int) (*http.Request, error)

// Measure sends genuine webhooks, so many a second and each on a connection of its own, and returns how long each took from dialling to its
// answer, sorted. An answer other than 200 or 202 is an error.
func Measure(ctx context.Context, target Target, count, perSecond int, webhook Webhook) ([]time.Duration, error) {
	took, errs := make([]time.Duration, count), make([]error, count)
	var group sync.WaitGroup
	again := time.NewTicker(time.Second / time.Duration(perSecond))
	defer again.Stop()
	for n := range count {
		request, err := webhook(n)
		if err != nil {
			return nil, err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		group.Go(func() {
			begin := time.Now()
			errs[n] = target.send(ctx, request)
			took[n] = time.Since(begin)
		})
	}
	group.Wait()
	slices.Sort(took)
	return took, errors.Join(errs...)
}

func (t Target) send(ctx context.Context, request *http.Request) error {
	conn, err := t.dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if err := request.Write(conn); err != nil {
		return err
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), request)
	if err != nil {
		return err
	}
	content, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusAccepted {
		return fmt.Errorf("a genuine webhook is answered %d %s", response.StatusCode, content)
	}
	return nil
}
