// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import (
	"bytes"
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// fixedKeys is a source whose keys change only by Refresh.
type fixedKeys struct {
	keys, next []*rsa.PublicKey
	err        error // of Refresh
	refreshed  int
}

func (f *fixedKeys) Keys() []*rsa.PublicKey { return f.keys }

func (f *fixedKeys) Refresh(context.Context) error {
	f.refreshed++
	if f.next != nil {
		f.keys, f.next, f.err = f.next, nil, nil
	}
	return f.err
}

func public(indexes ...int) []*rsa.PublicKey {
	var keys []*rsa.PublicKey
	for _, i := range indexes {
		keys = append(keys, &testKeys()[i].PublicKey)
	}
	return keys
}

func TestVerifySignatures(t *testing.T) {
	key := testKeys()[0]
	body := readFixture(t, "recording-stopped.txt")
	good := sign(t, key, body)
	raw, err := base64.StdEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	altered := bytes.Clone(body)
	altered[len(altered)/2] ^= 1
	strict := readFixture(t, "recording-stopped.json")
	var indented bytes.Buffer
	if err := json.Indent(&indented, strict, "", "  "); err != nil {
		t.Fatal(err)
	}
	// With URL-safe letters for certain: any signature but this one's alphabet
	// might lack them.
	urlSafe := strings.NewReplacer("+", "-", "/", "_").Replace(good)
	if urlSafe == good {
		urlSafe = "-_" + good[2:]
	}
	tests := map[string]struct {
		body      []byte
		signature string
		want      error
	}{
		"good":                         {body, good, nil},
		"good, strict JSON":            {strict, sign(t, key, strict), nil},
		"good, empty body":             {nil, sign(t, key, nil), nil},
		"good, not JSON":               {[]byte("\x00\xff"), sign(t, key, []byte("\x00\xff")), nil},
		"white space around":           {body, " \t" + good + "\r\n", nil},
		"missing":                      {body, "", ErrMissingSignature},
		"blank":                        {body, " \t", ErrMissingSignature},
		"not base64":                   {body, "not base64!", ErrMalformedSignature},
		"URL-safe base64":              {body, urlSafe, ErrMalformedSignature},
		"unpadded":                     {body, strings.TrimRight(good, "="), ErrMalformedSignature},
		"line break within":            {body, good[:64] + "\n" + good[64:], ErrMalformedSignature},
		"space within":                 {body, good[:64] + " " + good[64:], ErrMalformedSignature},
		"two signatures":               {body, good + "," + good, ErrMalformedSignature},
		"too long":                     {body, strings.Repeat("A", maxSignatureLength+4), ErrMalformedSignature},
		"truncated text":               {body, good[:len(good)-3], ErrMalformedSignature},
		"truncated bytes":              {body, base64.StdEncoding.EncodeToString(raw[:255]), ErrBadSignature},
		"one byte more":                {body, base64.StdEncoding.EncodeToString(append(bytes.Clone(raw), 0)), ErrBadSignature},
		"zeros":                        {body, base64.StdEncoding.EncodeToString(make([]byte, 256)), ErrBadSignature},
		"another key's":                {body, sign(t, testKeys()[1], body), ErrBadSignature},
		"another body's":               {body, sign(t, key, strict), ErrBadSignature},
		"body altered by a bit":        {altered, good, ErrBadSignature},
		"body with a newline more":     {append(bytes.Clone(body), '\n'), good, ErrBadSignature},
		"same JSON, other white space": {indented.Bytes(), sign(t, key, strict), ErrBadSignature},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			verifier := NewVerifier(&fixedKeys{keys: public(0)})
			if err := verifier.Verify(t.Context(), test.body, test.signature); !errors.Is(err, test.want) {
				t.Errorf("Verify = %v, want %v", err, test.want)
			}
		})
	}
}

