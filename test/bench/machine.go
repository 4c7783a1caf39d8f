// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/bench/report"
)

// describe reports the machine, and what a sync of the disk costs.
func describe(ctx context.Context, assets, folder string) (report.Machine, error) {
	m := report.Machine{Cores: runtime.NumCPU()}
	cpu, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return m, err
	}
	m.CPU = firstField(string(cpu), "model name")
	memory, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return m, err
	}
	if kibibytes, err := strconv.ParseInt(strings.TrimSuffix(firstField(string(memory), "MemTotal"), " kB"), 10, 64); err == nil {
		m.MemoryMiB = kibibytes >> 10
	}
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return m, err
	}
	m.Kernel = strings.TrimSpace(string(kernel))
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return m, err
	}
	m.Load, _, _ = strings.Cut(string(load), " ")
	for program, to := range map[string]*string{"kube-apiserver": &m.APIServer, "etcd": &m.Etcd} {
		out, err := exec.CommandContext(ctx, filepath.Join(assets, program), "--version").Output()
		if err != nil {
			return m, fmt.Errorf("%s --version: %w (make controlplane)", program, err)
		}
		*to, _, _ = strings.Cut(strings.TrimSpace(string(out)), "\n")
	}
	m.SyncP50, err = syncTime(folder)
	return m, err
}

// firstField returns the value of the first line "key : value".
func firstField(text, key string) string {
	for line := range strings.Lines(text) {
		if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// syncTime returns the median of a write and its fsync.
func syncTime(folder string) (_ time.Duration, err error) {
	file, err := os.CreateTemp(folder, "sync-")
	if err != nil {
		return 0, err
	}
	defer func() {
		_ = file.Close() // what was written is of no use
		if removed := os.Remove(file.Name()); err == nil {
			err = removed
		}
	}()
	var took []time.Duration
	page := make([]byte, 4096)
	for range 50 {
		begin := time.Now()
		if _, err := file.Write(page); err != nil {
			return 0, err
		}
		if err := file.Sync(); err != nil {
			return 0, err
		}
		took = append(took, time.Since(begin))
	}
	return report.Percentile(took, 50), nil
}
