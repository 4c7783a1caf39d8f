// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package guard

import "net"

// hasUnread always returns false: this platform cannot tell.
func hasUnread(net.Conn) bool { return false }
