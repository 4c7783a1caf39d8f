// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"io"
	"net"
	"testing"
)

func TestHasUnread(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	sender, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sender.Close() }()
	receiver, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = receiver.Close() }()
	if hasUnread(receiver) {
		t.Error("nothing was sent")
	}
	if _, err := io.WriteString(sender, "ab"); err != nil {
		t.Fatal(err)
	}
	var two [2]byte
	if _, err := receiver.Read(two[:1]); err != nil {
		t.Fatal(err)
	}
	if !hasUnread(receiver) {
		t.Error("a byte was not read")
	}
	if _, err := receiver.Read(two[1:]); err != nil {
		t.Fatal(err)
	}
	if hasUnread(receiver) {
		t.Error("all was read")
	}
}
