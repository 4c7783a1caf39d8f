// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package memoryapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/meetingops/meeting-recording-operator/test/harness/controlplane"
	"github.com/meetingops/meeting-recording-operator/test/harness/memoryapi"
)

var api *controlplane.ControlPlane

func TestMain(m *testing.M) {
	controlplane.Main(m, func(c *controlplane.ControlPlane) error { api = c; return nil })
}

const (
	sequences   = 40
	callsInEach = 60
)

var (
	recordings = schema.GroupVersionResource{Group: "recording.meetingops.dev", Version: "v1alpha1", Resource: "meetingrecordings"}
	leases     = schema.GroupVersionResource{Group: "coordination.k8s.io", Version: "v1", Resource: "leases"}
	states     = []string{"Waiting", "Queued", "Running", "Succeeded", "Failed"}
)

// side is one of the two servers, and what was last read of each object there: versions and UIDs are its own.
type side struct {
	client    dynamic.Interface
	namespace string
	versions  map[string]string
	uids      map[string]string
}

// answer is what both sides must agree on.
type answer struct {
	Code    int32
	Reason  metav1.StatusReason
	Object  map[string]any
	Items   []any
	IsSame  bool // the resource version is the one that was seen last
	HasMore bool
}

// TestDifferential plays the same random calls to the server in memory and to a real one: the answers and the events of watches are the
// same, but for what an API server is free to choose.
func TestDifferential(t *testing.T) {
	for sequence := range uint64(sequences) {
		t.Run(fmt.Sprint(sequence), func(t *testing.T) {
			namespace := api.Namespace(t)
			memory := memoryapi.New(time.Now, namespace)
			sides := [2]*side{
				newSide(t, dynamic.NewForConfigOrDie(api.Config), namespace),
				newSide(t, dynamic.NewForConfigOrDie((&memoryapi.Transport{Server: memory}).Config()), namespace),
			}
			var watches [2]<-chan []any
			for i, s := range sides {
				watches[i] = s.watch(t)
			}
			dice := rand.New(rand.NewPCG(sequence, 1))
			for call := range callsInEach {
				seed := dice.Uint64()
				var answers [2]answer
				var what string
				for i, s := range sides {
					what, answers[i] = s.call(t, rand.New(rand.NewPCG(seed, 2)))
				}
				if answers[1].IsSame {
					answers[0].IsSame = true // a writer that is new is noted in managedFields
				}
				if difference := cmp.Diff(answers[0], answers[1]); difference != "" {
					t.Fatalf("call %d, %s: the API server (-), in memory (+):\n%s", call, what, difference)
				}
			}
			for _, s := range sides {
				s.end(t)
			}
			real, inMemory := <-watches[0], <-watches[1]
			if difference := cmp.Diff(real, inMemory); difference != "" {
				t.Fatalf("watch: the API server (-), in memory (+):\n%s", difference)
			}
		})
	}
}

func newSide(t *testing.T, client dynamic.Interface, namespace string) *side {
	t.Helper()
	return &side{client: client, namespace: namespace, versions: map[string]string{}, uids: map[string]string{}}
}

