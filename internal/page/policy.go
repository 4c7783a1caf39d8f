// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// mediaSource is what Content-Security-Policy calls a host-source, without a path: https://*.example.com:8443.
var mediaSource = regexp.MustCompile(`^https?://(\*\.)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]{1,5})?$`)

// mediaSources returns the hosts as sources of a Content-Security-Policy, each with a scheme. The error names the host that is none.
func mediaSources(hosts []string) ([]string, error) {
	sources := make([]string, 0, len(hosts))
	for _, host := range hosts {
		source := strings.ToLower(host)
		if !strings.Contains(source, "://") {
			source = "https://" + source
		}
		if !mediaSource.MatchString(source) {
			return nil, fmt.Errorf("media host %q: want a host such as media.example.com, *.example.com or http://localhost:9000, without a path", host)
		}
		sources = append(sources, source)
	}
	return sources, nil
}

func checkLogsURL(template string) error {
	if template == "" {
		return nil
	}
	parsed, err := url.Parse(strings.NewReplacer("{namespace}", "namespace", "{job}", "job").Replace(template))
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return fmt.Errorf("logs URL %q: want an http or https URL, such as https://logs.example.com/{namespace}/{job}", template)
	}
	if !strings.Contains(template, "{job}") {
		return fmt.Errorf("logs URL %q: {job} is missing, without which every link is the same", template)
	}
	return nil
}

// contentSecurityPolicy lets the page load its own files, talk to its own server, and show media and read captions of the sources.
// Nothing inline runs, and no text can become a script.
func contentSecurityPolicy(sources []string) string {
	own := strings.Join(append([]string{"'self'"}, sources...), " ")
	media := "'none'"
	if len(sources) > 0 {
		media = strings.Join(sources, " ")
	}
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self'",
		"style-src 'self'",
		"connect-src " + own,
		"img-src " + own,
		"media-src " + media,
		"frame-ancestors 'none'",
		"base-uri 'none'",
		"form-action 'self'",
		"require-trusted-types-for 'script'",
		"trusted-types 'none'",
	}, "; ")
}

func setSecurityHeaders(header http.Header, policy string) {
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
}
