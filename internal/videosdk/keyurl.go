// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import (
	"context"
	"crypto/rsa"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// DefaultPublicKeyURL is where the provider publishes the key with which it
// signs every customer's webhooks, as {"publicKey": "<PEM>"}.
const DefaultPublicKeyURL = "https://api.videosdk.live/v2/public/rsa-public-key"

const (
	// refreshInterval is the least time between two fetches once there is a
	// key, so that forged signatures cannot make us flood the provider.
	refreshInterval = time.Minute
	// retryInterval is the same while there is none, and webhooks are refused.
	retryInterval = 5 * time.Second
	// fetchTimeout bounds one fetch, redirects and all.
	fetchTimeout = 5 * time.Second
	// maxRefreshers is how many signatures that did not verify may wait for a
	// fetch at a time. The others are judged by the keys there are, so that a
	// flood of forged ones does not hold a place each while the URL is slow.
	maxRefreshers = 32
)

// URLKeysOptions are what URLKeys can do without.
type URLKeysOptions struct {
	// Client fetches the key; a client of the default transport if nil. Its
	// CheckRedirect is replaced.
	Client *http.Client
	// Now tells the time; time.Now if nil.
	Now func() time.Time
	// OnError is told of each fetch that failed, at most once in 5 s. The keys
	// fetched last stay in force. It may be nil.
	OnError func(error)
	// AllowHTTP allows plain http to any host. Without it http is allowed to
	// loopback addresses only, because who can change the answer can sign.
	AllowHTTP bool
	// CacheFile, if not empty, is where the keys in force are kept for the next
	// start, in case that the URL cannot be reached then. They are a fallback:
	// the URL is asked all the same. Who can write the file, or rename another
	// over it, can choose the keys: nobody else may write to its directory,
	// which must exist.
	CacheFile string
	// OnCacheError is told when CacheFile cannot be used, or not be written;
	// the keys in force are not affected. It may be nil.
	OnCacheError func(error)
}

// URLKeys is the public key that the provider serves. It is fetched on first
// use, or earlier by Prefetch, and again when a signature does not verify, at
// most once a minute, or once in 5 s while there is none. Callers that need
// the key at the same time share one fetch; those that come within the minute
// do not wait. The time counts from the start of a fetch, successful or not.
//
// When the provider changes its key, the former one stays in force until the
// new one has verified a signature, so that a wrong answer from the URL cannot
// lock the provider out. The same goes for keys of a CacheFile.
type URLKeys struct {
	url     *url.URL
	client  *http.Client
	now     func() time.Time
	onError func(error)

	mu         sync.Mutex
	ring       keyRing
	attempted  bool // whether any fetch was started
	startedAt  time.Time
	lastErr    error   // of the last fetch that ended
	flight     *flight // the fetch under way, or nil
	refreshers int     // that wait for it

	cache *keyCache // nil without a CacheFile
	// fetches are under way, or their keys are being written to the cache.
	fetches sync.WaitGroup
}

// flight is a fetch under way. err may be read once done is closed.
type flight struct {
	done chan struct{}
	err  error
}

var _ KeySource = (*URLKeys)(nil)

// NewURLKeys returns a source that has not fetched anything yet. It fails
// unless address is an absolute https URL without user information, or an http
// one where that is allowed; see URLKeysOptions.
func NewURLKeys(address string, options URLKeysOptions) (*URLKeys, error) {
	parsed, err := parseKeyURL(address, options.AllowHTTP)
	if err != nil {
		return nil, err
	}
	u := &URLKeys{
		url:     parsed,
		client:  keyClient(options.Client, options.AllowHTTP),
		now:     options.Now,
		onError: options.OnError,
	}
	if u.now == nil {
		u.now = time.Now
	}
	if options.CacheFile != "" {
		u.cache = newKeyCache(options.CacheFile, parsed, options.OnCacheError)
		if kept := u.cache.load(); kept != nil {
			u.ring.offer(kept)
		}
	}
	return u, nil
}

// Prefetch fetches the key unless that was tried before, and returns why there
// is none, also none of a CacheFile. It is for the start of a program, which
// may well go on after an error: the next Keys tries again.
func (u *URLKeys) Prefetch(ctx context.Context) error {
	if !u.asked() {
		if err := u.fetchIfDue(ctx); err != nil && u.known() == nil {
			return err
		}
	}
	_, err := u.Keys(ctx)
	return err
}

func (u *URLKeys) asked() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.attempted
}

// Keys returns the provider's current key, and its former one while the
// current is unproven. It waits for a fetch only when there is no key at all,
// and then fails if the fetch does, if the last one failed less than 5 s ago,
// or when ctx is done.
func (u *URLKeys) Keys(ctx context.Context) ([]*rsa.PublicKey, error) {
	if keys := u.known(); keys != nil {
		return keys, nil
	}
	if err := u.fetchIfDue(ctx); err != nil {
		return nil, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ring.keys == nil {
		return nil, fmt.Errorf("next attempt within %s: %w", retryInterval, u.lastErr)
	}
	return u.ring.keys, nil
}

// Refresh fetches the key if the last fetch is a minute old, joins a fetch
// under way, and otherwise returns at once. It waits until ctx is done at most,
// and not at all when 32 others do.
func (u *URLKeys) Refresh(ctx context.Context) {
	if !u.mayRefresh() {
		return
	}
	defer u.refreshed()
	// A failure was reported by run, and the keys stay as they were.
	_ = u.fetchIfDue(ctx)
}

func (u *URLKeys) mayRefresh() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.refreshers == maxRefreshers {
		return false
	}
	u.refreshers++
	return true
}

func (u *URLKeys) refreshed() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.refreshers--
}

// Verified retires the provider's former key if key is its current one.
func (u *URLKeys) Verified(key *rsa.PublicKey) {
	u.mu.Lock()
	before := len(u.ring.keys)
	u.ring.verified(key)
	retired := len(u.ring.keys) != before
	u.mu.Unlock()
	if retired {
		u.cache.save(u.known)
	}
}

func (u *URLKeys) known() []*rsa.PublicKey {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.ring.keys
}

// fetchIfDue starts a fetch if one is due, waits for the one under way, if
// any, and returns its error.
func (u *URLKeys) fetchIfDue(ctx context.Context) error {
	u.mu.Lock()
	if u.flight == nil && u.due() {
		u.attempted, u.startedAt = true, u.now()
		u.flight = &flight{done: make(chan struct{})}
		// It serves every caller, so it outlives the one that started it.
		flight, detached := u.flight, context.WithoutCancel(ctx)
		u.fetches.Go(func() { u.run(detached, flight) })
	}
	under := u.flight
	u.mu.Unlock()
	if under == nil {
		return nil
	}
	select {
	case <-under.done:
		return under.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (u *URLKeys) due() bool {
	interval := refreshInterval
	if u.ring.keys == nil {
		interval = retryInterval
	}
	return !u.attempted || u.now().Sub(u.startedAt) >= interval
}

// run fetches once, keeps what came, and wakes those who wait.
func (u *URLKeys) run(ctx context.Context, f *flight) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	keys, err := fetchKeys(ctx, u.client, u.url)
	if err != nil && u.onError != nil {
		u.onError(err)
	}
	u.mu.Lock()
	if err == nil {
		u.ring.offer(keys)
	}
	u.lastErr, f.err = err, err
	u.flight = nil
	close(f.done)
	u.mu.Unlock()
	if err == nil {
		u.cache.save(u.known)
	}
}
