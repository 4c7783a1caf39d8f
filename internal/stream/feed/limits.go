// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package feed

import "time"

const (
	// maxEnded and keepEnded bound the recordings that are held after they ended, each in about 1 KiB.
	maxEnded  = 1000
	keepEnded = time.Hour
	// maxEntries is how many events are kept to resume from, each in under 1 KiB as a rule.
	maxEntries = 8192
	// maxPending is how many events a stream may be behind: beyond, it is cut off. It can resume.
	maxPending = 1024
	// maxPasts is how many watches from the past may run at once. Each serves all streams that resume from there or later, so that n
	// that come in any order need about ln(n).
	maxPasts = 16
	// firstPause follows the first failure to reach the API server, and doubles up to maxPause; half of it is drawn.
	firstPause = 100 * time.Millisecond
	maxPause   = 10 * time.Second
)