// call makes one random call.
func (s *side) call(t *testing.T, dice *rand.Rand) (what string, got answer) {
	t.Helper()
	ctx := t.Context()
	name := fmt.Sprintf("r%d", dice.IntN(4))
	of := s.client.Resource(recordings).Namespace(s.namespace)
	switch dice.IntN(14) {
	case 0, 1:
		object := recording(name, dice)
		created, err := of.Create(ctx, object, metav1.CreateOptions{})
		return "create " + name, s.answer(created, err)
	case 2:
		found, err := of.Get(ctx, name, metav1.GetOptions{})
		return "get " + name, s.answer(found, err)
	case 3, 4, 5:
		patch := map[string]any{"status": status(dice)}
		metadata := map[string]any{}
		if dice.IntN(2) == 0 {
			metadata["resourceVersion"] = s.versions[name]
		}
		if dice.IntN(6) == 0 {
			metadata["resourceVersion"] = "1"
		}
		if dice.IntN(3) == 0 {
			metadata["uid"] = s.uids[name]
		}
		if dice.IntN(8) == 0 {
			metadata["uid"] = "another"
		}
		patch["metadata"] = metadata
		return "merge-patch status of " + name, s.patch(ctx, name, types.MergePatchType, patch, dice.IntN(5) == 0, "status")
	case 6, 7:
		operations := []any{
			map[string]any{"op": "test", "path": "/status/processing/state", "value": states[dice.IntN(2)]},
			map[string]any{"op": "add", "path": "/status/recording/state", "value": []string{"Starting", "Stopped", "Nonsense"}[dice.IntN(3)]},
		}
		if dice.IntN(2) == 0 {
			operations[0] = map[string]any{"op": "remove", "path": "/status/recording/state"}
		}
		return "JSON-patch status of " + name, s.patch(ctx, name, types.JSONPatchType, operations, dice.IntN(5) == 0, "status")
	case 8:
		patch := map[string]any{"spec": map[string]any{"suspend": dice.IntN(2) == 0}, "status": status(dice)}
		return "merge-patch spec of " + name, s.patch(ctx, name, types.MergePatchType, patch, false)
	case 9:
		patch := map[string]any{"metadata": map[string]any{"finalizers": nil, "labels": map[string]any{"of": fmt.Sprint(dice.IntN(3))}}}
		if dice.IntN(3) == 0 {
			patch["metadata"] = map[string]any{"finalizers": []any{"example.com/wait"}}
		}
		return "merge-patch metadata of " + name, s.patch(ctx, name, types.MergePatchType, patch, false)
	case 10:
		options := metav1.DeleteOptions{}
		switch dice.IntN(4) {
		case 0:
			uid := types.UID(s.uids[name])
			options.Preconditions = &metav1.Preconditions{UID: &uid}
		case 1:
			uid := types.UID("another")
			options.Preconditions = &metav1.Preconditions{UID: &uid}
		}
		err := of.Delete(ctx, name, options)
		return "delete " + name, s.answer(nil, err)
	case 11, 12:
		options := metav1.ListOptions{}
		if dice.IntN(2) == 0 {
			options.FieldSelector = "status.processing.state!=" + states[dice.IntN(len(states))]
		}
		if dice.IntN(2) == 0 {
			options.LabelSelector = []string{"of", "of=1", "of!=1", "of in (0,2)"}[dice.IntN(4)]
		}
		if dice.IntN(2) == 0 {
			options.Limit = 2
		}
		if dice.IntN(9) == 0 {
			options.FieldSelector = "spec.segment=1"
		}
		return fmt.Sprintf("list %q %q", options.FieldSelector, options.LabelSelector), s.list(ctx, of, options)
	default:
		return "lease", s.lease(ctx, name, dice)
	}
}

func recording(name string, dice *rand.Rand) *unstructured.Unstructured {
	object := map[string]any{
		"apiVersion": "recording.meetingops.dev/v1alpha1", "kind": "MeetingRecording",
		"metadata": map[string]any{"name": name, "labels": map[string]any{"of": fmt.Sprint(dice.IntN(3))}},
		"spec":     map[string]any{"meetingID": "m", "sessionID": "s", "unknown": "field"},
	}
	spec, _ := object["spec"].(map[string]any)
	switch dice.IntN(6) {
	case 0:
		object["status"] = status(dice)
	case 1:
		delete(spec, "meetingID")
	case 2:
		spec["segment"] = int64(-1)
	case 3:
		spec["segment"] = int64(3)
	}
	return &unstructured.Unstructured{Object: object}
}

func status(dice *rand.Rand) map[string]any {
	made := map[string]any{"processing": map[string]any{"state": states[dice.IntN(len(states))]}, "unknown": int64(1)}
	switch dice.IntN(6) {
	case 0:
		made["processing"] = map[string]any{"state": "Nonsense"}
	case 1:
		made["processing"] = nil
	case 2:
		made["recording"] = map[string]any{"file": map[string]any{"path": "/a/b.mp4"}, "newer": "field"}
	}
	return made
}

func (s *side) patch(ctx context.Context, name string, kind types.PatchType, patch any, dryRun bool, subresources ...string) answer {
	raw, err := json.Marshal(patch)
	if err != nil {
		panic(err) // it is JSON
	}
	options := metav1.PatchOptions{}
	if dryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	patched, err := s.client.Resource(recordings).Namespace(s.namespace).Patch(ctx, name, kind, raw, options, subresources...)
	if dryRun && err == nil {
		patched.SetResourceVersion(s.versions[name]) // a dry run has none of its own
	}
	return s.answer(patched, err)
}

