// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import (
	"crypto/rsa"
	"slices"
	"time"
)

const (
	// keyRetention is how long a key stays valid after the provider has stopped
	// to return it: its servers need not change keys all at once, and a wrong
	// answer of the URL must not lock the provider out.
	keyRetention = time.Hour
	// maxKeys bounds what one forged signature costs, whatever the URL returns.
	maxKeys = 8
)

// heldKey is a key that the provider has returned.
type heldKey struct {
	key *rsa.PublicKey
	// absentSince is when an answer first lacked the key; zero while the provider
	// returns it.
	absentSince time.Time
}

// expired reports whether the provider has not returned the key for too long.
func (k heldKey) expired(now time.Time) bool {
	return !k.absentSince.IsZero() && now.Sub(k.absentSince) >= keyRetention
}

// merge returns what to hold after an answer: its keys first, then those that it
// lacks and that are still valid. A key keeps its pointer.
func merge(held []heldKey, returned []*rsa.PublicKey, now time.Time) []heldKey {
	var present, absent []heldKey
	for _, key := range returned {
		if at := slices.IndexFunc(held, func(k heldKey) bool { return k.key.Equal(key) }); at >= 0 {
			key = held[at].key
		}
		present = append(present, heldKey{key: key})
	}
	for _, k := range held {
		if slices.ContainsFunc(present, func(p heldKey) bool { return p.key == k.key }) {
			continue
		}
		if k.absentSince.IsZero() {
			k.absentSince = now
		}
		if !k.expired(now) {
			absent = append(absent, k)
		}
	}
	slices.SortStableFunc(absent, func(a, b heldKey) int { return b.absentSince.Compare(a.absentSince) })
	merged := slices.Concat(present, absent)
	return merged[:min(len(merged), maxKeys)]
}

func sameKeys(a, b []heldKey) bool {
	return slices.EqualFunc(a, b, func(x, y heldKey) bool {
		return x.key.Equal(y.key) && x.absentSince.Equal(y.absentSince)
	})
}
