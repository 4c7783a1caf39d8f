// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Where a right is had: in the operator's namespace, in any other, or for what has no namespace.
const (
	own     = namespace
	other   = "default"
	cluster = ""
)

// managersAnywhere are the manager's rights in every namespace.
var managersAnywhere = []string{
	"create events.events.k8s.io", "create jobs.batch", "delete jobs.batch", "delete meetingrecordings.recording.meetingops.dev", "get jobs.batch",
	"get meetingrecordings.recording.meetingops.dev", "get recordingpipelines.recording.meetingops.dev", "list jobs.batch",
	"list meetingrecordings.recording.meetingops.dev", "list pods", "list recordingpipelines.recording.meetingops.dev",
	"patch meetingrecordings/status.recording.meetingops.dev", "patch recordingpipelines/status.recording.meetingops.dev",
	"update meetingrecordings/delivery.recording.meetingops.dev", "update meetingrecordings/finalizers.recording.meetingops.dev", "update meetingrecordings/processing.recording.meetingops.dev",
	"watch jobs.batch", "watch meetingrecordings.recording.meetingops.dev", "watch recordingpipelines.recording.meetingops.dev",
}

// eventsAnywhere are the events server's rights in every namespace.
var eventsAnywhere = []string{
	"get meetingrecordings.recording.meetingops.dev", "list meetingrecordings.recording.meetingops.dev", "watch meetingrecordings.recording.meetingops.dev",
}

// rights are all that each identity may more than any other ServiceAccount, and where. A right in no namespace is one in all of them.
var rights = map[string]map[string][]string{
	sidecarAccount: {
		own: {
			"create meetingrecordings.recording.meetingops.dev", "get meetingrecordings.recording.meetingops.dev",
			"patch meetingrecordings/status.recording.meetingops.dev", "update meetingrecordings/recording.recording.meetingops.dev",
		},
		other:   nil,
		cluster: nil,
	},
	eventsAccount: {
		own:   eventsAnywhere,
		other: eventsAnywhere,
		cluster: append([]string{"create subjectaccessreviews.authorization.k8s.io", "create tokenreviews.authentication.k8s.io"},
			eventsAnywhere...),
	},
	managerAccount: {
		own:     append([]string{"create leases.coordination.k8s.io"}, managersAnywhere...),
		other:   managersAnywhere,
		cluster: append([]string{"create subjectaccessreviews.authorization.k8s.io", "create tokenreviews.authentication.k8s.io"}, managersAnywhere...),
	},
}

// TestRights asks the API server, for each identity, every verb and every resource that there is, whether it may: it may what the table
// says, and nothing else.
func TestRights(t *testing.T) {
	resources := servedResources(t)
	for account, places := range rights {
		for place, want := range places {
			t.Run(account+" in "+map[string]string{own: "its namespace", other: "another namespace", cluster: "all namespaces"}[place], func(t *testing.T) {
				t.Parallel()
				anybodys := allowed(t, "some-other", place, resources)
				got := slices.DeleteFunc(allowed(t, account, place, resources), func(right string) bool { return slices.Contains(anybodys, right) })
				if diff := cmp.Diff(slices.Sorted(slices.Values(want)), got, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("%s may (-want +got):\n%s", account, diff)
				}
				for _, right := range anybodys {
					if strings.Contains(right, "meetingops.dev") || strings.Contains(right, " secrets") || strings.Contains(right, " jobs") {
						t.Errorf("every ServiceAccount may %s", right)
					}
				}
			})
		}
	}
}

// resource is one that can be asked for; subresource may be empty.
type resource struct {
	group, name, subresource string
	namespaced               bool
}

