// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
)

// The ports are below those that kernels give to whoever asks for any, such as the connections that tests make all the time: one of these could
// take the port between its being found free and the program's start. Linux gives 32768 and more, others 49152 and more.
const (
	firstPort = 12000
	ports     = 20000
)

// taken counts the ports that this process has tried. Each begins elsewhere, because several look for ports at the same time.
var taken atomic.Int64

func init() { taken.Store(int64(os.Getpid()) * 61) }

// FreeAddress returns host and port of this machine at which nothing listens. It does not return it again, unless it has returned thousands.
func FreeAddress() (string, error) {
	for range ports {
		address := net.JoinHostPort("127.0.0.1", strconv.FormatInt(firstPort+taken.Add(1)%ports, 10))
		listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", address)
		if err == nil {
			return address, listener.Close()
		}
	}
	return "", errors.New("no port of this machine is free")
}

// FreeAddresses returns several.
func FreeAddresses(n int) ([]string, error) {
	addresses := make([]string, n)
	for i := range addresses {
		var err error
		if addresses[i], err = FreeAddress(); err != nil {
			return nil, err
		}
	}
	return addresses, nil
}

// Address is FreeAddress for a test.
func Address(t testing.TB) string {
	t.Helper()
	address, err := FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	return address
}
