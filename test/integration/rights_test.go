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
	"testing"

	"github.com/google/go-cmp/cmp"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// Places where a right may be had, beside the namespace of recordings: the operator's, and any other.
const (
	own   = operatorNamespace
	other = "default"
)

var update = flag.Bool("update", false, "write test/integration/testdata/permissions.md anew")

// permissionsFile is the complete matrix, for people.
var permissionsFile = harness.Path("test", "integration", "testdata", "permissions.md")

// identity is an account of the operator, or somebody who has one of its roles for people, with a token of its own.
type identity struct {
	name  string
	token string
}

// overlays are all that config/ has to install.
func overlays(t *testing.T) []string {
	t.Helper()
	folders, err := os.ReadDir(harness.Path("config", "overlays"))
	if err != nil {
		t.Fatal(err)
	}
	all := []string{"default"}
	for _, folder := range folders {
		all = append(all, "overlays/"+folder.Name())
	}
	return all
}

// TestPermissions asks the API server, for every overlay and with a token of every identity in it, what that may do in each kind of place, and
// compares the answers with the page that tells it to people. Then it tries each token on everything that there is: what succeeds is what the page
// says. The roles of all overlays are installed beside each other, each under names of its own.
func TestPermissions(t *testing.T) {
	var page strings.Builder
	page.WriteString(permissionsIntro)
	create(t, newAccount(other, "nobody"))
	nobody := identity{"nobody", api.MustToken(t, other, "nobody")}
	nobodys, resources := rulesOf(t, nobody, other), servedResources(t)
	known, tried := map[string]string{}, map[string]bool{} // which overlay has a table; whose tokens were tried
	for _, overlay := range overlays(t) {
		title := filepath.Base(overlay)
		rename := strings.NewReplacer("meeting-recording-system", title+"-system", "meeting-recordings", title+"-recordings", "meeting-recording-", title+"-")
		restore := strings.NewReplacer(title+"-system", "meeting-recording-system", title+"-recordings", "meeting-recordings", title+"-", "meeting-recording-")
		identities := installRoles(t, api.MustKubectl(t, "kustomize", "config/"+overlay), title, rename)
		var table strings.Builder
		table.WriteString("| identity | where | may |\n|---|---|---|\n")
		rules := map[string]map[string][]rule{}
		for _, who := range identities {
			rules[who.name] = map[string][]rule{}
			for _, place := range []string{title + "-system", title + "-recordings", other} {
				granted := slices.DeleteFunc(rulesOf(t, who, place), func(r rule) bool {
					return slices.ContainsFunc(nobodys, func(n rule) bool { return n.String() == r.String() })
				})
				rules[who.name][place] = granted
				where := map[string]string{title + "-system": "meeting-recording-system", title + "-recordings": "meeting-recordings", other: "any other"}[place]
				for _, r := range granted {
					fmt.Fprintf(&table, "| `%s` | %s | %s |\n", restore.Replace(who.name), where, restore.Replace(r.String()))
				}
				if len(granted) == 0 {
					fmt.Fprintf(&table, "| `%s` | %s | nothing |\n", restore.Replace(who.name), where)
				}
			}
		}
		fmt.Fprintf(&page, "\n## %s\n\n", title)
		if same, found := known[table.String()]; found {
			fmt.Fprintf(&page, "As in [%s](#%s).\n", same, same)
			continue
		}
		known[table.String()] = title
		page.WriteString(table.String())
		identities = slices.DeleteFunc(identities, func(who identity) bool {
			// Another overlay has the same identity with the same rules, whose token was tried.
			key := restore.Replace(fmt.Sprint(who.name, rules[who.name]))
			before := tried[key]
			tried[key] = true
			return before
		})
		tryEverything(t, nobody, identities, rules, resources)
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

The complete matrix of what each identity may do, by the API server's own answers to its token. ` + "`TestPermissions`" + ` compares this page with them, and
tries each token on everything. "Any other" is every namespace that the operator does not serve, so what stands there is granted in the whole
cluster. What every service account may do is left out.
`

func newAccount(namespace, name string) *corev1.ServiceAccount {
	return &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
}

// installRoles creates what an overlay has of roles, under other names, and returns its service accounts, the Pods of its Jobs, and people.
func installRoles(t *testing.T, manifests, title string, rename *strings.Replacer) []identity {
	t.Helper()
	var identities []identity
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
		if !strings.HasPrefix(renamed.GetName(), title) && renamed.GetKind() != "RoleBinding" {
			t.Fatalf("%s %s is not renamed", renamed.GetKind(), renamed.GetName())
		}
		create(t, renamed)
		switch {
		case renamed.GetKind() == "ServiceAccount":
			identities = append(identities, identity{renamed.GetName(), api.MustToken(t, renamed.GetNamespace(), renamed.GetName())})
		case renamed.GetKind() == "ClusterRole" && object.GetLabels() != nil && strings.Contains(fmt.Sprint(object.GetLabels()), "aggregate-to"):
			person := renamed.GetName()
			create(t, newAccount(recordings, person))
			create(t, &rbacv1.RoleBinding{
				ObjectMeta: metav1.ObjectMeta{Namespace: recordings, Name: person},
				RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: person},
				Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: recordings, Name: person}},
			})
			identities = append(identities, identity{person + " (a person, in meeting-recordings)", api.MustToken(t, recordings, person)})
		case renamed.GetName() == title+"-metrics-reader": // paths have no namespace
			person := renamed.GetName()
			create(t, newAccount(recordings, person))
			create(t, &rbacv1.ClusterRoleBinding{
				ObjectMeta: metav1.ObjectMeta{Name: person},
				RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: person},
				Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: recordings, Name: person}},
			})
			identities = append(identities, identity{person + " (Prometheus, in the cluster)", api.MustToken(t, recordings, person)})
		}
	}
	create(t, newAccount(recordings, "default"))
	identities = append(identities, identity{"default of meeting-recordings (a Job)", api.MustToken(t, recordings, "default")})
	slices.SortFunc(identities, func(a, b identity) int { return strings.Compare(a.name, b.name) })
	return identities
}

// rule is what somebody may do with a resource, with those of some names, or with a path.
type rule struct {
	what  string // resource/subresource.group, or a path
	names []string
	verbs []string
}

func (r rule) String() string {
	return fmt.Sprintf("`%s`: %s", strings.Join(append([]string{r.what}, r.names...), " "), strings.Join(r.verbs, ", "))
}

// rulesOf returns what the API server says that somebody may do in a namespace.
func rulesOf(t *testing.T, who identity, namespace string) []rule {
	t.Helper()
	clients, err := kubernetes.NewForConfig(configOf(who))
	if err != nil {
		t.Fatal(err)
	}
	var review *authorizationv1.SelfSubjectRulesReview
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
	found := map[string]*rule{}
	add := func(what string, names, verbs []string) {
		key := fmt.Sprint(what, names)
		if found[key] == nil {
			found[key] = &rule{what: what, names: names}
		}
		found[key].verbs = append(found[key].verbs, verbs...)
	}
	for _, r := range review.Status.ResourceRules {
		for _, group := range r.APIGroups {
			for _, resource := range r.Resources {
				add(strings.TrimSuffix(resource+"."+group, "."), r.ResourceNames, r.Verbs)
			}
		}
	}
	for _, r := range review.Status.NonResourceRules {
		for _, url := range r.NonResourceURLs {
			add(url, nil, r.Verbs)
		}
	}
	var rules []rule
	for _, r := range found {
		slices.Sort(r.verbs)
		r.verbs = slices.Compact(r.verbs)
		rules = append(rules, *r)
	}
	slices.SortFunc(rules, func(a, b rule) int { return strings.Compare(a.String(), b.String()) })
	return rules
}

// configOf returns how to reach the API server with a token and nothing else.
func configOf(who identity) *rest.Config {
	config := rest.AnonymousClientConfig(api.Config)
	config.BearerToken, config.QPS = who.token, -1
	return config
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
