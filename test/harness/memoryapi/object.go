// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package memoryapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
)

// text returns a string within an object; empty if it is not there.
func text(object Object, path ...string) string {
	value, _ := at(object, path...).(string)
	return value
}

// list returns a list within an object.
func list(object Object, path ...string) []any {
	value, _ := at(object, path...).([]any)
	return value
}

func at(value any, path ...string) any {
	for _, member := range path {
		object, ok := value.(Object)
		if !ok {
			return nil
		}
		value = object[member]
	}
	return value
}

// child returns a member that is an object, and makes it one.
func child(object Object, member string) Object {
	existing, ok := object[member].(Object)
	if !ok {
		existing = Object{}
		object[member] = existing
	}
	return existing
}

// sameJSON compares but for the resource version.
func sameJSON(a, b Object) bool {
	x, y := at(a, "metadata").(Object), at(b, "metadata").(Object)
	if len(a) != len(b) {
		return false
	}
	for member, value := range a {
		if member == "metadata" {
			continue
		}
		if !reflect.DeepEqual(value, b[member]) {
			return false
		}
	}
	for _, metadata := range []Object{x, y} {
		for member := range metadata {
			if member != "resourceVersion" && !reflect.DeepEqual(x[member], y[member]) {
				return false
			}
		}
	}
	return true
}

// decode reads an object, with whole numbers as int64.
func decode(raw []byte) (Object, error) {
	value, err := decodeValue(raw)
	if err != nil {
		return nil, err
	}
	object, isObject := value.(Object)
	if !isObject && value != nil {
		return nil, errNoObject
	}
	return object, nil
}

var errNoObject = errors.New("json: it is not an object")

func decodeValue(raw []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	return numbers(value), nil
}

func numbers(value any) any {
	switch value := value.(type) {
	case Object:
		for member, of := range value {
			switch of.(type) {
			case Object, []any, json.Number:
				value[member] = numbers(of)
			}
		}
	case []any:
		for i, of := range value {
			value[i] = numbers(of)
		}
	case json.Number:
		if whole, err := value.Int64(); err == nil {
			return whole
		}
		fraction, _ := value.Float64() // the decoder took it for a number
		return fraction
	}
	return value
}

// keys returns what there is of a resource in a namespace, or in all, in the order in which the API server lists it.
func (s *Server) keys(resource, namespace string) []key {
	var all []key
	for k := range s.items {
		if k.resource == resource && (namespace == "" || k.namespace == namespace) {
			all = append(all, k)
		}
	}
	slices.SortFunc(all, func(a, b key) int { return strings.Compare(a.path(), b.path()) })
	return all
}

// path is the order of etcd's keys.
func (k key) path() string { return k.namespace + "/" + k.name }
