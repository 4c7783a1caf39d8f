// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import (
	"crypto/rsa"
	"slices"
)

// keyRing is the key that the provider served last, beside a former one until
// the last has verified something. (Each is a set, mostly of one key.)
type keyRing struct {
	current, former []*rsa.PublicKey
	proven          []*rsa.PublicKey // which of the two verified something last
	keys            []*rsa.PublicKey // current and former; nil if there is none
}

// offer makes served the current keys. What stays beside them is what has
// proven itself, or lacking that what was current before: two changes in a row
// do not push out the only key that is known to work.
func (r *keyRing) offer(served []*rsa.PublicKey) {
	switch {
	case sameKeys(served, r.current):
		return
	case sameKeys(served, r.former):
		r.current, r.former = r.former, r.current
	case r.former != nil && sameKeys(r.proven, r.former):
		r.current = served
	default:
		r.current, r.former = served, r.current
	}
	r.keys = slices.Clone(r.current)
	for _, key := range r.former {
		if !slices.ContainsFunc(r.current, func(k *rsa.PublicKey) bool { return k.Equal(key) }) {
			r.keys = append(r.keys, key)
		}
	}
}

// verified tells that key has verified something. The former keys go once a
// current one has.
func (r *keyRing) verified(key *rsa.PublicKey) {
	switch {
	case slices.Contains(r.current, key):
		r.proven, r.former, r.keys = r.current, nil, r.current
	case slices.Contains(r.former, key):
		r.proven = r.former
	}
}

func sameKeys(a, b []*rsa.PublicKey) bool {
	return slices.EqualFunc(a, b, func(x, y *rsa.PublicKey) bool { return x.Equal(y) })
}
