// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backfill

import (
	"net/url"
	"strconv"
	"time"
)

// signedTime is how S3 and Google Cloud Storage write the time of a signature.
const signedTime = "20060102T150405Z"

// expiry returns when a signed URL expires, and reports whether it says so:
// those of S3, Google Cloud Storage, CloudFront and Azure Blob Storage do.
func expiry(address string) (time.Time, bool) {
	parsed, err := url.Parse(address)
	if err != nil {
		return time.Time{}, false
	}
	query := parsed.Query()
	for _, prefix := range []string{"X-Amz-", "X-Goog-"} {
		signed, err := time.Parse(signedTime, query.Get(prefix+"Date"))
		seconds, notNumber := strconv.ParseInt(query.Get(prefix+"Expires"), 10, 32)
		if err == nil && notNumber == nil {
			return signed.Add(time.Duration(seconds) * time.Second), true
		}
	}
	if seconds, err := strconv.ParseInt(query.Get("Expires"), 10, 64); err == nil && seconds > 0 {
		return time.Unix(seconds, 0).UTC(), true
	}
	if query.Get("sig") == "" {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339, query.Get("se"))
	return at.UTC(), err == nil
}
