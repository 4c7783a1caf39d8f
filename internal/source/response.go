// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// checkResponse returns an ExitError when the answer is no file that may be taken, checked by its headers.
func (c *Client) checkResponse(resp *http.Response) error {
	if err := checkStatus(resp); err != nil {
		return err
	}
	encoding := strings.TrimSpace(strings.Join(resp.Header.Values("Content-Encoding"), ","))
	if encoding != "" && !strings.EqualFold(encoding, "identity") {
		return sysexits.New(sysexits.Protocol, nil,
			"source answers with Content-Encoding %q although none was requested; store the file uncompressed", encoding)
	}
	switch mediaType, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); mediaType {
	case "text/html", "application/xhtml+xml":
		return sysexits.New(sysexits.DataErr, nil,
			"source is an HTML page, not a recording: check that its URL is the file's")
	}
	if resp.ContentLength == 0 {
		return errEmpty()
	}
	if c.opts.MaxBytes > 0 && resp.ContentLength > c.opts.MaxBytes {
		return errTooLarge(strconv.FormatInt(resp.ContentLength, 10), c.opts.MaxBytes)
	}
	return nil
}

func checkStatus(resp *http.Response) error {
	exit := sysexits.New(sysexits.Protocol, nil, "source answered %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	switch code := resp.StatusCode; {
	case code == http.StatusOK:
		return nil
	case code == http.StatusNotFound, code == http.StatusGone:
		exit.Code = sysexits.NoInput
		exit.Message += ": the file does not exist, or no longer"
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code == http.StatusProxyAuthRequired:
		exit.Code = sysexits.NoPerm
		exit.Message += ": access was refused; a signed URL may have expired"
	case code == http.StatusTooManyRequests:
		exit.Code = sysexits.TempFail
		return mayPass{exit}
	case code == http.StatusRequestTimeout, code >= http.StatusInternalServerError:
		exit.Code = sysexits.Unavailable
		return mayPass{exit}
	default:
		exit.Message += ", not 200 with a file"
	}
	return exit
}

func errEmpty() error {
	return sysexits.New(sysexits.DataErr, nil, "source is an empty file")
}

func errTooLarge(size string, limit int64) error {
	return sysexits.New(sysexits.DataErr, nil, "source has %s bytes; the limit is %d, set by --max-bytes", size, limit)
}
