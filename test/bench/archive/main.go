// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command archive measures `postprocess archive` beside curl, and beside rclone and the AWS command line where they are
// installed: a file from a local HTTP server to a folder and to a local S3 server, in turns. It prints the ratios, and
// fails when one is too low or a run took too much memory. `make bench-archive` runs it.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/harness/objectstore"
)

const (
	bucket    = "recordings"
	sourceEnv = "BENCH_SERVE_FOLDER" // makes the program be the HTTP server, which is to be a process of its own
)

type options struct {
	program   string
	folder    string
	mebibytes int64
	runs      int
	ratio     float64
	maxMiB    int64
}

func main() {
	log.SetFlags(0)
	if folder := os.Getenv(sourceEnv); folder != "" {
		log.Fatal(serve(folder))
	}
	var o options
	flag.StringVar(&o.program, "program", "bin/postprocess", "the program to measure")
	flag.StringVar(&o.folder, "folder", "", "where the files go (default: memory, if there is enough, so that no disk is measured)")
	flag.Int64Var(&o.mebibytes, "size", 1024, "the file's size in MiB")
	flag.IntVar(&o.runs, "runs", 5, "how often each runs")
	flag.Float64Var(&o.ratio, "ratio", 0.8, "the least speed, of that of the others")
	flag.Int64Var(&o.maxMiB, "max-memory", 64, "the most resident memory in MiB")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, o options) error {
	folder, err := os.MkdirTemp(o.place(), "bench-archive-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	if err := writeFile(filepath.Join(folder, "source", "a.mp4"), o.mebibytes<<20); err != nil {
		return err
	}
	source, stop, err := startSource(ctx, filepath.Join(folder, "source"))
	if err != nil {
		return err
	}
	defer stop()
	s3, err := objectstore.StartS3(ctx, filepath.Join(folder, "s3"))
	if err != nil {
		return err
	}
	defer s3.Stop()
	out := filepath.Join(folder, "out")
	for _, f := range []string{out, filepath.Join(s3.Folder, bucket)} {
		if err := os.MkdirAll(f, 0o700); err != nil {
			return err
		}
	}
	fmt.Fprintf(os.Stderr, "%d MiB from %s to %s, %d runs each, in turns\n", o.mebibytes, source, folder, o.runs)
	b := bench{options: o, source: source, endpoint: s3.Endpoint, out: out, bucket: filepath.Join(s3.Folder, bucket)}
	return b.all(ctx)
}

// place returns a folder in memory when that has room for the source, two copies and the parts of one.
func (o options) place() string {
	const memory = "/dev/shm"
	var stat syscall.Statfs_t
	if o.folder == "" && syscall.Statfs(memory, &stat) == nil && int64(stat.Bavail)*stat.Bsize > 5*o.mebibytes<<20 {
		return memory
	}
	return o.folder
}

// writeFile writes bytes that cannot be compressed.
func writeFile(path string, size int64) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it fails below, if at all
	if _, err := io.CopyN(f, rand.NewChaCha8([32]byte{}), size); err != nil {
		return err
	}
	return f.Sync()
}

// serve is the HTTP server. It prints its address, and ends when its standard input does.
func serve(folder string) error {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(os.Stdout, listener.Addr()); err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	server := http.Server{Handler: http.FileServer(http.Dir(folder)), ReadHeaderTimeout: time.Minute}
	return server.Serve(listener)
}

func startSource(ctx context.Context, folder string) (address string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), sourceEnv+"="+folder)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	if _, err := fmt.Fscanln(stdout, &address); err != nil {
		return "", nil, err
	}
	return address, func() { _ = stdin.Close(); _ = cmd.Wait() }, nil
}

// result is one run.
type result struct {
	took   time.Duration
	memory int64 // MiB, resident, at its highest
}

// fastest returns the shortest and the middle time. What else runs on the machine can only make a run longer, so the
// shortest is what compares.
func fastest(results []result) (shortest, median time.Duration) {
	took := make([]time.Duration, len(results))
	for i, r := range results {
		took[i] = r.took
	}
	slices.Sort(took)
	return took[0], took[len(took)/2]
}

func most(results []result) int64 {
	var memory int64
	for _, r := range results {
		memory = max(memory, r.memory)
	}
	return memory
}

// measure runs a command, and fails when it does.
func measure(ctx context.Context, c contestant) (result, error) {
	cmd := exec.CommandContext(ctx, c.command[0], c.command[1:]...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		_, replaced := c.env[name]
		return replaced
	})
	for key, value := range c.env {
		if value != "" {
			cmd.Env = append(cmd.Env, key+"="+value)
		}
	}
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	started := time.Now()
	err := cmd.Run()
	took := time.Since(started)
	if err != nil {
		return result{}, fmt.Errorf("%s: %w\n%s", c.name, err, &said)
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return result{}, fmt.Errorf("%s: no resource usage", c.name)
	}
	return result{took, usage.Maxrss >> 10}, nil
}
