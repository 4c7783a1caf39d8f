// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package apicheck

import (
	"errors"
	"slices"
	"strings"
	"sync"
)

// Problems has the last result of checking each namespace: an error, or nil. It is safe for concurrent use, and the zero value is ready.
type Problems struct {
	mu          sync.Mutex
	byNamespace map[string]error
}

// Set stores a result, and returns the one before.
func (p *Problems) Set(namespace string, err error) (before error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byNamespace == nil {
		p.byNamespace = make(map[string]error)
	}
	before = p.byNamespace[namespace]
	p.byNamespace[namespace] = err
	return before
}

// Clear removes the error of a namespace whose object is gone: no later result would replace it.
func (p *Problems) Clear(namespace string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byNamespace[namespace] != nil {
		delete(p.byNamespace, namespace)
	}
}

// Get returns the result for a namespace; false if there is none.
func (p *Problems) Get(namespace string) (error, bool) { //nolint:revive // the error is the value
	p.mu.Lock()
	defer p.mu.Unlock()
	err, known := p.byNamespace[namespace]
	return err, known
}

// Failing returns the namespaces that have an error, sorted.
func (p *Problems) Failing() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var failing []string
	for namespace, err := range p.byNamespace {
		if err != nil {
			failing = append(failing, namespace)
		}
	}
	slices.Sort(failing)
	return failing
}

// Err returns the errors of all namespaces as one; nil if none has one.
func (p *Problems) Err() error {
	var texts []string
	for _, namespace := range p.Failing() {
		err, _ := p.Get(namespace)
		texts = append(texts, err.Error())
	}
	if len(texts) == 0 {
		return nil
	}
	return errors.New(strings.Join(texts, "; "))
}
