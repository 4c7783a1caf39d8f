// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import (
	"encoding/json"
	"net/url"
	"strings"
)

// file is what a webhook or a REST entry says of a recorded file.
type file struct {
	path, url  string
	encryption Encryption
}

// fileFields are the fields that readFile reads.
var fileFields = []string{"filePath", "fileUrl", "fileId", "encryption"}

// readFile reads what the data of a stopped recording says of its file. An
// empty string is the same as an absent field.
func readFile(data object) (file, error) {
	filePath, err := data.text("filePath")
	if err != nil {
		return file{}, err
	}
	fileURL, err := data.text("fileUrl")
	if err != nil {
		return file{}, err
	}
	f, err := fileOf(filePath, fileURL, data.optionalText("fileId", MaxFilePathBytes))
	f.encryption = readEncryption(data)
	return f, err
}

// fileOf checks what names a file, and derives its path where there is none.
func fileOf(filePath, fileURL text, fileID string) (file, error) {
	if err := checkFilePath(filePath); err != nil {
		return file{}, err
	}
	f := file{path: filePath.value, url: fileURL.value}
	if f.url != "" {
		parsed, err := parseFileURL(fileURL)
		if err != nil {
			return file{}, err
		}
		if f.path == "" {
			f.path, err = pathOf(parsed, fileURL.field)
		}
		return f, err
	}
	if f.path == "" {
		f.path = fileID
	}
	return f, nil
}

// readEncryption never fails. The field is not documented, and an event that
// ends a recording must not be refused because of it.
func readEncryption(data object) Encryption {
	raw, ok := data.fields["encryption"]
	if !ok {
		return Encryption{}
	}
	return ParseEncryption(raw)
}

// ParseEncryption reads the field encryption of a file, which is valid JSON of
// any shape.
func ParseEncryption(raw json.RawMessage) Encryption {
	members, err := readObject("encryption", "encryption.", raw, "keyUrl", "metaUrl")
	if err != nil {
		return Encryption{}
	}
	var e Encryption
	for _, field := range []struct {
		name string
		into *string
	}{{"keyUrl", &e.KeyURL}, {"metaUrl", &e.MetadataURL}} {
		address, err := members.text(field.name)
		if err != nil || address.value == "" {
			continue
		}
		e.Encrypted = true
		if _, err := parseFileURL(address); err == nil {
			*field.into = address.value
		}
	}
	return e
}

// FilePath returns the path of a file that is described by any of filePath,
// fileUrl and fileId, and checks them as Parse does.
func FilePath(filePath, fileURL, fileID string) (string, error) {
	f, err := fileOf(text{field: "filePath", value: filePath}, text{field: "fileUrl", value: fileURL}, fileID)
	return f.path, err
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
// information is refused: it would put a password into an object's status.
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

// pathOf returns the path of a file's URL, for a webhook without filePath.
func pathOf(u *url.URL, field string) (string, error) {
	if strings.Trim(u.Path, "/") == "" {
		return "", fieldErrorf(field, "has no path, and filePath is missing; one of them must name the file")
	}
	if checkFilePath(text{value: u.Path}) != nil {
		return "", fieldErrorf(field, "has a path over %d bytes, or with characters that are no text, and filePath is missing", MaxFilePathBytes)
	}
	return u.Path, nil
}
