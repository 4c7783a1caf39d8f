// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"text/tabwriter"

	"github.com/meetingops/meeting-recording-operator/test/harness/objectstore"
)

// bench has what the contestants are started with.
type bench struct {
	options
	source   string // host:port
	endpoint string // of the S3 server
	out      string // the folder to copy to
	bucket   string // the folder that is the bucket
}

// contestant is a command that copies the file.
type contestant struct {
	name    string
	command []string
	env     map[string]string
}

// contest is one kind of destination, with ourselves first.
type contest struct {
	title       string
	folder      string // where copies appear
	contestants []contestant
}

func (b bench) url() string { return "http://" + b.source + "/a.mp4" }

func (b bench) ours(destination string) contestant {
	return contestant{"postprocess archive", []string{
		b.program, "archive", "--source-url=" + b.url(), "--destination=" + destination, "--object-name=ours.mp4",
		"--allowed-host=" + b.source, "--allow-http", "--allow-private-addresses",
	}, objectstore.Environment()}
}

// toFolder compares with curl, which does not wait for the disk by itself, as an archive has to.
func (b bench) toFolder() contest {
	file := filepath.Join(b.out, "curl.mp4")
	return contest{"to a folder", b.out, []contestant{
		b.ours("file://" + b.out),
		{"curl -o, sync", []string{"sh", "-c", `curl -sSf -o "$1" "$0" && sync "$1"`, b.url(), file}, nil},
	}}
}

// toS3 compares with what is installed.
func (b bench) toS3() contest {
	server := objectstore.Server{Endpoint: b.endpoint}
	c := contest{"to an S3 server", b.bucket, []contestant{b.ours(server.BucketURL(bucket))}}
	if _, err := exec.LookPath("rclone"); err == nil {
		remote := fmt.Sprintf(`:s3,provider=Other,env_auth=true,no_check_bucket=true,region=%s,endpoint="%s":%s/rclone.mp4`, objectstore.Region, b.endpoint, bucket)
		c.contestants = append(c.contestants, contestant{"rclone copyurl", []string{
			"rclone", "--config", os.DevNull, "--expect-continue-timeout", "0", // or it waits a second before each part
			"copyurl", b.url(), remote}, objectstore.Environment()})
	}
	if _, err := exec.LookPath("aws"); err == nil {
		c.contestants = append(c.contestants, contestant{"curl | aws s3 cp -", []string{"sh", "-c",
			`curl -sSf "$0" | aws --endpoint-url "$1" s3 cp - "s3://$2/aws.mp4"`, b.url(), b.endpoint, bucket}, objectstore.Environment()})
	}
	return c
}

// all runs the contests, and fails when one is lost.
func (b bench) all(ctx context.Context) error {
	var failures error
	for _, c := range []contest{b.toFolder(), b.toS3()} {
		if len(c.contestants) < 2 {
			return errors.New("nothing to compare with: install rclone or awscli")
		}
		results, err := b.turns(ctx, c)
		if err != nil {
			return err
		}
		failures = errors.Join(failures, b.evaluate(c, results))
	}
	return failures
}

// turns lets each contestant copy the file, again and again.
func (b bench) turns(ctx context.Context, c contest) ([][]result, error) {
	results := make([][]result, len(c.contestants))
	for range b.runs {
		for i, contestant := range c.contestants {
			r, err := measure(ctx, contestant)
			if err != nil {
				return nil, err
			}
			if err := clear(c.folder, b.mebibytes<<20); err != nil {
				return nil, fmt.Errorf("%s: %w", contestant.name, err)
			}
			results[i] = append(results[i], r)
		}
	}
	return results, nil
}

// clear checks that the copy is there, and removes it.
func clear(folder string, size int64) error {
	copies, err := filepath.Glob(filepath.Join(folder, "*.mp4"))
	if err != nil || len(copies) != 1 {
		return errors.Join(fmt.Errorf("there are %d copies in %s", len(copies), folder), err)
	}
	info, err := os.Stat(copies[0])
	if err != nil || info.Size() != size {
		return errors.Join(fmt.Errorf("%s has not %d bytes", copies[0], size), err)
	}
	_ = os.Remove(copies[0] + ".json") // ours has one
	return os.Remove(copies[0])
}

// evaluate prints the results, and returns what is not good enough.
func (b bench) evaluate(c contest, results [][]result) error {
	var failures error
	ours, _ := fastest(results[0])
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "%s\tbest s\tmedian s\tbest MiB/s\tmost memory MiB\tour best speed / its\n", c.title)
	for i, contestant := range c.contestants {
		best, median := fastest(results[i])
		ratio := best.Seconds() / ours.Seconds()
		_, _ = fmt.Fprintf(w, "%s\t%.2f\t%.2f\t%.0f\t%d\t%.2f\n", contestant.name, best.Seconds(), median.Seconds(),
			float64(b.mebibytes)/best.Seconds(), most(results[i]), ratio)
		if ratio < b.ratio {
			failures = errors.Join(failures, fmt.Errorf("%s: %.2f of the speed of %s, not %.2f", c.title, ratio, contestant.name, b.ratio))
		}
	}
	if memory := most(results[0]); memory > b.maxMiB {
		failures = errors.Join(failures, fmt.Errorf("%s: %d MiB of memory, not %d", c.title, memory, b.maxMiB))
	}
	_, _ = fmt.Fprintln(w)
	return errors.Join(failures, w.Flush())
}
