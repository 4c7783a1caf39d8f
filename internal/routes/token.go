// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package routes

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"strings"
)

const (
	minTokenLength = 16
	maxTokenLength = 256
	// minDistinct is how many different characters a token has at least. One of 16 random hexadecimal digits has fewer once in 10,000
	// times.
	minDistinct = 6
	tokenHint   = "make one with: openssl rand -hex 24"
)

var tokenShape = regexp.MustCompile(fmt.Sprintf(`^[A-Za-z0-9_~.-]{%d,%d}$`, minTokenLength, maxTokenLength))

// commonParts are words that people type in place of a secret.
var commonParts = []string{"password", "passw0rd", "changeme", "change-me", "change_me", "qwerty", "asdfgh", "letmein", "iloveyou", "placeholder", "replaceme", "replace-me"}

// hashOf returns a token's hash, or what is wrong with the token.
func hashOf(token string) (hash secretHash, problem string) {
	if !tokenShape.MatchString(token) {
		return hash, fmt.Sprintf("must have %d to %d letters, digits, or any of -_.~; %s", minTokenLength, maxTokenLength, tokenHint)
	}
	if why := weakness(token); why != "" {
		return hash, fmt.Sprintf("is easy to guess, because %s; %s", why, tokenHint)
	}
	return sha256.Sum256([]byte(token)), ""
}

// weakness returns why a token could be guessed, or nothing. It finds what people type, not everything that a program could generate.
func weakness(token string) string {
	distinct := map[rune]bool{}
	for _, r := range token {
		distinct[r] = true
	}
	lower := strings.ToLower(token)
	switch {
	case len(distinct) < minDistinct:
		return fmt.Sprintf("it has fewer than %d different characters", minDistinct)
	case repeats(lower):
		return "it repeats a short text"
	case sequential(lower):
		return "most of its characters follow each other in the alphabet"
	}
	for _, part := range commonParts {
		if strings.Contains(lower, part) {
			return "it contains a common word"
		}
	}
	return ""
}

// repeats reports whether the token is a text that is too short, twice or more, perhaps with a part of it at the end.
func repeats(token string) bool {
	for length := 1; length < minTokenLength && 2*length <= len(token); length++ {
		if strings.HasPrefix(token, token[length:]) {
			return true
		}
	}
	return false
}

// sequential reports whether most characters are the one before plus or minus one, as in abcdef or 987654.
func sequential(token string) bool {
	steps := 0
	for i := 1; i < len(token); i++ {
		if d := int(token[i]) - int(token[i-1]); d == 1 || d == -1 {
			steps++
		}
	}
	return 4*steps > 3*len(token)
}
