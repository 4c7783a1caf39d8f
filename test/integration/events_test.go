// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"errors"
	"testing"

	"github.com/meetingops/meeting-recording-operator/events"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// eventsServer is a running one, with the rights of its installed ServiceAccount.
type eventsServer struct{ url, metrics string }

func startEvents(t testing.TB, o *operator) eventsServer {
	t.Helper()
	address, health, metrics := harness.Address(t), harness.Address(t), harness.Address(t)
	server := harness.Start(t, "events", "--kubeconfig", o.kubeconfig(t, eventsAccount), "--namespace", namespace,
		"--bind-address", address, "--health-probe-bind-address", health, "--metrics-bind-address", metrics, "--diagnostics-bind-address", "0")
	server.AwaitReady(t, health)
	return eventsServer{url: "http://" + address, metrics: metrics}
}

// listen opens a stream of the namespace until the test ends, and returns once changes come.
func (s eventsServer) listen(t testing.TB, token string) {
	t.Helper()
	client, err := events.NewClient(s.url, events.WithToken(func(context.Context) (string, error) { return token, nil }))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	room, ready, ended := client.Room(namespace, ""), make(chan struct{}, 16), make(chan error, 1)
	room.OnReady(func() { ready <- struct{}{} })
	go func() {
		defer close(ended)
		ended <- room.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		for err := range ended {
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}
	})
	select {
	case <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
}
