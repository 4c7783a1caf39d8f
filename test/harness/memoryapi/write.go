// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package memoryapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"

	structurallisttype "k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

func (s *Server) create(r *request) (*item, *apierrors.StatusError) {
	object, err := decode(r.body)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if refused := s.checkNamespace(r); refused != nil {
		return nil, refused
	}
	metadata := child(object, "metadata")
	name := text(object, "metadata", "name")
	if prefix := text(object, "metadata", "generateName"); name == "" && prefix != "" {
		name = fmt.Sprintf("%s%05x", prefix, s.version&0xfffff)
	}
	k := key{r.kind.resource, r.namespace, name}
	metadata["name"], metadata["uid"], metadata["creationTimestamp"] = name, s.uid(k.resource+k.path()), s.timestamp()
	if r.kind.hasGeneration {
		metadata["generation"] = int64(1)
	}
	if !r.kind.isCluster {
		metadata["namespace"] = r.namespace
	}
	delete(metadata, "resourceVersion")
	if r.kind.hasStatus {
		delete(object, "status")
	}
	r.kind.complete(object)
	if refused := r.kind.validate(object, nil); refused != nil {
		return nil, refused
	}
	if s.items[k] != nil {
		return nil, apierrors.NewAlreadyExists(r.kind.groupResource(), name)
	}
	if r.dryRun {
		return &item{object: object}, nil
	}
	return s.store(k, object), nil
}

func (s *Server) checkNamespace(r *request) *apierrors.StatusError {
	if r.kind.isCluster {
		return nil
	}
	namespace := s.items[key{resource: "namespaces", name: r.namespace}]
	if namespace == nil {
		return apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, r.namespace)
	}
	if text(namespace.object, "metadata", "deletionTimestamp") == "" {
		return nil
	}
	refused := apierrors.NewForbidden(r.kind.groupResource(), r.name, fmt.Errorf("unable to create new content in namespace %s because it is being terminated", r.namespace))
	refused.ErrStatus.Details.Causes = append(refused.ErrStatus.Details.Causes, metav1.StatusCause{Type: "NamespaceTerminating", Field: "metadata.namespace"})
	return refused
}

func (s *Server) update(r *request) (*item, *apierrors.StatusError) {
	object, err := decode(r.body)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	return s.write(r, func(*item) (Object, *apierrors.StatusError) { return object, nil })
}

func (s *Server) patch(r *request) (*item, *apierrors.StatusError) {
	return s.write(r, func(before *item) (Object, *apierrors.StatusError) {
		switch types.PatchType(r.contentType) {
		case types.JSONPatchType:
			return applyJSONPatch(r, before)
		case types.MergePatchType:
			patch, err := decode(r.body)
			if err != nil {
				return nil, apierrors.NewBadRequest(err.Error())
			}
			return merge(before.object, patch), nil
		}
		return nil, apierrors.NewGenericServerResponse(http.StatusUnsupportedMediaType, "patch", r.kind.groupResource(), r.name, "", 0, false)
	})
}

// write stores what make returns for an object, as far as the request may change it.
func (s *Server) write(r *request, build func(*item) (Object, *apierrors.StatusError)) (*item, *apierrors.StatusError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := key{r.kind.resource, r.namespace, r.name}
	before := s.items[k]
	if before == nil {
		return nil, apierrors.NewNotFound(r.kind.groupResource(), r.name)
	}
	object, refused := build(before)
	if refused != nil {
		return nil, refused
	}
	if refused := checkPreconditions(r, before, object); refused != nil {
		return nil, refused
	}
	r.keep(before.object, object)
	r.kind.complete(object)
	if r.kind.hasGeneration && !sameButStatus(before.object, object) {
		generation, _ := at(before.object, "metadata", "generation").(int64)
		child(object, "metadata")["generation"] = generation + 1
	}
	if refused := r.kind.validate(object, before.object); refused != nil {
		return nil, refused
	}
	if r.dryRun {
		return &item{object: object}, nil
	}
	return s.finish(k, before, object), nil
}

// checkPreconditions compares what the request says that it read.
func checkPreconditions(r *request, before *item, object Object) *apierrors.StatusError {
	// A status takes its metadata from the object that is there, and so its UID.
	if uid := text(object, "metadata", "uid"); r.subresource != "status" && uid != "" && uid != text(before.object, "metadata", "uid") {
		return apierrors.NewConflict(r.kind.groupResource(), r.name, fmt.Errorf("Precondition failed: UID in precondition: %s, UID in object meta: %s", uid, text(before.object, "metadata", "uid"))) //nolint:staticcheck // the API server's words
	}
	if version := text(object, "metadata", "resourceVersion"); version != "" && version != strconv.FormatUint(before.version, 10) {
		return apierrors.NewConflict(r.kind.groupResource(), r.name, fmt.Errorf("the object has been modified; please apply your changes to the latest version and try again"))
	}
	return nil
}

