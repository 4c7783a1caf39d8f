// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package memoryapi

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
)

// freshWait is how long the API server waits for its watch cache to come as far as a version.
const freshWait = 3 * time.Second

// selector says which objects are wanted.
type selector struct {
	kind      *kind
	namespace string
	labels    labels.Selector
	fields    fields.Selector
}

func newSelector(r *request) (selector, *apierrors.StatusError) {
	s := selector{kind: r.kind, namespace: r.namespace, labels: labels.Everything(), fields: fields.Everything()}
	var err error
	if text := r.query.Get("labelSelector"); text != "" {
		if s.labels, err = labels.Parse(text); err != nil {
			return s, apierrors.NewBadRequest(err.Error())
		}
	}
	if text := r.query.Get("fieldSelector"); text != "" {
		if s.fields, err = fields.ParseSelector(text); err != nil {
			return s, apierrors.NewBadRequest(err.Error())
		}
	}
	for _, requirement := range s.fields.Requirements() {
		field := requirement.Field
		if _, known := r.kind.fields[field]; !known && field != "metadata.name" && field != "metadata.namespace" {
			return s, apierrors.NewBadRequest("field label not supported: " + field)
		}
	}
	return s, nil
}

func (s selector) matches(found *item) bool {
	if found == nil || (s.namespace != "" && text(found.object, "metadata", "namespace") != s.namespace) {
		return false
	}
	if !s.labels.Empty() {
		set := labels.Set{}
		of, _ := at(found.object, "metadata", "labels").(Object)
		for name, value := range of {
			set[name], _ = value.(string)
		}
		if !s.labels.Matches(set) {
			return false
		}
	}
	for _, requirement := range s.fields.Requirements() {
		value := text(found.object, splitPath(requirement.Field)...)
		if (value == requirement.Value) != (requirement.Operator == "=" || requirement.Operator == "==") {
			return false
		}
	}
	return true
}

func splitPath(path string) []string { return strings.Split(path, ".") }

// asOf returns an object as it was at a version.
func (s *Server) asOf(k key, version uint64) *item {
	found := s.items[k]
	for i := len(s.log) - 1; i >= 0 && s.log[i].Version > version; i-- {
		if s.log[i].key == k {
			found = s.log[i].before
		}
	}
	return found
}

// allAsOf returns what the selector matches at a version, in the order of a list.
func (s *Server) allAsOf(sel selector, version uint64) []*item {
	later := map[key]*item{}
	for i := len(s.log) - 1; i >= 0 && s.log[i].Version > version; i-- {
		if s.log[i].key.resource == sel.kind.resource {
			later[s.log[i].key] = s.log[i].before
		}
	}
	var keys []key
	for k := range s.items {
		if k.resource == sel.kind.resource && (sel.namespace == "" || k.namespace == sel.namespace) {
			if _, changed := later[k]; !changed {
				keys = append(keys, k)
			}
		}
	}
	for k, before := range later {
		if before != nil {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b key) int { return strings.Compare(a.path(), b.path()) })
	var found []*item
	for _, k := range keys {
		one, changed := later[k]
		if !changed {
			one = s.items[k]
		}
		if sel.matches(one) {
			found = append(found, one)
		}
	}
	return found
}

// cacheVersion returns how far the watch cache is.
func (s *Server) cacheVersion() uint64 {
	version, due := s.version, s.Now().Add(-s.lag)
	for i := len(s.log) - 1; i >= 0 && s.log[i].At.After(due); i-- {
		version = s.log[i].Version - 1
	}
	return version
}

// readVersion returns the version to answer a read from: the newest, or what the watch cache has. wait is how long to wait before asking
// again.
func (s *Server) readVersion(r *request) (version uint64, wait time.Duration, refused *apierrors.StatusError) {
	wanted := r.query.Get("resourceVersion")
	if wanted == "" {
		return s.version, 0, nil
	}
	least, err := strconv.ParseUint(wanted, 10, 64)
	if err != nil {
		return 0, 0, apierrors.NewBadRequest("Invalid value: " + wanted)
	}
	if r.query.Get("resourceVersionMatch") == string(metav1.ResourceVersionMatchExact) {
		switch {
		case least < s.compacted:
			return 0, 0, expired()
		case least <= s.version:
			return least, 0, nil
		}
	}
	cached := s.cacheVersion()
	switch {
	case least <= cached:
		return cached, 0, nil
	case least <= s.version:
		for _, change := range s.log {
			if change.Version > cached {
				return 0, max(change.At.Add(s.lag).Sub(s.Now()), time.Nanosecond), nil
			}
		}
	case !r.hasWaited:
		r.hasWaited = true
		return 0, freshWait, nil
	}
	return 0, 0, tooLarge(least, s.version)
}

