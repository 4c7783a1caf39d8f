// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package memoryapi

import (
	"errors"
	"maps"
	"net/http"
	"reflect"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// merge is RFC 7386. What it returns shares with the target what the patch leaves alone.
func merge(target, patch Object) Object {
	merged := make(Object, len(target)+len(patch))
	maps.Copy(merged, target)
	for member, value := range patch {
		switch value := value.(type) {
		case nil:
			delete(merged, member)
		case Object:
			within, _ := merged[member].(Object)
			merged[member] = merge(within, value)
		default:
			merged[member] = value
		}
	}
	return merged
}

// operation is one of a JSON patch.
type operation struct {
	op    string
	path  []string
	value any
}

var errPatch = errors.New("a path of the patch is not there, or its test failed")

// applyJSONPatch applies what the recorder sends, which names no item of a list, to the object, and leaves the rest to the library: it is
// exact and decodes the whole object.
func applyJSONPatch(r *request, before *item) (Object, *apierrors.StatusError) {
	operations, err := operationsOf(r.body)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	patched := before.object
	for _, o := range operations {
		if patched, err = o.apply(patched, o.path); err != nil {
			break
		}
	}
	if operations == nil || err != nil {
		return applyAnyPatch(r, before)
	}
	return maps.Clone(patched), nil
}

// operationsOf reads a patch; nil if it has operations that apply does not know.
func operationsOf(body []byte) ([]operation, error) {
	raw, err := decodeValue(body)
	if err != nil {
		return nil, err
	}
	items, _ := raw.([]any)
	operations := make([]operation, 0, len(items))
	for _, one := range items {
		path := text(Object{"of": one}, "of", "path")
		o := operation{op: text(Object{"of": one}, "of", "op"), value: at(one, "value")}
		if !strings.HasPrefix(path, "/") || strings.Contains(path, "~") || (o.op != "test" && o.op != "add" && o.op != "remove") {
			return nil, nil
		}
		o.path = strings.Split(path[1:], "/")
		operations = append(operations, o)
	}
	return operations, nil
}

// apply returns the object with the operation done. It shares what is left alone.
func (o operation) apply(object Object, path []string) (Object, error) {
	member, has := object[path[0]]
	switch {
	case len(path) > 1:
		within, isObject := member.(Object)
		if !isObject {
			return nil, errPatch
		}
		changed, err := o.apply(within, path[1:])
		if err != nil || o.op == "test" {
			return object, err
		}
		object = maps.Clone(object)
		object[path[0]] = changed
	case o.op == "test":
		if !reflect.DeepEqual(member, o.value) {
			return nil, errPatch
		}
	case o.op == "add":
		object = maps.Clone(object)
		object[path[0]] = o.value
	case !has:
		return nil, errPatch
	default:
		object = maps.Clone(object)
		delete(object, path[0])
	}
	return object, nil
}

func applyAnyPatch(r *request, before *item) (Object, *apierrors.StatusError) {
	patch, err := jsonpatch.DecodePatch(r.body)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	patched, err := patch.Apply(before.json())
	if err != nil {
		return nil, apierrors.NewGenericServerResponse(http.StatusUnprocessableEntity, "", schema.GroupResource{}, "", err.Error(), 0, false)
	}
	object, err := decode(patched)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	return object, nil
}
