// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package proc reads from /proc what the programs that a benchmark measures use.
package proc

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of CPU time in /proc/PID/stat: USER_HZ is 100 on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// Usage is what a process has used.
type Usage struct {
	// CPU is its time in user and kernel mode, in steps of 10 ms.
	CPU time.Duration
	// RSS is its resident memory in bytes, and PeakRSS the most that it was since its start or the last ResetPeak.
	RSS, PeakRSS int64
}

// ReadUsage reads what a process has used, from /proc.
func ReadUsage(pid int) (Usage, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Usage{}, fmt.Errorf("read CPU time, which needs Linux: %w", err)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return Usage{}, fmt.Errorf("read memory, which needs Linux: %w", err)
	}
	return parseUsage(string(stat), string(status))
}

// ResetPeak has PeakRSS begin again (proc_pid_clear_refs(5)).
func ResetPeak(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}

// parseUsage reads proc_pid_stat(5) and proc_pid_status(5).
func parseUsage(stat, status string) (Usage, error) {
	var usage Usage
	_, rest, found := cutLast(stat, ')') // the name may hold anything
	fields := strings.Fields(rest)
	const user, system = 11, 12 // fields 14 and 15, counted after the name
	if !found || len(fields) <= system {
		return usage, errors.New("/proc/PID/stat is not as proc_pid_stat(5) says")
	}
	for _, field := range []int{user, system} {
		ticks, err := strconv.ParseInt(fields[field], 10, 64)
		if err != nil {
			return usage, fmt.Errorf("CPU time in /proc/PID/stat: %w", err)
		}
		usage.CPU += time.Duration(ticks) * tick
	}
	for line := range strings.Lines(status) {
		key, value, _ := strings.Cut(line, ":")
		var to *int64
		switch key {
		case "VmRSS":
			to = &usage.RSS
		case "VmHWM":
			to = &usage.PeakRSS
		default:
			continue
		}
		kibibytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err != nil {
			return usage, fmt.Errorf("%s in /proc/PID/status: %w", key, err)
		}
		*to = kibibytes << 10
	}
	if usage.PeakRSS == 0 {
		return usage, errors.New("/proc/PID/status has no VmHWM: the process has ended")
	}
	return usage, nil
}

func cutLast(text string, at byte) (before, after string, found bool) {
	i := strings.LastIndexByte(text, at)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+1:], true
}