func tooLarge(wanted, current uint64) *apierrors.StatusError {
	refused := apierrors.NewTimeoutError(fmt.Sprintf("Too large resource version: %d, current: %d", wanted, current), 1)
	refused.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: metav1.CauseTypeResourceVersionTooLarge, Message: "Too large resource version"}}
	return refused
}

func expired() *apierrors.StatusError {
	return apierrors.NewResourceExpired("The provided continue parameter is too old to display a consistent list result.")
}

func (s *Server) get(r *request) (found *item, wait time.Duration, refused *apierrors.StatusError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	version, wait, refused := s.readVersion(r)
	if refused != nil || wait > 0 {
		return nil, wait, refused
	}
	if found = s.asOf(key{r.kind.resource, r.namespace, r.name}, version); found == nil {
		return nil, 0, apierrors.NewNotFound(r.kind.groupResource(), r.name)
	}
	return found, 0, nil
}

// position is where a list continues.
type position struct {
	Version uint64
	After   string
}

func (s *Server) list(r *request) (answer []byte, wait time.Duration, refused *apierrors.StatusError) {
	sel, refused := newSelector(r)
	if refused != nil {
		return nil, 0, refused
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var from position
	if token := r.query.Get("continue"); token != "" {
		raw, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil || json.Unmarshal(raw, &from) != nil {
			return nil, 0, apierrors.NewBadRequest("continue key is not valid")
		}
		if from.Version != 0 && from.Version < s.compacted {
			gone := expired()
			gone.ErrStatus.Continue = position{After: from.After}.token()
			return nil, 0, gone
		}
	}
	version := from.Version
	if version == 0 {
		if version, wait, refused = s.readVersion(r); refused != nil || wait > 0 {
			return nil, wait, refused
		}
	}
	all := s.allAsOf(selector{kind: sel.kind, namespace: sel.namespace, labels: labels.Everything(), fields: fields.Everything()}, version)
	all = slices.DeleteFunc(all, func(one *item) bool { return pathOf(one) <= from.After })
	metadata := Object{"resourceVersion": strconv.FormatUint(version, 10)}
	limit, err := strconv.Atoi(r.query.Get("limit"))
	if err != nil || limit <= 0 || r.query.Get("resourceVersion") == "0" { // the watch cache does not limit
		limit = math.MaxInt
	}
	var found []*item
	for i, one := range all {
		if !sel.matches(one) {
			continue
		}
		found = append(found, one)
		if len(found) == limit && i+1 < len(all) { // also if none of the rest matches: nobody has looked
			metadata["continue"] = position{version, pathOf(one)}.token()
			break
		}
	}
	return r.encodeList(metadata, found), 0, nil
}

func (p position) token() string {
	raw, err := json.Marshal(p)
	if err != nil {
		panic(err) // numbers and texts always encode
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func pathOf(found *item) string {
	return text(found.object, "metadata", "namespace") + "/" + text(found.object, "metadata", "name")
}

// wantsMetadata reports whether only metadata is wanted.
func (r *request) wantsMetadata() bool { return strings.Contains(r.accept, "as=PartialObjectMetadata") }

func (r *request) encodeList(metadata Object, found []*item) []byte {
	var out bytes.Buffer
	head, err := json.Marshal(metadata)
	if err != nil {
		panic(err) // texts and numbers always encode
	}
	apiVersion, kind := r.kind.apiVersion(), r.kind.kind+"List"
	if r.wantsMetadata() {
		apiVersion, kind = "meta.k8s.io/v1", "PartialObjectMetadataList"
	}
	fmt.Fprintf(&out, `{"kind":%q,"apiVersion":%q,"metadata":%s,"items":[`, kind, apiVersion, head)
	for i, one := range found {
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(r.encode(one))
	}
	out.WriteString("]}\n")
	return out.Bytes()
}

func (r *request) encode(found *item) []byte {
	if !r.wantsMetadata() {
		return found.json()
	}
	raw, err := json.Marshal(Object{"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": found.object["metadata"]})
	if err != nil {
		panic(err) // it is JSON
	}
	return raw
}

// statusOf is the body and code of an error.
func statusOf(refused *apierrors.StatusError) (int, []byte) {
	status := refused.Status()
	status.Kind, status.APIVersion = "Status", "v1"
	raw, err := json.Marshal(status)
	if err != nil {
		panic(err) // texts and numbers always encode
	}
	if status.Code == 0 {
		return http.StatusInternalServerError, raw
	}
	return int(status.Code), raw
}
