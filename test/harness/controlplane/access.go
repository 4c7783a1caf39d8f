// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// tokenSeconds is longer than any run of tests, benchmarks or chaos.
const tokenSeconds = 12 * 3600

// Namespace makes one that no other test uses.
func (c *ControlPlane) Namespace(t testing.TB) string {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	c.Create(t, namespace)
	return namespace.Name
}

// Create creates objects.
func (c *ControlPlane) Create(t testing.TB, objects ...client.Object) {
	t.Helper()
	for _, object := range objects {
		if err := c.Client.Create(t.Context(), object); err != nil {
			t.Fatalf("create %T %s: %v", object, object.GetName(), err)
		}
	}
}

// User returns how somebody without any rights reaches the API server.
func (c *ControlPlane) User(name string) (*rest.Config, error) {
	user, err := c.environment.AddUser(envtest.User{Name: name}, &rest.Config{QPS: -1})
	if err != nil {
		return nil, fmt.Errorf("add the user %s: %w", name, err)
	}
	return user.Config(), nil
}

// ReadRole reads a ClusterRole of the project's config folder.
func ReadRole(path ...string) (*rbacv1.ClusterRole, error) {
	text, err := os.ReadFile(harness.Path(append([]string{"config"}, path...)...))
	if err != nil {
		return nil, err
	}
	role := &rbacv1.ClusterRole{}
	return role, yaml.UnmarshalStrict(text, role)
}

// Bind binds a ClusterRole to a user or an account for all namespaces.
func Bind(name, role string, subject rbacv1.Subject) *rbacv1.ClusterRoleBinding {
	return &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		Subjects:   []rbacv1.Subject{subject},
	}
}

// AwaitRights waits until a user may do all that, after a role or a binding was created: the API server learns of them by a watch.
func (c *ControlPlane) AwaitRights(ctx context.Context, user string, rights ...authorizationv1.ResourceAttributes) error {
	for _, right := range rights {
		review := authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{User: user, ResourceAttributes: &right}}
		if err := harness.Await(ctx, harness.Patience, fmt.Sprintf("%s may %s %s in %s", user, right.Verb, right.Resource, right.Namespace), func(ctx context.Context) error {
			asked := review.DeepCopy()
			if err := c.Client.Create(ctx, asked); err != nil || asked.Status.Allowed {
				return err
			}
			return errors.New(asked.Status.Reason)
		}); err != nil {
			return err
		}
	}
	return nil
}

// Token returns a token of a ServiceAccount, for the API server or for other audiences.
func Token(ctx context.Context, config *rest.Config, namespace, account string, audiences ...string) (string, error) {
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return "", err
	}
	token, err := clients.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, account,
		&authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
			ExpirationSeconds: ptr.To[int64](tokenSeconds), Audiences: audiences,
		}}, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("get a token of %s/%s: %w", namespace, account, err)
	}
	return token.Status.Token, nil
}

// MustToken is Token for tests.
func (c *ControlPlane) MustToken(t testing.TB, namespace, account string, audiences ...string) string {
	t.Helper()
	token, err := Token(t.Context(), c.Config, namespace, account, audiences...)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// AccountKubeconfig writes a kubeconfig of a ServiceAccount for an API server at the URL, which may be a proxy's.
func (c *ControlPlane) AccountKubeconfig(t testing.TB, server, namespace, account string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := WriteKubeconfig(file, server, c.MustToken(t, namespace, account)); err != nil {
		t.Fatal(err)
	}
	return file
}

// WriteKubeconfig writes a kubeconfig with a token. Nobody else answers at an address of this machine, so certificates are not verified.
func WriteKubeconfig(file, server, token string) error {
	return clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"test": {Server: server, InsecureSkipTLSVerify: true}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"test": {Token: token}},
		Contexts:       map[string]*clientcmdapi.Context{"test": {Cluster: "test", AuthInfo: "test"}},
		CurrentContext: "test",
	}, file)
}
