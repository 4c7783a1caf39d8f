// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// Places where a right may be had: the operator's namespace, that of recordings, any other, and all of them at once.
const (
	own     = operatorNamespace
	other   = "default"
	cluster = ""
)

var update = flag.Bool("update", false, "write test/integration/testdata/permissions.md anew")

// permissionsFile is the complete matrix, for people and for TestRights.
var permissionsFile = harness.Path("test", "integration", "testdata", "permissions.md")

// identity is an account of the operator, or somebody who has one of its roles for people.
type identity struct {
	name   string
	user   string
	groups []string
}

// matrixOverlays are those that differ in what they grant.
var matrixOverlays = []string{"default", "overlays/split", "overlays/cluster", "overlays/live", "overlays/backfill"}

// TestPermissions asks the API server, for every overlay and every identity in it, what it may do in each kind of place, and compares the
// answers with the page that tells it to people. The roles of all overlays are installed beside each other, each under names of its own.
func TestPermissions(t *testing.T) {
	var page strings.Builder
	page.WriteString(permissionsIntro)
	for _, overlay := range matrixOverlays {
		title := filepath.Base(overlay)
		rename := strings.NewReplacer("meeting-recording-system", title+"-system", "meeting-recordings", title+"-recordings", "meeting-recording-", title+"-")
		restore := strings.NewReplacer(title+"-system", "meeting-recording-system", title+"-recordings", "meeting-recordings", title+"-", "meeting-recording-")
		identities := installRoles(t, api.MustKubectl(t, "kustomize", "config/"+overlay), rename)
		fmt.Fprintf(&page, "\n## %s\n\n| identity | where | may |\n|---|---|---|\n", title)
		nobodys := identity{"nobody", "system:serviceaccount:default:nobody", []string{"system:serviceaccounts", "system:serviceaccounts:default"}}
		nobody := map[string][]string{}
		for _, who := range append([]identity{nobodys}, identities...) {
			for _, place := range []string{title + "-system", title + "-recordings", other} {
				rules := rulesOf(t, who, place)
				if who.name == "nobody" {
					nobody[place] = rules
					continue
				}
				rules = slices.DeleteFunc(rules, func(rule string) bool { return slices.Contains(nobody[place], rule) })
				where := map[string]string{title + "-system": "meeting-recording-system", title + "-recordings": "meeting-recordings", other: "any other"}[place]
				for _, rule := range rules {
					fmt.Fprintf(&page, "| `%s` | %s | %s |\n", restore.Replace(who.name), where, restore.Replace(rule))
				}
				if len(rules) == 0 {
					fmt.Fprintf(&page, "| `%s` | %s | nothing |\n", restore.Replace(who.name), where)
				}
			}
		}
	}
	if *update {
		if err := os.WriteFile(permissionsFile, []byte(page.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(permissionsFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), page.String()); diff != "" {
		t.Errorf("%s (-want +got; -update writes it anew):\n%s", permissionsFile, diff)
	}
}

const permissionsIntro = `# Permissions

The complete matrix of what each identity may do, by the API server's own answers. ` + "`TestPermissions`" + ` compares this page with them. "Any other" is every
namespace that the operator does not serve, so what stands there is granted in the whole cluster. What every service account may do is left out.
`

// installRoles creates what an overlay has of roles, under other names, and returns its service accounts, the Pods of its Jobs, and people.
func installRoles(t *testing.T, manifests string, rename *strings.Replacer) []identity {
	t.Helper()
	var identities []identity
	account := func(namespace, name, title string) {
		identities = append(identities, identity{title, "system:serviceaccount:" + namespace + ":" + name,
			[]string{"system:serviceaccounts", "system:serviceaccounts:" + operatorNamespace, "system:authenticated"}})
	}
	recordings := rename.Replace(namespace)
	for _, object := range objectsIn(t, manifests) {
		switch object.GetKind() {
		case "Namespace", "ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding":
		default:
			continue
		}
		text, err := object.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		renamed := &unstructured.Unstructured{}
		if err := renamed.UnmarshalJSON([]byte(rename.Replace(string(text)))); err != nil {
			t.Fatal(err)
		}
		if renamed.GetKind() == "ClusterRole" { // the cluster's own roles view, edit and admin must stay what they are
			renamed.SetLabels(nil)
		}
		create(t, renamed)
		switch {
		case renamed.GetKind() == "ServiceAccount":
			account(renamed.GetNamespace(), renamed.GetName(), renamed.GetName())
		case renamed.GetKind() == "ClusterRole" && object.GetLabels() != nil && strings.Contains(fmt.Sprint(object.GetLabels()), "aggregate-to"):
			person := renamed.GetName()
			create(t, &rbacv1.RoleBinding{
				ObjectMeta: metav1.ObjectMeta{Namespace: recordings, Name: person},
				RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: person},
				Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: person}},
			})
			identities = append(identities, identity{person + " (a person, in meeting-recordings)", person, []string{"system:authenticated"}})
		}
	}
	account(recordings, "default", "default of meeting-recordings (a Job)")
	slices.SortFunc(identities, func(a, b identity) int { return strings.Compare(a.name, b.name) })
	return identities
}

