// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of CPU time in /proc/PID/stat: USER_HZ is 100 on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// children returns the processes that we have started of programs of these names.
func children(names ...string) ([]int, error) {
	found := make([]int, len(names))
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	for _, path := range stats {
		name, fields, err := readStat(path)
		if err != nil || fields[1] != strconv.Itoa(os.Getpid()) {
			continue // it has ended, or is another's
		}
		for i := range names {
			if strings.HasPrefix(names[i], name) { // the kernel cuts names at 15 characters
				found[i], _ = strconv.Atoi(filepath.Base(filepath.Dir(path)))
			}
		}
	}
	for i, pid := range found {
		if pid == 0 {
			return nil, fmt.Errorf("no process of %s was started by this one; it is found in /proc, which needs Linux", names[i])
		}
	}
	return found, nil
}

// cpu returns the time in user and kernel mode of processes.
func cpu(pids []int) ([]time.Duration, error) {
	var used []time.Duration
	for _, pid := range pids {
		_, fields, err := readStat(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return nil, err
		}
		const user, system = 11, 12 // fields 14 and 15, counted after the name
		var total time.Duration
		for _, at := range []int{user, system} {
			ticks, err := strconv.ParseInt(fields[at], 10, 64)
			if err != nil {
				return nil, fmt.Errorf("CPU time in /proc/%d/stat: %w", pid, err)
			}
			total += time.Duration(ticks) * tick
		}
		used = append(used, total)
	}
	return used, nil
}

// readStat returns a process's name, and what follows it (proc_pid_stat(5)).
func readStat(path string) (name string, fields []string, err error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", nil, err
	}
	text := string(content)
	from, to := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')') // the name may hold anything
	if from < 0 || to < from {
		return "", nil, errors.New(path + " is not as proc_pid_stat(5) says")
	}
	if fields = strings.Fields(text[to+1:]); len(fields) < 13 {
		return "", nil, errors.New(path + " is not as proc_pid_stat(5) says")
	}
	return text[from+1 : to], fields, nil
}
