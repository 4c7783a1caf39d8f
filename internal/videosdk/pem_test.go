// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"math/big"
	"strings"
	"testing"
	"time"
)

func TestParsePEM(t *testing.T) {
	first, second := testKeys()[0], testKeys()[1]
	firstPEM, secondPEM := pemOf(t, first), pemOf(t, second)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Unix(0, 0)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &second.PublicKey, second)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		content string
		want    []*rsa.PrivateKey
	}{
		"PKIX":                  {firstPEM, []*rsa.PrivateKey{first}},
		"PKCS 1":                {encodePEM("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&first.PublicKey)), []*rsa.PrivateKey{first}},
		"expired certificate":   {encodePEM("CERTIFICATE", certificate), []*rsa.PrivateKey{second}},
		"several":               {firstPEM + secondPEM, []*rsa.PrivateKey{first, second}},
		"text around":           {"# current\n" + firstPEM + "\n# next\n" + secondPEM + "\nend\n", []*rsa.PrivateKey{first, second}},
		"CRLF":                  {strings.ReplaceAll(firstPEM, "\n", "\r\n"), []*rsa.PrivateKey{first}},
		"no newline at the end": {strings.TrimSpace(firstPEM), []*rsa.PrivateKey{first}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			keys, err := ParsePublicKeys([]byte(test.content))
			if err != nil {
				t.Fatal(err)
			}
			if len(keys) != len(test.want) {
				t.Fatalf("%d keys, want %d", len(keys), len(test.want))
			}
			for i, key := range keys {
				if !key.Equal(&test.want[i].PublicKey) {
					t.Errorf("key %d is another", i)
				}
			}
		})
	}
}

func TestParsePEMRefuses(t *testing.T) {
	good := pemOf(t, testKeys()[0])
	pkix := func(key any) string {
		der, err := x509.MarshalPKIXPublicKey(key)
		if err != nil {
			t.Fatal(err)
		}
		return encodePEM("PUBLIC KEY", der)
	}
	modulus := func(bits uint, exponent int) string {
		n := new(big.Int).Lsh(big.NewInt(1), bits-1)
		return pkix(&rsa.PublicKey{N: n.Add(n, big.NewInt(1)), E: exponent})
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(testKeys()[0])
	if err != nil {
		t.Fatal(err)
	}
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const private = "is a private key; only public keys belong here, so remove it"
	tests := map[string]struct{ content, want string }{
		"empty":                {"", "no PEM block found; expected -----BEGIN PUBLIC KEY-----"},
		"not PEM":              {"ssh-rsa AAAA", "no PEM block found"},
		"private key":          {encodePEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(testKeys()[0])), "PEM block 1: " + private},
		"private key, PKCS 8":  {good + encodePEM("PRIVATE KEY", pkcs8), "PEM block 2: " + private},
		"encrypted key":        {encodePEM("ENCRYPTED PRIVATE KEY", []byte("x")), private},
		"another type":         {encodePEM("CERTIFICATE REQUEST", []byte("x")), `has type "CERTIFICATE REQUEST", expected PUBLIC KEY`},
		"not DER":              {encodePEM("PUBLIC KEY", []byte("x")), "PEM block 1: PUBLIC KEY: "},
		"not a certificate":    {encodePEM("CERTIFICATE", []byte("x")), "PEM block 1: CERTIFICATE: "},
		"cut short":            {good[:len(good)/2], "1 of 1 PEM blocks are incomplete or damaged"},
		"second cut short":     {good + good[:len(good)/2], "1 of 2 PEM blocks are incomplete or damaged"},
		"first damaged":        {strings.Replace(good, "\nMII", "\n!!!", 1) + good, "1 of 2 PEM blocks are incomplete or damaged"},
		"elliptic curve":       {pkix(&elliptical.PublicKey), "expected RSA"},
		"too short":            {modulus(2047, 65537), "is an RSA key of 2047 bits, at least 2048 are needed"},
		"too long":             {modulus(8193, 65537), "is an RSA key of 8193 bits, at most 8192 are accepted"},
		"exponent of one":      {modulus(2048, 1), "is an RSA key with the unsafe exponent 1"},
		"even exponent":        {modulus(2048, 4), "is an RSA key with the unsafe exponent 4"},
		"good one, then short": {good + modulus(1024, 3), "PEM block 2: is an RSA key of 1024 bits"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			keys, err := ParsePublicKeys([]byte(test.content))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error = %v, want %q in it", err, test.want)
			}
			if keys != nil {
				t.Errorf("%d keys beside the error", len(keys))
			}
		})
	}
}