// rulesOf returns what the API server says that somebody may do in a namespace: "resource: verbs", sorted.
func rulesOf(t *testing.T, who identity, namespace string) []string {
	t.Helper()
	as := rest.CopyConfig(api.Config)
	as.Impersonate = rest.ImpersonationConfig{UserName: who.user, Groups: append([]string{"system:authenticated"}, who.groups...)}
	clients, err := kubernetes.NewForConfig(as)
	if err != nil {
		t.Fatal(err)
	}
	var review *authorizationv1.SelfSubjectRulesReview
	verbsOf := map[string][]string{}
	harness.Eventually(t, "the rules of "+who.name+" are known", func(ctx context.Context) error {
		review, err = clients.AuthorizationV1().SelfSubjectRulesReviews().Create(ctx, &authorizationv1.SelfSubjectRulesReview{
			Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: namespace},
		}, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		if review.Status.Incomplete || review.Status.EvaluationError != "" {
			return fmt.Errorf("the API server does not know all: %s", review.Status.EvaluationError)
		}
		return nil
	})
	add := func(what string, verbs []string) { verbsOf[what] = append(verbsOf[what], verbs...) }
	for _, rule := range review.Status.ResourceRules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				what := strings.TrimSuffix(resource+"."+group, ".")
				if len(rule.ResourceNames) > 0 {
					what += " " + strings.Join(rule.ResourceNames, " ")
				}
				add(what, rule.Verbs)
			}
		}
	}
	for _, rule := range review.Status.NonResourceRules {
		for _, url := range rule.NonResourceURLs {
			add(url, rule.Verbs)
		}
	}
	var rules []string
	for what, verbs := range verbsOf {
		slices.Sort(verbs)
		rules = append(rules, fmt.Sprintf("`%s`: %s", what, strings.Join(slices.Compact(verbs), ", ")))
	}
	slices.Sort(rules)
	return rules
}

// rights are all that each identity may more than any other ServiceAccount, and where, as test/integration/testdata/permissions.md has it.
func rights(t *testing.T) map[string]map[string][]string {
	t.Helper()
	text, err := os.ReadFile(permissionsFile)
	if err != nil {
		t.Fatal(err)
	}
	places := map[string]string{"meeting-recording-system": own, "meeting-recordings": namespace, "any other": other}
	told := map[string]map[string][]string{}
	overlay := ""
	for line := range strings.Lines(string(text)) {
		if title, is := strings.CutPrefix(strings.TrimSpace(line), "## "); is {
			overlay = title
		}
		cells := strings.Split(line, " | ")
		account, is := strings.CutPrefix(cells[0], "| `")
		account = strings.TrimSuffix(account, "`")
		if !is || overlay != "live" || !slices.Contains([]string{sidecarAccount, managerAccount, eventsAccount}, account) {
			continue
		}
		if told[account] == nil {
			told[account] = map[string][]string{own: {}, namespace: {}, other: {}}
		}
		what, verbs, _ := strings.Cut(strings.TrimSuffix(strings.TrimSpace(cells[2]), " |"), ": ")
		what = strings.Trim(what, "`")
		if what == "nothing" || strings.Contains(what, " ") || strings.HasPrefix(what, "/") { // one of a name is TestLeaseRights' matter
			continue
		}
		for verb := range strings.SplitSeq(verbs, ", ") {
			told[account][places[cells[1]]] = append(told[account][places[cells[1]]], verb+" "+what)
		}
	}
	if len(told) != 3 {
		t.Fatalf("%s has these accounts only: %v", permissionsFile, told)
	}
	return told
}

// TestRights asks the API server, for each identity, every verb and every resource that there is, whether it may: it may what the page says,
// and nothing else.
func TestRights(t *testing.T) {
	resources := servedResources(t)
	for account, places := range rights(t) {
		for place, want := range places {
			t.Run(account+" in "+place, func(t *testing.T) {
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
				where := place
				if !r.namespaced {
					where = cluster
				}
				may, err := ask(t.Context(), clients, account, &authorizationv1.ResourceAttributes{
					Namespace: where, Verb: verb, Group: r.group, Resource: r.name, Subresource: r.subresource,
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
			Groups:             []string{"system:serviceaccounts", "system:serviceaccounts:" + operatorNamespace, "system:authenticated"},
			ResourceAttributes: what,
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return false, fmt.Errorf("ask for the rights of %s: %w", account, err)
	}
	return review.Status.Allowed, nil
}

// userOf is the API server's name of one of the operator's ServiceAccounts.
func userOf(account string) string {
	return "system:serviceaccount:" + operatorNamespace + ":" + account
}

func clientset(t testing.TB) kubernetes.Interface {
	t.Helper()
	clients, err := kubernetes.NewForConfig(api.Config)
	if err != nil {
		t.Fatal(err)
	}
	return clients
}
