// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ffmpeg

import (
	"strconv"
	"strings"
	"time"
)

// Progress is how far ffmpeg is.
type Progress struct {
	// OutTime is how much of the recording's time is done.
	OutTime time.Duration
	// Speed is how much faster than the recording's time it goes; 0 when it is not known yet.
	Speed float64
	// End is true the last time.
	End bool
}

// progressParser reads what `ffmpeg -progress` writes: blocks of key=value lines, each closed by progress=continue or
// progress=end.
type progressParser struct {
	report func(Progress)
	now    Progress
}

func (p *progressParser) line(line string) {
	key, value, _ := strings.Cut(line, "=")
	value = strings.TrimSpace(value)
	switch key {
	case "out_time_us":
		if us, err := strconv.ParseInt(value, 10, 64); err == nil && us >= 0 { // "N/A" before the first frame
			p.now.OutTime = time.Duration(us) * time.Microsecond
		}
	case "speed":
		if speed, err := strconv.ParseFloat(strings.TrimSuffix(value, "x"), 64); err == nil {
			p.now.Speed = speed
		}
	case "progress":
		p.now.End = value == "end"
		p.report(p.now)
	}
}
