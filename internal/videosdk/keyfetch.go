// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// maxRedirects is how many redirects of the key's URL are followed.
const maxRedirects = 3

func parseKeyURL(address string, allowHTTP bool) (*url.URL, error) {
	parsed, err := url.Parse(address)
	switch {
	case err != nil || parsed.Hostname() == "":
		return nil, errors.New("public key URL: must be an absolute https URL, such as " + DefaultPublicKeyURL)
	case parsed.User != nil:
		return nil, errors.New("public key URL: must not have a user name or password in it")
	}
	if err := checkScheme(parsed, allowHTTP); err != nil {
		return nil, fmt.Errorf("public key URL: %w", err)
	}
	return parsed, nil
}

func checkScheme(u *url.URL, allowHTTP bool) error {
	switch {
	case u.Scheme == "https", u.Scheme == "http" && (allowHTTP || isLoopback(u.Hostname())):
		return nil
	case u.Scheme == "http":
		return fmt.Errorf("plain http to %s would let anyone on the path replace the key; use https", u.Hostname())
	}
	return fmt.Errorf("scheme %q is not supported; use https", u.Scheme)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || (ip != nil && ip.IsLoopback())
}

// keyClient returns a copy of client, or of the default one, that follows few
// redirects, and none to a less safe scheme.
func keyClient(client *http.Client, allowHTTP bool) *http.Client {
	var own http.Client
	if client != nil {
		own = *client
	}
	own.CheckRedirect = func(request *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects {
			return fmt.Errorf("more than %d redirects", maxRedirects)
		}
		if via[len(via)-1].URL.Scheme == "https" && request.URL.Scheme != "https" {
			return errors.New("redirected from https to http")
		}
		return checkScheme(request.URL, allowHTTP)
	}
	return &own
}

// fetchKeys gets the key once. Its error names the URL without its query.
func fetchKeys(ctx context.Context, client *http.Client, u *url.URL) ([]*rsa.PublicKey, error) {
	content, err := get(ctx, client, u)
	if err == nil {
		var keys []*rsa.PublicKey
		if keys, err = decodeKeys(content); err == nil {
			return keys, nil
		}
	}
	return nil, fmt.Errorf("fetch the public key from %s://%s%s: %w", u.Scheme, u.Host, u.EscapedPath(), err)
}

func get(ctx context.Context, client *http.Client, u *url.URL) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	response, err := client.Do(request)
	if err != nil {
		// The client's own error repeats the whole URL, query included.
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answered %d, expected 200", response.StatusCode)
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, maxKeyBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if len(content) > maxKeyBytes {
		return nil, fmt.Errorf("the answer is larger than %d bytes", maxKeyBytes)
	}
	return content, nil
}

// decodeKeys reads {"publicKey": "<PEM>"}.
func decodeKeys(content []byte) ([]*rsa.PublicKey, error) {
	var answer struct {
		PublicKey string `json:"publicKey"`
	}
	if err := json.Unmarshal(content, &answer); err != nil {
		return nil, fmt.Errorf(`the answer is not {"publicKey": "..."}: %w`, err)
	}
	if answer.PublicKey == "" {
		return nil, errors.New(`the answer has no "publicKey"`)
	}
	keys, err := ParsePublicKeys([]byte(answer.PublicKey))
	if err != nil {
		return nil, fmt.Errorf(`the answer's "publicKey": %w`, err)
	}
	return keys, nil
}