// keep takes back what the request may not change.
func (r *request) keep(before, object Object) {
	was, metadata := at(before, "metadata").(Object), maps.Clone(child(object, "metadata"))
	for _, member := range []string{"uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "name", "namespace", "resourceVersion"} {
		if value, has := was[member]; has {
			metadata[member] = value
		} else {
			delete(metadata, member)
		}
	}
	object["metadata"] = metadata
	status, has := object["status"]
	switch {
	case r.subresource == "status":
		clear(object)
		maps.Copy(object, before)
		object["metadata"] = maps.Clone(was)
	case r.kind.hasStatus:
		status, has = before["status"]
	}
	if delete(object, "status"); has {
		object["status"] = status
	}
}

// sameButStatus reports whether neither the spec nor anything else has changed that counts for the generation.
func sameButStatus(a, b Object) bool {
	return reflect.DeepEqual(a["spec"], b["spec"]) &&
		text(a, "metadata", "deletionTimestamp") == text(b, "metadata", "deletionTimestamp")
}

// validate checks an object by its schema. CEL rules are left to the API server.
func (k *kind) validate(object, before Object) *apierrors.StatusError {
	if k.crd == nil {
		return nil
	}
	failures := validation.ValidateCustomResource(nil, object, k.crd.frame)
	for _, part := range k.crd.parts {
		failures = append(failures, part.validate(at(object, part.path...), at(before, part.path...))...)
	}
	if before == nil {
		failures = append(failures, structurallisttype.ValidateListSetsAndMaps(nil, k.crd.structural, object)...)
	}
	if len(failures) == 0 {
		return nil
	}
	return apierrors.NewInvalid(schema.GroupKind{Group: k.Group, Kind: k.kind}, text(object, "metadata", "name"), failures)
}

// remove deletes an object, or marks it as being deleted if it has finalizers.
func (s *Server) delete(r *request) (*item, *apierrors.StatusError) {
	var options metav1.DeleteOptions
	if len(r.body) > 0 {
		if err := json.Unmarshal(r.body, &options); err != nil {
			return nil, apierrors.NewBadRequest(err.Error())
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k := key{r.kind.resource, r.namespace, r.name}
	before := s.items[k]
	if before == nil {
		return nil, apierrors.NewNotFound(r.kind.groupResource(), r.name)
	}
	if wanted := options.Preconditions; wanted != nil {
		asked := Object{"metadata": Object{}}
		if wanted.UID != nil {
			child(asked, "metadata")["uid"] = string(*wanted.UID)
		}
		if wanted.ResourceVersion != nil {
			child(asked, "metadata")["resourceVersion"] = *wanted.ResourceVersion
		}
		if refused := checkPreconditions(r, before, asked); refused != nil {
			return nil, refused
		}
	}
	if len(options.DryRun) > 0 || r.dryRun {
		return before, nil
	}
	object := runtime.DeepCopyJSON(before.object)
	finalizers := list(object, "metadata", "finalizers")
	if policy := options.PropagationPolicy; policy != nil && *policy == metav1.DeletePropagationForeground && !slices.Contains(finalizers, any(metav1.FinalizerDeleteDependents)) {
		finalizers = append(finalizers, metav1.FinalizerDeleteDependents)
		child(object, "metadata")["finalizers"] = finalizers
	}
	if len(finalizers) == 0 {
		return s.remove(k), nil
	}
	if text(object, "metadata", "deletionTimestamp") != "" {
		return before, nil
	}
	metadata := child(object, "metadata")
	metadata["deletionTimestamp"], metadata["deletionGracePeriodSeconds"] = s.timestamp(), int64(0)
	if generation, ok := metadata["generation"].(int64); ok {
		metadata["generation"] = generation + 1
	}
	return s.store(k, object), nil
}

// CollectGarbage deletes what belongs to objects that are gone, as the garbage collector does after some time, and returns how many.
func (s *Server) CollectGarbage() (collected int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	uids := map[string]bool{}
	for _, found := range s.items {
		uids[text(found.object, "metadata", "uid")] = true
	}
	for _, resource := range []string{"jobs", "pods"} {
		for _, k := range s.keys(resource, "") {
			owners := list(s.items[k].object, "metadata", "ownerReferences")
			isOwned := slices.ContainsFunc(owners, func(owner any) bool { return uids[text(Object{"owner": owner}, "owner", "uid")] })
			if len(owners) == 0 || isOwned {
				continue
			}
			delete(uids, text(s.items[k].object, "metadata", "uid"))
			s.remove(k)
			collected++
		}
	}
	return collected
}
