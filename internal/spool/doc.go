// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package spool is a durable queue of payloads in one directory. It knows neither what a payload is nor where it goes.
//
// It is a log: a series of files, the segments, to which records are appended. When [Store.Append] reports success, its records are on
// disk, together with everything appended before them. A record that is removed is dead weight until its segment is deleted; segments
// are deleted from the oldest on, and where a few records keep a segment alive they are copied to the end of the log.
//
// Each record has a checksum, and none depends on another: damage costs the records that it hits, and they are set aside in a file.
//
// Memory holds about 50 bytes for each waiting record. Payloads are read when they are needed.
package spool
