// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"net/http"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

// NewRESTMapper returns the manager's mapper, which looks each kind up once. controller-runtime's own goes through all groups again in every
// read of a cache of some namespaces, though its kinds stay what they are.
func NewRESTMapper(config *rest.Config, client *http.Client) (meta.RESTMapper, error) {
	mapper, err := apiutil.NewDynamicRESTMapper(config, client)
	if err != nil {
		return nil, err
	}
	return &rememberingMapper{RESTMapper: mapper, mappings: make(map[schema.GroupVersionKind]*meta.RESTMapping)}, nil
}

// rememberingMapper asks for the mapping of a version of a kind until there is one.
type rememberingMapper struct {
	meta.RESTMapper
	mu       sync.RWMutex
	mappings map[schema.GroupVersionKind]*meta.RESTMapping
}

// RESTMapping implements meta.RESTMapper. A mapping is shared: it is not to be modified.
func (m *rememberingMapper) RESTMapping(kind schema.GroupKind, versions ...string) (*meta.RESTMapping, error) {
	if len(versions) != 1 {
		return m.RESTMapper.RESTMapping(kind, versions...)
	}
	key := kind.WithVersion(versions[0])
	m.mu.RLock()
	known := m.mappings[key]
	m.mu.RUnlock()
	if known != nil {
		return known, nil
	}
	mapping, err := m.RESTMapper.RESTMapping(kind, versions...)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mappings[key] = mapping
	return mapping, nil
}
