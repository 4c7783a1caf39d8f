// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package freeport finds addresses for programs that are told where to listen.
package freeport

import (
	"context"
	"errors"
	"net"
	"os"
	"strconv"
	"sync/atomic"
)

// The ports are below those that kernels give to whoever asks for any, such as the connections that tests make all the time: one of these could
// take the port between its being found free and the program's start. Linux gives 32768 and more, others 49152 and more.
const (
	first = 12000
	count = 20000
)

// taken counts the ports that this process has tried. Each begins elsewhere, because several look for ports at the same time.
var taken atomic.Int64

func init() { taken.Store(int64(os.Getpid()) * 61) }

// Address returns host and port of this machine at which nothing listens. It does not return it again, unless it has returned thousands.
func Address() (string, error) {
	for range count {
		address := net.JoinHostPort("127.0.0.1", strconv.FormatInt(first+taken.Add(1)%count, 10))
		listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", address)
		if err == nil {
			return address, listener.Close()
		}
	}
	return "", errors.New("no port of this machine is free")
}
