// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"net"
	"net/http"
	"net/url"
	"sync"
)

// proxies caches the addresses of the chosen proxies. The user named them, so they may be private; all other addresses are checked.
type proxies struct {
	pick  func(*url.URL) (*url.URL, error)
	mu    sync.Mutex
	known map[string]bool // by host:port, as the transport dials it
}

func newProxies(pick func(*url.URL) (*url.URL, error)) *proxies {
	return &proxies{pick: pick, known: map[string]bool{}}
}

// choose is a transport's Proxy.
func (p *proxies) choose(req *http.Request) (*url.URL, error) {
	proxy, err := p.pick(req.URL)
	if err != nil || proxy == nil {
		return nil, err
	}
	port := proxy.Port()
	if port == "" {
		port = map[string]string{"https": "443", "socks5": "1080", "socks5h": "1080"}[proxy.Scheme]
	}
	if port == "" {
		port = "80"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known[net.JoinHostPort(proxy.Hostname(), port)] = true
	return proxy, nil
}

func (p *proxies) has(address string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.known[address]
}
