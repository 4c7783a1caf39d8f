// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package guard

import (
	"net"
	"syscall"
)

// hasUnread reports whether bytes have arrived on a connection that nobody has
// read yet. It is false where that cannot be determined.
func hasUnread(conn net.Conn) bool {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	var count int
	err = raw.Control(func(fd uintptr) {
		var one [1]byte
		// It fails when there is nothing to read.
		count, _, _ = syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	})
	return err == nil && count > 0
}