// The signatures were made by openssl, see testdata/README.md.
func TestVerifyAgreesWithOpenSSL(t *testing.T) {
	keys, err := ParsePublicKeys(readFixture(t, "openssl/public.pem"))
	if err != nil {
		t.Fatal(err)
	}
	verifier := NewVerifier(StaticKeys(keys))
	for _, name := range []string{"recording-stopped.json", "recording-stopped.txt"} {
		signature := string(readFixture(t, "openssl/"+name+".sig"))
		if err := verifier.Verify(t.Context(), readFixture(t, name), signature); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		other := readFixture(t, "recording-failed.json")
		if err := verifier.Verify(t.Context(), other, signature); !errors.Is(err, ErrBadSignature) {
			t.Errorf("%s's signature on another body: %v", name, err)
		}
	}
}

// TestVerifyAsksItsSources: a signature is bad only if every source could say so.
func TestVerifyAsksItsSources(t *testing.T) {
	unreachable := errors.New("unreachable")
	body := []byte("{}")
	tests := map[string]struct {
		sources   []*fixedKeys
		signer    int
		want      error
		refreshed []int
	}{
		"no source":                      {nil, 0, ErrCannotVerify, nil},
		"first source":                   {[]*fixedKeys{{keys: public(0)}, {keys: public(1)}}, 0, nil, []int{0, 0}},
		"second source":                  {[]*fixedKeys{{keys: public(0)}, {keys: public(1)}}, 1, nil, []int{0, 0}},
		"second key":                     {[]*fixedKeys{{keys: public(0, 1)}}, 1, nil, []int{0}},
		"none":                           {[]*fixedKeys{{keys: public(0)}, {keys: public(1)}}, 2, ErrBadSignature, []int{1, 1}},
		"after a refresh":                {[]*fixedKeys{{keys: public(0)}, {keys: public(1), next: public(2, 1)}}, 2, nil, []int{1, 1}},
		"first key by a refresh":         {[]*fixedKeys{{err: unreachable, next: public(0)}}, 0, nil, []int{1}},
		"no key":                         {[]*fixedKeys{{err: unreachable}}, 0, ErrCannotVerify, []int{1}},
		"unreachable, signed by its key": {[]*fixedKeys{{keys: public(0), err: unreachable}}, 0, nil, []int{0}},
		"unreachable, signed by another": {[]*fixedKeys{{keys: public(0), err: unreachable}}, 1, ErrCannotVerify, []int{1}},
		"one unreachable, other good":    {[]*fixedKeys{{err: unreachable}, {keys: public(0)}}, 0, nil, []int{0, 0}},
		"one unreachable, other newer":   {[]*fixedKeys{{err: unreachable}, {keys: public(0), next: public(1)}}, 1, nil, []int{1, 1}},
		"one unreachable, other bad":     {[]*fixedKeys{{keys: public(0)}, {err: unreachable}}, 1, ErrCannotVerify, []int{1, 1}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var sources []KeySource
			for _, source := range test.sources {
				sources = append(sources, source)
			}
			err := NewVerifier(sources...).Verify(t.Context(), body, sign(t, testKeys()[test.signer], body))
			if !errors.Is(err, test.want) {
				t.Errorf("Verify = %v, want %v", err, test.want)
			}
			if errors.Is(err, ErrCannotVerify) && len(test.sources) > 0 && !errors.Is(err, unreachable) {
				t.Errorf("Verify = %v, want the source's reason in it", err)
			}
			for i, source := range test.sources {
				if source.refreshed != test.refreshed[i] {
					t.Errorf("source %d: refreshed %d times, want %d", i, source.refreshed, test.refreshed[i])
				}
			}
		})
	}
}

// A malformed signature is the sender's fault, whether or not there is a key.
func TestVerifyChecksTheHeaderWithoutAKey(t *testing.T) {
	verifier := NewVerifier()
	for signature, want := range map[string]error{"": ErrMissingSignature, "%": ErrMalformedSignature} {
		if err := verifier.Verify(t.Context(), nil, signature); !errors.Is(err, want) {
			t.Errorf("Verify(%q) = %v, want %v", signature, err, want)
		}
	}
}
