// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package guard bounds what anybody can make an HTTP server hold or spend:
// connections ([Connections]), requests in flight ([InFlight], [Shares]) and
// rates ([Rates]).
//
// A sender is genuine once it has proved who it is; [Conn.Genuine] says so. All
// others are strangers: what they hold is taken from them as soon as somebody
// else waits for it, and they cannot keep it by sending more.
package guard
