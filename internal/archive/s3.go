// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	_ "gocloud.dev/blob/s3blob" // s3://

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

const s3Scheme = "s3"

const (
	// minPartBytes is the smallest part that S3 takes. Memory holds one more than partsAtOnce of them.
	minPartBytes = 5 << 20
	partsAtOnce  = 2
	// maxParts is how many parts S3 takes.
	maxParts = 10_000
	// abortTimeout is the time for the parts that are under way when an upload fails, and again to remove all of them.
	abortTimeout = 10 * time.Second
)

// LimitBytes sets how large an object can become, which determines the size of parts: 5 MiB for objects up to 48 GiB.
func (d *Destination) LimitBytes(n int64) {
	d.part = max(minPartBytes, (n+maxParts-1)/maxParts)
}

// checkS3 finds out before the download whether an S3 bucket's region and credentials are set.
func (d *Destination) checkS3(ctx context.Context) error {
	var client *s3.Client
	if d.base.Scheme != s3Scheme || !d.bucket.As(&client) {
		return nil
	}
	opts := client.Options()
	if opts.Region == "" {
		return sysexits.New(sysexits.Config, nil, "no region for the destination %s: set AWS_REGION, or add ?region= to the destination "+
			"(any region, such as us-east-1, works for S3 servers other than Amazon's)", d)
	}
	if opts.Credentials == nil || aws.IsCredentialsProvider(opts.Credentials, (*aws.AnonymousCredentials)(nil)) {
		return nil
	}
	if _, err := opts.Credentials.Retrieve(ctx); err != nil {
		if ctx.Err() != nil {
			return d.ioError(ctx.Err())
		}
		return noCredentials(d, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the Pod a role", err)
	}
	return nil
}

// tuneS3 sets what the driver has no options for: that parts begin as soon as there is one, and that those of an upload
// that failed are removed also when its context has ended; otherwise they would stay, and cost.
func (d *Destination) tuneS3(as func(any) bool) {
	var manager *transfermanager.Client
	var client *s3.Client
	if !as(&manager) || !d.bucket.As(&client) {
		return
	}
	*manager = *transfermanager.New(client, func(o *transfermanager.Options) {
		o.PartSizeBytes = d.part
		o.MultipartUploadThreshold = d.part
		o.Concurrency = partsAtOnce
		o.FailTimeout = abortTimeout
		o.RequestChecksumCalculation = client.Options().RequestChecksumCalculation
	})
}
