// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package shard spreads sessions over shards, which are clusters with a name each, by rendezvous hashing: a session belongs to the shard
// whose name and the session's id together have the greatest SHA-256. So whoever knows the names knows the shard, in any order of the names
// and without asking anybody. A shard that is added takes its share from all others, and the sessions of one that is removed go to all
// others; no other session moves.
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

// Check returns what is wrong with the names of shards: they are labels of metrics, and names of folders.
func Check(names []string) error {
	for i, name := range names {
		if problems := validation.IsDNS1123Label(name); len(problems) > 0 {
			return fmt.Errorf("%q is not the name of a shard: %s", name, strings.Join(problems, "; "))
		}
		if slices.Contains(names[:i], name) {
			return fmt.Errorf("shard %s is given twice", name)
		}
	}
	if len(names) == 0 {
		return errors.New("no shard is given")
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
