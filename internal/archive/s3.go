// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
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
	partsAtOnce  = 3
	// maxParts is how many parts S3 takes.
	maxParts = 10_000
	// abortTimeout is the time to remove the parts of an upload that failed, also when it was interrupted.
	abortTimeout = 10 * time.Second
)

// LimitBytes says how large an object can get, from which the size of parts follows: they are 5 MiB, up to 48 GiB.
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
			"(for other S3 servers than Amazon's any will do, such as us-east-1)", d)
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

// upload is an upload to S3 that can be given up. To cancel its context would not do: a part that is under way then may
// still arrive after the request to remove the parts, and stay, and cost.
type upload struct {
	transfermanager.S3APIClient
	givenUp atomic.Bool
	cancel  context.CancelFunc
	timer   *time.Timer
	once    sync.Once
}

// errGivenUp is what an upload ends with; to users it is an interruption.
var errGivenUp = fmt.Errorf("upload given up: %w", context.Canceled)

// newUpload returns the context of an upload, which ends later than ctx: that gives the upload up. The caller must call
// release in the end.
func newUpload(ctx context.Context) (uploadContext context.Context, u *upload, release func()) {
	u = &upload{}
	uploadContext, u.cancel = context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, u.giveUp)
	return uploadContext, u, func() {
		stop()
		u.once.Do(func() {}) // from now on giveUp does nothing
		if u.timer != nil {
			u.timer.Stop()
		}
		u.cancel()
	}
}

// giveUp makes everything fail that has not begun, and after a while what has.
func (u *upload) giveUp() {
	u.once.Do(func() {
		u.givenUp.Store(true)
		u.timer = time.AfterFunc(abortTimeout, u.cancel)
	})
}

// discard ends a writer whose upload was given up. The byte is a part that fails, so that the library aborts the upload
// rather than to complete it, fail, and log that.
func (u *upload) discard(w io.WriteCloser) {
	u.giveUp()
	_, _ = w.Write([]byte{0})
	_ = w.Close() // it says only that it was given up
}

// PutObject implements transfermanager.S3APIClient.
func (u *upload) PutObject(ctx context.Context, in *s3.PutObjectInput, opts ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	if u.givenUp.Load() {
		return nil, errGivenUp
	}
	return u.S3APIClient.PutObject(ctx, in, opts...)
}

// UploadPart implements transfermanager.S3APIClient.
func (u *upload) UploadPart(ctx context.Context, in *s3.UploadPartInput, opts ...func(*s3.Options)) (*s3.UploadPartOutput, error) {
	if u.givenUp.Load() {
		return nil, errGivenUp
	}
	return u.S3APIClient.UploadPart(ctx, in, opts...)
}

// CompleteMultipartUpload implements transfermanager.S3APIClient.
func (u *upload) CompleteMultipartUpload(
	ctx context.Context, in *s3.CompleteMultipartUploadInput, opts ...func(*s3.Options),
) (*s3.CompleteMultipartUploadOutput, error) {
	if u.givenUp.Load() {
		return nil, errGivenUp
	}
	return u.S3APIClient.CompleteMultipartUpload(ctx, in, opts...)
}

// tune sets what the driver has no options for: that parts begin as soon as there is one, and that the upload can be
// given up.
func (u *upload) tune(d *Destination, as func(any) bool) {
	var manager *transfermanager.Client
	var client *s3.Client
	if u == nil || !as(&manager) || !d.bucket.As(&client) {
		return
	}
	u.S3APIClient = client
	*manager = *transfermanager.New(u, func(o *transfermanager.Options) {
		o.PartSizeBytes = d.part
		o.MultipartUploadThreshold = d.part
		o.Concurrency = partsAtOnce
		o.FailTimeout = abortTimeout
		o.RequestChecksumCalculation = client.Options().RequestChecksumCalculation
	})
}
