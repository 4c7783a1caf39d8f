// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// DefaultPublicKeyURL is where the provider publishes the key with which it
// signs every customer's webhooks, as {"publicKey": "<PEM>"}.
const DefaultPublicKeyURL = "https://api.videosdk.live/v2/public/rsa-public-key"

const (
	// retryInterval is how long a failed fetch is not repeated, and the average
	// time between fetches that signatures cause, after fetchBurst of them.
	retryInterval = 5 * time.Second
	// fetchBurst is how many fetches signatures may cause at once, so that single
	// forged ones are told apart from those by a new key.
	fetchBurst = 6
	// renewInterval is how old the keys may get before use has them fetched in
	// the background: a replaced key must end, also when nothing is signed by
	// the new one.
	renewInterval = 10 * time.Minute
	// fetchTimeout bounds one fetch, redirects and all.
	fetchTimeout = 5 * time.Second
	// maxWaiting is how many signatures may wait for a fetch. Without it a flood
	// of forged ones would take all requests that may be in flight while the
	// URL is slow.
	maxWaiting = 32
	// reportInterval is the least time between two reports of one reason.
	reportInterval = time.Minute
)

// ErrRefreshLimited is an error of Refresh that unverified signatures cause by
// their number. It says nothing about the URL.
var ErrRefreshLimited = errors.New("too many signatures that no known key has made")

var (
	errFetchedJustNow = fmt.Errorf("%w: the public key is fetched again within %s", ErrRefreshLimited, retryInterval)
	errTooManyWaiting = fmt.Errorf("%w: %d wait for the public key", ErrRefreshLimited, maxWaiting)
)

// URLKeysOptions are the optional settings of URLKeys.
type URLKeysOptions struct {
	// Client makes the requests; a plain one if nil. Its CheckRedirect is
	// replaced.
	Client *http.Client
	// Now is the clock; time.Now if nil.
	Now func() time.Time
	// OnError is called for failed fetches: once for each new reason, and then
	// once a minute. It may be nil.
	OnError func(error)
	// AllowHTTP allows plain http to any host. Without it http is allowed to
	// loopback addresses only, because anyone who can change the response can sign.
	AllowHTTP bool
	// CacheFile, if not empty, is where the keys in use are kept for the next
	// start, in case the URL cannot be reached then. They are a fallback: the
	// URL is still fetched. Anyone who can write the file, or rename another
	// over it, can choose the keys: nobody else may write to its directory,
	// which must exist.
	CacheFile string
	// OnCacheError is called when CacheFile cannot be read or written; the keys
	// in use are not affected. It may be nil.
	OnCacheError func(error)
}

// URLKeys are the public keys that the provider serves. They are fetched when no
// key in use has made a signature, and in the background when they are old.
//
// A signature is refused only after a fetch that ended after it arrived. Forged
// signatures cannot use up the fetches: once they come too fast there is one
// fetch in 5 s, and Refresh answers the others that it does not know.
//
// A key that the provider has replaced stays valid for an hour.
type URLKeys struct {
	url     *url.URL
	client  *http.Client
	now     func() time.Time
	onError func(error)
	budget  *rate.Limiter
	cache   *keyCache // nil without a CacheFile

	mu        sync.Mutex
	held      []heldKey
	startedAt time.Time // of the last fetch
	lastErr   error     // of the last fetch that ended
	flight    *flight   // the fetch under way, or nil
	waiting   int       // signatures that wait for it
	reported  string    // the reason that onError got last, and when
	reportAt  time.Time

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
		budget:  rate.NewLimiter(rate.Every(retryInterval), fetchBurst),
	}
	if u.now == nil {
		u.now = time.Now
	}
	if options.CacheFile != "" {
		u.cache = newKeyCache(options.CacheFile, parsed, options.OnCacheError)
		u.held = u.cache.load(u.now())
	}
	return u, nil
}

// Prefetch fetches the keys at the start of a program. It fails if there is no
// key to verify with, not even in the CacheFile.
func (u *URLKeys) Prefetch(ctx context.Context) error {
	err := u.Refresh(ctx)
	if len(u.Keys()) > 0 {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.lastErr != nil {
		return u.lastErr // the same text for every attempt, for callers that log what is new
	}
	return err
}

// Keys returns the keys in use, possibly none. It has them fetched in the
// background when the last fetch is 10 minutes old.
func (u *URLKeys) Keys() []*rsa.PublicKey {
	u.mu.Lock()
	defer u.mu.Unlock()
	now := u.now()
	var keys []*rsa.PublicKey
	for _, k := range u.held {
		if !k.expired(now) {
			keys = append(keys, k.key)
		}
	}
	if age := now.Sub(u.startedAt); len(keys) > 0 && u.flight == nil && (age < 0 || age >= renewInterval) {
		u.start(context.Background(), now)
	}
	return keys
}

// Refresh fetches the keys, or waits for the fetch under way. It fails if the
// fetch does, if the last one failed less than 5 s ago, if signatures have
// caused too many, or when ctx is done.
func (u *URLKeys) Refresh(ctx context.Context) error {
	f, err := u.join(ctx)
	if err != nil {
		return err
	}
	defer u.leave()
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return fmt.Errorf("wait for the public key: %w", ctx.Err())
	}
}

// join returns the fetch under way, which it starts if that is due.
func (u *URLKeys) join(ctx context.Context) (*flight, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.waiting == maxWaiting {
		return nil, errTooManyWaiting
	}
	if u.flight == nil {
		now := u.now()
		switch age := now.Sub(u.startedAt); {
		case u.lastErr != nil && age >= 0 && age < retryInterval:
			return nil, fmt.Errorf("next attempt within %s: %w", retryInterval, u.lastErr)
		case !u.budget.AllowN(now, 1):
			return nil, errFetchedJustNow
		}
		u.start(ctx, now)
	}
	u.waiting++
	return u.flight, nil
}

func (u *URLKeys) leave() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.waiting--
}

// start begins a fetch. It is called with mu held.
func (u *URLKeys) start(ctx context.Context, now time.Time) {
	u.startedAt = now
	u.flight = &flight{done: make(chan struct{})}
	// It serves every caller, so it outlives the one that started it.
	f, detached := u.flight, context.WithoutCancel(ctx)
	u.fetches.Go(func() { u.run(detached, f) })
}

// run fetches once, keeps what came, and wakes those who wait.
func (u *URLKeys) run(ctx context.Context, f *flight) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	keys, err := fetchKeys(ctx, u.client, u.url)
	u.mu.Lock()
	if err == nil {
		u.held = merge(u.held, keys, u.now())
	}
	u.lastErr, f.err = err, err
	u.flight = nil
	report := u.reportDue(err)
	close(f.done)
	u.mu.Unlock()
	if report && u.onError != nil {
		u.onError(err)
	}
	if err == nil {
		u.cache.save(u.all)
	}
}

// reportDue reports whether a failure is news. It is called with mu held.
func (u *URLKeys) reportDue(err error) bool {
	if err == nil {
		u.reported = ""
		return false
	}
	now := u.now()
	if age := now.Sub(u.reportAt); err.Error() == u.reported && age >= 0 && age < reportInterval {
		return false
	}
	u.reported, u.reportAt = err.Error(), now
	return true
}

// all returns the keys to keep for the next start.
func (u *URLKeys) all() []heldKey {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.held
}
