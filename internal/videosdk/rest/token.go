// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Credentials are an API key of the provider and its secret.
type Credentials struct{ Key, Secret string }

// String hides the secret from logs.
func (c Credentials) String() string { return "API key " + c.Key }

// GoString hides the secret from logs.
func (c Credentials) GoString() string { return c.String() }

const (
	// tokenLifetime is how long a token is valid, and tokenSlack how much of
	// that our clock and the provider's may differ by.
	tokenLifetime = time.Hour
	tokenSlack    = 10 * time.Minute
)

// tokens makes and keeps the token that requests carry.
type tokens struct {
	credentials func() (Credentials, error)
	now         func() time.Time

	mu     sync.Mutex
	made   Credentials
	signed string
	until  time.Time
}

// token returns a token that is still valid for a while, signed with the
// current secret.
func (t *tokens) token() (string, error) {
	current, err := t.credentials()
	if err != nil {
		return "", err
	}
	if current.Key == "" || current.Secret == "" {
		return "", errors.New("the API key or its secret is empty")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if current == t.made && now.Before(t.until) && t.until.Sub(now) < tokenLifetime {
		return t.signed, nil
	}
	signed, err := sign(current, now)
	if err != nil {
		return "", err
	}
	t.made, t.signed, t.until = current, signed, now.Add(tokenLifetime-2*tokenSlack)
	return signed, nil
}

// sign returns a token of a server, as the provider's SDK makes it. It is dated
// back, because a token from the future would be refused.
func sign(c Credentials, now time.Time) (string, error) {
	claims := jwt.MapClaims{
		"apikey":      c.Key,
		"permissions": []string{"allow_join", "allow_mod"},
		"version":     2,
		"roles":       []string{"crawler"},
		"iat":         now.Add(-tokenSlack).Unix(),
		"exp":         now.Add(tokenLifetime).Unix(),
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(c.Secret))
	if err != nil {
		return "", fmt.Errorf("sign a token with the API secret: %w", err)
	}
	return signed, nil
}

// conceal removes token and secret from a text, for a server that echoes them.
func (t *tokens) conceal(text string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, secret := range []string{t.signed, t.made.Secret} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "[secret]")
		}
	}
	return text
}
