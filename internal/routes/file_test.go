// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package routes

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func hashOfToken(token string) secretHash { return sha256.Sum256([]byte(token)) }

func hexOf(token string) string {
	hash := hashOfToken(token)
	return hex.EncodeToString(hash[:])
}

func TestParseRoutes(t *testing.T) {
	got, err := parseRoutes([]byte(`# of all teams
routes:
- namespace: team-a
  endpointToken: ` + goodToken + `
  clientToken: "client-of-team-a"
- namespace: team-a # the new token, while they are exchanged
  endpointTokenSHA256: ` + strings.ToUpper(hexOf("the-next-one-of-a")) + `
- {namespace: "123", endpointToken: 9182736450918273}
- namespace: team-c
  clientTokenSHA256: ` + hexOf("client-of-team-c") + `
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []route{
		{"team-a", hashOfToken(goodToken), hashOfToken("client-of-team-a")},
		{"team-a", hashOfToken("the-next-one-of-a"), secretHash{}},
		{"123", hashOfToken("9182736450918273"), secretHash{}},
		{"team-c", secretHash{}, hashOfToken("client-of-team-c")},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(route{})); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
}

// TestParseBadRoutes: each error says where and what to fix, and holds no secret.
func TestParseBadRoutes(t *testing.T) {
	const secret = "s3cr3t-of-the-routes-7"
	for _, tc := range []struct{ name, content, want string }{
		{"empty", "", "has no routes; it must hold one or more"},
		{"only a comment", "# nothing\n", "has no routes"},
		{"null", "null", "has no routes"},
		{"a list", "- namespace: a\n", "line 1: not valid: the file must be YAML with the field routes"},
		{"no routes", "routes: []", "has no routes"},
		{"other fields", "routs:\n- namespace: a\n", "line 1: not valid"},
		{"routes twice", "routes: []\nroutes: []", "line 2: not valid"},
		{"two documents", "routes:\n- {namespace: a, clientToken: " + secret + "}\n---\nroutes: []\n", "more than one YAML document"},
		{"no YAML", "routes:\n- namespace: a\n  endpointToken: [" + secret + "\n", "not valid"},
		{"an alias to nothing", "routes:\n- namespace: a\n  endpointToken: *" + secret + "\n", "not valid"},
		{"an alias", "routes:\n- namespace: &a a\n  endpointToken: *a\n", "must have 16 to 256"},
		{"a text as route", "routes:\n- " + secret, "line 2: not valid"},
		{"an unknown field", "routes:\n- namespace: a\n  endpointTokens: " + secret, "line 3: not valid"},
		{"a secret as field", "routes:\n- namespace: a\n  " + secret + ": true", "line 3: not valid"},
		{"a field twice", "routes:\n- namespace: a\n  clientToken: " + secret + "\n  clientToken: " + secret + "2", "line 4: not valid"},
		{"no namespace", "routes:\n- endpointToken: " + secret, "routes[0].namespace is missing"},
		{"a namespace that is none", "routes:\n- namespace: Team_A\n  endpointToken: " + secret, "line 2: routes[0].namespace is not a namespace: "},
		{"an empty namespace", "routes:\n- namespace:\n  endpointToken: " + secret, "routes[0].namespace is missing"},
		{"no secret", "routes:\n- namespace: a\n", "line 2: routes[0] has no secret; it needs one of endpointToken, endpointTokenSHA256, clientToken, clientTokenSHA256"},
		{"a short secret", "routes:\n- namespace: a\n  endpointToken: short-s3cr3t\n", "line 3: routes[0].endpointToken must have 16 to 256"},
		{"a list as secret", "routes:\n- namespace: a\n  endpointToken: [" + secret + "]\n", "line 3: not valid"},
		{"no digits", "routes:\n- namespace: a\n  endpointTokenSHA256: " + secret + "\n", "line 3: routes[0].endpointTokenSHA256 must have 64 hexadecimal digits"},
		{"both", "routes:\n- namespace: a\n  clientToken: " + secret + "\n  clientTokenSHA256: " + hexOf(secret), "line 3: routes[0].clientToken contradicts routes[0].clientTokenSHA256"},
		{"a secret twice", "routes:\n- {namespace: a, endpointToken: " + secret + "}\n- {namespace: b, endpointToken: " + secret + "}", "line 3: routes[1].endpointToken is the same secret as routes[0].endpointToken"},
		{"a secret for both", "routes:\n- {namespace: a, endpointToken: " + secret + ", clientTokenSHA256: " + hexOf(secret) + "}", "line 2: routes[0].clientTokenSHA256 is the same secret as routes[0].endpointToken"},
		{"too many", "routes: [" + strings.Repeat("{}, ", maxRoutes+1) + "]", "routes has 1001 entries; at most 1000 are served"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := parseRoutes([]byte(tc.content))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error %v, want %s", err, tc.want)
			}
			if strings.Contains(err.Error(), "s3cr3t") || strings.Contains(err.Error(), hexOf(secret)) {
				t.Errorf("the error has the secret: %v", err)
			}
		})
	}
}

// FuzzParseRoutes: no file breaks the parser or gets its secrets into an error, and what it takes leads somewhere.
func FuzzParseRoutes(f *testing.F) {
	const secret = "s3cr3ts3cr3ts3cr3t"
	for _, seed := range []string{
		"routes:\n- namespace: a\n  endpointToken: %s\n", "routes: [{namespace: a, clientToken: '%s'}]", "%s", "routes: *%s", "routes: &%s []",
		"!%s routes: []", "? %s\n: - x", "routes:\n\t- %s", "routes: {<<: *%s}", "\"%s\\q\"", "%%%s",
	} {
		f.Add(fmt.Sprintf(seed, secret))
	}
	f.Fuzz(func(t *testing.T, content string) {
		routes, err := parseRoutes([]byte(content))
		if err != nil {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error has the secret: %v", err)
			}
			return
		}
		for _, r := range routes {
			if r.namespace == "" || (r.endpoint == secretHash{} && r.client == secretHash{}) {
				t.Errorf("route %+v", r)
			}
		}
	})
}
