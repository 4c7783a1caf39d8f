// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"
)

// await tries until check succeeds, for at most as long as given. Each try has 5 s.
func await(ctx context.Context, limit time.Duration, problem string, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		attempt, done := context.WithTimeout(ctx, 5*time.Second)
		err := check(attempt)
		done()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s within %s: %w", problem, limit, err)
		case <-tick.C:
		}
	}
}

// pass waits for some time, and tells whether it passed before ctx was done.
func pass(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// awaitOK waits until an address answers 200.
func awaitOK(ctx context.Context, url string) error {
	return await(ctx, 3*time.Minute, url+" is not well", func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		if response.StatusCode != http.StatusOK {
			return errors.New(response.Status)
		}
		return nil
	})
}

// ports gives addresses of this machine at which nothing listens, and of ports that no outgoing connection is given, which could have one
// while its program is started again.
type ports struct{ next int }

const (
	lowestPort  = 20000
	highestPort = 32000
)

func newPorts() *ports { return &ports{next: lowestPort + rand.IntN((highestPort-lowestPort)/2)} }

func (p *ports) address() string {
	for ; p.next < highestPort; p.next++ {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(p.next))
		listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", address)
		if err != nil {
			continue
		}
		_ = listener.Close()
		p.next++
		return address
	}
	panic("no port is free")
}

func split(address string) (host, port string) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		panic(err)
	}
	return host, port
}
