// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import (
	"net/url"
	"strings"
)

// readFile returns what the data of a stopped recording says of its file. An
// empty string is the same as an absent field.
func readFile(data object) (path, address string, err error) {
	filePath, err := data.text("filePath")
	if err != nil {
		return "", "", err
	}
	fileURL, err := data.text("fileUrl")
	if err != nil {
		return "", "", err
	}
	if err := checkFilePath(filePath); err != nil {
		return "", "", err
	}
	if fileURL.value == "" {
		return filePath.value, "", nil
	}
	parsed, err := parseFileURL(fileURL)
	if err != nil {
		return "", "", err
	}
	if filePath.value != "" {
		return filePath.value, fileURL.value, nil
	}
	derived, err := pathOf(parsed, fileURL.field)
	return derived, fileURL.value, err
}

func checkFilePath(t text) error {
	switch {
	case t.value == "":
		return nil
	case t.blank():
		return fieldErrorf(t.field, "is blank")
	case len(t.value) > MaxFilePathBytes:
		return fieldErrorf(t.field, "is longer than %d bytes", MaxFilePathBytes)
	}
	return t.clean()
}

// parseFileURL accepts absolute http and https URLs with a host. One with user
// information is refused: it would carry a password into an object's status.
func parseFileURL(t text) (*url.URL, error) {
	if len(t.value) > MaxFileURLBytes {
		return nil, fieldErrorf(t.field, "is longer than %d bytes", MaxFileURLBytes)
	}
	if err := t.clean(); err != nil {
		return nil, err
	}
	u, err := url.Parse(t.value)
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "":
		return nil, fieldErrorf(t.field, "must be an absolute http or https URL")
	case u.User != nil:
		return nil, fieldErrorf(t.field, "must not have a user name or password in it")
	}
	return u, nil
}

// pathOf returns the file's path out of its URL, for a webhook without one.
func pathOf(u *url.URL, field string) (string, error) {
	if strings.Trim(u.Path, "/") == "" {
		return "", fieldErrorf(field, "has no path, and data.filePath is missing; one of them must name the file")
	}
	if checkFilePath(text{value: u.Path}) != nil {
		return "", fieldErrorf(field, "has a path over %d bytes, or with characters that are no text, and data.filePath is missing", MaxFilePathBytes)
	}
	return u.Path, nil
}
