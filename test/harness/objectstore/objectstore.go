// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package objectstore starts real object stores for tests and benchmarks, on 127.0.0.1, each with a folder of its own.
// They are built from a module of their own (hack/objectstores), by the Go toolchain, which keeps them in its cache.
package objectstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

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

	program *harness.Program
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
func (s *Server) Stop() { s.program.Kill() }

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

func start(ctx context.Context, folder, tool string, arguments func(port string) []string) (*Server, error) {
	path, err := build(ctx, tool)
	if err != nil {
		return nil, err
	}
	address, err := harness.FreeAddress()
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	program, err := harness.Run(tool, "", path, arguments(port)...)
	if err != nil {
		return nil, err
	}
	s := &Server{Endpoint: "http://" + address, Folder: folder, program: program}
	err = harness.Await(ctx, harness.Patience, tool+" listens", func(ctx context.Context) error {
		if err := program.Alive(); err != nil {
			return harness.Permanent(err)
		}
		connection, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return connection.Close()
	})
	if err != nil {
		program.Kill()
		return nil, err
	}
	return s, nil
}

// build returns the path of a tool of hack/objectstores, which the toolchain builds unless it is in its cache.
func build(ctx context.Context, tool string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "tool", "-n", tool)
	cmd.Dir = harness.Path("hack", "objectstores")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return "", fmt.Errorf("build %s: %w", tool, err)
	}
	return strings.TrimSpace(string(out)), nil
}