func (s *side) list(ctx context.Context, of dynamic.ResourceInterface, options metav1.ListOptions) (got answer) {
	for {
		page, err := of.List(ctx, options)
		if err != nil {
			return s.answer(nil, err)
		}
		for _, item := range page.Items {
			got.Items = append(got.Items, normal(item.Object))
		}
		got.HasMore = got.HasMore || page.GetContinue() != ""
		if options.Continue = page.GetContinue(); options.Continue == "" {
			return got
		}
	}
}

// lease creates or updates a Lease with what was read last.
func (s *side) lease(ctx context.Context, name string, dice *rand.Rand) answer {
	of := s.client.Resource(leases).Namespace(s.namespace)
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": map[string]any{"name": "lease-" + name},
		"spec": map[string]any{"holderIdentity": fmt.Sprint(dice.IntN(3)), "leaseDurationSeconds": int64(15)},
	}}
	key := "lease-" + name
	if s.versions[key] == "" {
		created, err := of.Create(ctx, object, metav1.CreateOptions{})
		return s.answer(created, err)
	}
	object.SetResourceVersion(s.versions[key])
	if dice.IntN(3) == 0 {
		object.SetResourceVersion("1")
	}
	updated, err := of.Update(ctx, object, metav1.UpdateOptions{})
	return s.answer(updated, err)
}

// answer remembers the version, and returns what the sides are compared by.
func (s *side) answer(object *unstructured.Unstructured, err error) answer {
	if err != nil {
		status, ok := err.(apierrors.APIStatus)
		if !ok {
			return answer{Reason: metav1.StatusReason(err.Error())}
		}
		return answer{Code: status.Status().Code, Reason: status.Status().Reason}
	}
	if object == nil {
		return answer{}
	}
	name := object.GetName()
	got := answer{Object: normal(object.Object), IsSame: s.versions[name] == object.GetResourceVersion()}
	s.versions[name], s.uids[name] = object.GetResourceVersion(), string(object.GetUID())
	return got
}

// normal drops what an API server is free to choose.
func normal(object map[string]any) map[string]any {
	copied := (&unstructured.Unstructured{Object: object}).DeepCopy()
	metadata, _ := copied.Object["metadata"].(map[string]any)
	for _, free := range []string{"uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "managedFields", "namespace"} {
		if value, has := metadata[free]; has && free == "deletionTimestamp" && value != nil {
			metadata["isBeingDeleted"] = true
		}
		delete(metadata, free)
	}
	return copied.Object
}

const last = "last"

// watch returns a channel that gets what a watch of the unfinished recordings had, once the last one has come.
func (s *side) watch(t *testing.T) <-chan []any {
	t.Helper()
	of := s.client.Resource(recordings).Namespace(s.namespace)
	list, err := of.List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w, err := of.Watch(t.Context(), metav1.ListOptions{
		ResourceVersion: list.GetResourceVersion(), FieldSelector: "status.processing.state!=Succeeded,status.processing.state!=Failed",
	})
	if err != nil {
		t.Fatal(err)
	}
	result := make(chan []any, 1)
	go func() {
		defer w.Stop()
		var events []any
		before := map[string]any{}
		for event := range w.ResultChan() {
			object, ok := event.Object.(*unstructured.Unstructured)
			if !ok || object.GetName() == last {
				break
			}
			next := map[string]any{"type": string(event.Type), "object": normal(object.Object)}
			if event.Type == "MODIFIED" && cmp.Equal(before[object.GetName()], next["object"]) {
				continue // of managedFields only
			}
			before[object.GetName()] = next["object"]
			events = append(events, next)
		}
		result <- events
	}()
	return result
}

func (s *side) end(t *testing.T) {
	t.Helper()
	object := recording(last, rand.New(rand.NewPCG(0, 0)))
	object.Object["spec"] = map[string]any{"meetingID": "m", "sessionID": "s"}
	if _, err := s.client.Resource(recordings).Namespace(s.namespace).Create(t.Context(), object, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}
