// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package shard spreads sessions over shards, which are named clusters, by rendezvous hashing: a session belongs to the shard whose name has
// the greatest SHA-256 together with the session's id. So the names alone determine the shard, in any order. An added shard takes its share
// from all others, and the sessions of a removed one go to all others; no other session moves.
package shard

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// Check returns what is wrong with the names of shards. They are used as labels of metrics and as names of folders.
func Check(names []string) error {
	for i, name := range names {
		if problems := validation.IsDNS1123Label(name); len(problems) > 0 {
			return fmt.Errorf("invalid shard name %q: %s", name, strings.Join(problems, "; "))
		}
		if slices.Contains(names[:i], name) {
			return fmt.Errorf("shard %s is set twice", name)
		}
	}
	if len(names) == 0 {
		return errors.New("no shard is set")
	}
	return nil
}

// Of returns the name of the shard that a session belongs to. There must be a name.
//
// The hash is the contract of all programs that write to the same shards, and of scripts that look for a session: it must not change.
func Of(names []string, sessionID string) string {
	if len(names) == 1 {
		return names[0]
	}
	var shard string
	var greatest [sha256.Size]byte
	for _, name := range names {
		if sum := sha256.Sum256([]byte(name + "/" + sessionID)); bytes.Compare(sum[:], greatest[:]) > 0 {
			shard, greatest = name, sum
		}
	}
	return shard
}