// servedResources returns what the API server serves, and the names by which RBAC says who writes which part of a status.
func servedResources(t *testing.T) []resource {
	t.Helper()
	clients := clientset(t)
	_, lists, err := clients.Discovery().ServerGroupsAndResources()
	if err != nil {
		t.Fatal(err)
	}
	var all []resource
	for _, list := range lists {
		group, _, found := strings.Cut(list.GroupVersion, "/")
		if !found {
			group = "" // the core group's version stands alone
		}
		for i := range list.APIResources {
			name, subresource, _ := strings.Cut(list.APIResources[i].Name, "/")
			all = append(all, resource{group, name, subresource, list.APIResources[i].Namespaced})
		}
	}
	for _, part := range []string{"recording", "processing", "delivery", "metadata", "finalizers"} {
		all = append(all, resource{"recording.meetingops.dev", "meetingrecordings", part, true})
	}
	slices.SortFunc(all, func(a, b resource) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	all = slices.Compact(all)
	if !slices.Contains(all, resource{"", "secrets", "", true}) || !slices.Contains(all, resource{"", "serviceaccounts", "token", true}) || len(all) < 100 {
		t.Fatalf("these are not all resources: %v", all)
	}
	return all
}

// verbs are all that RBAC knows.
var verbs = []string{
	"approve", "bind", "create", "delete", "deletecollection", "escalate", "get", "impersonate", "list", "patch", "sign", "update", "use", "watch",
}

// allowed returns what an identity may do with any of the resources at a place.
func allowed(t *testing.T, account, place string, resources []resource) []string {
	t.Helper()
	clients := clientset(t)
	var mu sync.Mutex
	got := []string{}
	var askers sync.WaitGroup
	for _, verb := range verbs {
		askers.Go(func() {
			for _, r := range resources {
				if place != cluster && !r.namespaced {
					continue // the namespace would make no difference
				}
				may, err := ask(t.Context(), clients, account, &authorizationv1.ResourceAttributes{
					Namespace: place, Verb: verb, Group: r.group, Resource: r.name, Subresource: r.subresource,
				})
				if err != nil {
					t.Error(err)
					return
				}
				if may {
					mu.Lock()
					got = append(got, name(verb, r))
					mu.Unlock()
				}
			}
		})
	}
	askers.Wait()
	slices.Sort(got)
	return got
}

// name is verb resource/subresource.group.
func name(verb string, r resource) string {
	text := verb + " " + r.name
	if r.subresource != "" {
		text += "/" + r.subresource
	}
	if r.group != "" {
		text += "." + r.group
	}
	return text
}

// TestLeaseRights: the manager may renew its own Lease, and no other one.
func TestLeaseRights(t *testing.T) {
	const lease = "meeting-recording-operator.recording.meetingops.dev"
	for _, test := range []struct {
		account, verb, name string
		want                bool
	}{
		{managerAccount, "get", lease, true},
		{managerAccount, "update", lease, true},
		{managerAccount, "delete", lease, false},
		{managerAccount, "update", "another", false},
		{sidecarAccount, "get", lease, false},
		{sidecarAccount, "update", lease, false},
	} {
		may, err := ask(t.Context(), clientset(t), test.account, &authorizationv1.ResourceAttributes{
			Namespace: own, Verb: test.verb, Group: "coordination.k8s.io", Resource: "leases", Name: test.name,
		})
		if err != nil || may != test.want {
			t.Errorf("%s: %s Lease %s: %t, %v; want %t", test.account, test.verb, test.name, may, err, test.want)
		}
	}
}

// ask asks the API server whether an identity may.
func ask(ctx context.Context, clients kubernetes.Interface, account string, what *authorizationv1.ResourceAttributes) (bool, error) {
	review, err := clients.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
		Spec: authorizationv1.SubjectAccessReviewSpec{
			User:               userOf(account),
			Groups:             []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"},
			ResourceAttributes: what,
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return false, fmt.Errorf("ask for the rights of %s: %w", account, err)
	}
	return review.Status.Allowed, nil
}

// userOf is the API server's name of one of the operator's ServiceAccounts.
func userOf(account string) string { return "system:serviceaccount:" + namespace + ":" + account }

func clientset(t testing.TB) kubernetes.Interface {
	t.Helper()
	clients, err := kubernetes.NewForConfig(api.Config)
	if err != nil {
		t.Fatal(err)
	}
	return clients
}
