// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package objectstore starts real object stores for tests and benchmarks, on 127.0.0.1, each with a folder of its own.
// They are built from a module of their own (hack/objectstores), by the Go toolchain, which keeps them in its cache.
package objectstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// The root credentials of an S3 server.
const (
	AccessKey = "test-access-key"
	SecretKey = "test-secret-key"
	Region    = "us-east-1"
)

// Server is an object store that runs.
type Server struct {
	// Endpoint is its URL.
	Endpoint string
	// Folder has the buckets as folders, and objects as files.
	Folder string
	// Log is what it has written; to be read after Stop only.
	Log bytes.Buffer

	cancel context.CancelFunc
	ended  chan struct{}
}

// StartS3 starts versitygw with its data in a folder, and waits until it answers. Each folder in the server's Folder is a
// bucket.
func StartS3(ctx context.Context, folder string) (*Server, error) {
	buckets := filepath.Join(folder, "buckets")
	metadata := filepath.Join(folder, "metadata") // not every file system has extended attributes
	for _, f := range []string{buckets, metadata} {
		if err := os.MkdirAll(f, 0o700); err != nil {
			return nil, err
		}
	}
	return start(ctx, buckets, "versitygw", func(port string) []string {
		return []string{"--port", "127.0.0.1:" + port, "--access", AccessKey, "--secret", SecretKey, "--region", Region,
			"--keep-alive", "--quiet", "posix", "--sidecar", metadata, buckets}
	})
}

// StartGCS starts fake-gcs-server on a folder, and waits until it answers.
func StartGCS(ctx context.Context, folder string) (*Server, error) {
	return start(ctx, folder, "fake-gcs-server", func(port string) []string {
		return []string{"-scheme", "http", "-host", "127.0.0.1", "-port", port, "-backend", "filesystem", "-filesystem-root", folder,
			"-public-host", "127.0.0.1:" + port, "-external-url", "http://127.0.0.1:" + port, "-log-level", "error"}
	})
}

// Stop ends the server, and waits for that.
func (s *Server) Stop() {
	s.cancel()
	<-s.ended
}

// Environment is what an S3 client needs beside the endpoint; what is empty must not be set.
func Environment() map[string]string {
	return map[string]string{
		"AWS_ACCESS_KEY_ID": AccessKey, "AWS_SECRET_ACCESS_KEY": SecretKey, "AWS_REGION": Region,
		"AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_CA_BUNDLE": "",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	}
}

// BucketURL is the destination of a bucket of an S3 server.
func (s *Server) BucketURL(bucket string) string {
	return "s3://" + bucket + "?use_path_style=true&region=" + Region + "&endpoint=" + s.Endpoint
}

// start tries several ports, since another process may take one before the server does.
func start(ctx context.Context, folder, tool string, arguments func(port string) []string) (*Server, error) {
	program, err := build(ctx, tool)
	if err != nil {
		return nil, err
	}
	for range 5 {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		s := &Server{Endpoint: "http://127.0.0.1:" + port, Folder: folder, ended: make(chan struct{})}
		if err = s.run(ctx, program, arguments(port)); err != nil {
			return nil, err
		}
		if s.wait(ctx, "127.0.0.1:"+port) {
			return s, nil
		}
		s.Stop()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		err = fmt.Errorf("%s did not start: %s", tool, &s.Log)
		if !strings.Contains(s.Log.String(), "address already in use") {
			return nil, err
		}
	}
	return nil, fmt.Errorf("no free port for %s", tool)
}

func (s *Server) run(ctx context.Context, program string, arguments []string) error {
	ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	cmd := exec.CommandContext(ctx, program, arguments...)
	cmd.Dir = s.Folder
	cmd.Stdout, cmd.Stderr = &s.Log, &s.Log
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() {
		defer close(s.ended)
		_ = cmd.Wait() // it is killed in the end, and that is no news
	}()
	return nil
}

// wait reports whether the server listens, before it ends.
func (s *Server) wait(ctx context.Context, address string) bool {
	dialer := net.Dialer{Timeout: time.Second}
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		if conn, err := dialer.DialContext(ctx, "tcp", address); err == nil {
			_ = conn.Close()
			return true
		}
		select {
		case <-s.ended:
			return false
		case <-ctx.Done():
			return false
		case <-again.C:
		}
	}
}

func freePort() (string, error) {
	address, err := harness.FreeAddress()
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(address)
	return port, err
}

// build returns the path of a tool of hack/objectstores, which the toolchain builds unless it is in its cache.
func build(ctx context.Context, tool string) (string, error) {
	_, here, _, ok := runtime.Caller(0)
	if !ok {
		return "", errors.New("the sources' place is not known")
	}
	module := filepath.Join(filepath.Dir(here), "..", "..", "hack", "objectstores")
	cmd := exec.CommandContext(ctx, "go", "tool", "-n", tool)
	cmd.Dir = module
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("build %s: %w: %s", tool, err, &problems)
	}
	return strings.TrimSpace(out.String()), nil
}
