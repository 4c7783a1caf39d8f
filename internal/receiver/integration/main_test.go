// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package integration tests the receiver against a real API server, with no
// more rights than the sidecar needs.
package integration

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/outbox"
	"github.com/meetingops/meeting-recording-operator/internal/receiver"
	"github.com/meetingops/meeting-recording-operator/internal/receiver/guard"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/routes"
	"github.com/meetingops/meeting-recording-operator/test/harness/controlplane"
)

// Set up by TestMain, the same for all tests.
var (
	admin   client.Client
	sidecar *rest.Config // a user with the sidecar's rights
	nobody  *rest.Config // a user without any
)

// windows are wide, because the test's machine may be busy with other things.
var windows = lifecycle.Windows{Reorder: 10 * time.Minute, Redelivery: 10 * time.Minute}

func TestMain(m *testing.M) {
	controlplane.Main(m, func(c *controlplane.ControlPlane) (err error) {
		admin = c.Client
		if sidecar, err = c.User("sidecar"); err != nil {
			return err
		}
		if nobody, err = c.User("nobody"); err != nil {
			return err
		}
		return grant(c)
	})
}

// grant gives the user sidecar what the receiver needs, and no more.
func grant(c *controlplane.ControlPlane) error {
	role := &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: "sidecar"},
		Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{v1alpha1.GroupName}, Resources: []string{"meetingrecordings"}, Verbs: []string{"get", "create", "patch"}},
			{APIGroups: []string{v1alpha1.GroupName}, Resources: []string{"meetingrecordings/status"}, Verbs: []string{"patch"}},
		},
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "sidecar"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "sidecar"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: "sidecar"}},
	}
	ctx := context.Background()
	if err := errors.Join(admin.Create(ctx, role), admin.Create(ctx, binding)); err != nil {
		return err
	}
	return c.AwaitRights(ctx, "sidecar", authorizationv1.ResourceAttributes{Verb: "create", Group: v1alpha1.GroupName, Resource: "meetingrecordings"})
}

// newNamespace makes a namespace for the test.
func newNamespace(t testing.TB) string {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "receiver-"}}
	if err := admin.Create(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	return namespace.Name
}

// wire counts the requests that reach the API server, and lets a test meddle
// with them.
type wire struct {
	mu       sync.Mutex
	requests []string
	// meddle, if not nil, answers in place of next, which sends the request.
	meddle func(r *http.Request, next http.RoundTripper) (*http.Response, error)
	next   http.RoundTripper
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.requests = append(w.requests, r.Method)
	meddle := w.meddle
	w.mu.Unlock()
	if meddle != nil {
		return meddle(r, w.next)
	}
	return w.next.RoundTrip(r)
}

// set has the next requests meddled with.
func (w *wire) set(meddle func(r *http.Request, next http.RoundTripper) (*http.Response, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.meddle = meddle
}

// take returns how often each method was sent since the last take.
func (w *wire) take() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	counts := map[string]int{}
	for _, method := range w.requests {
		counts[method]++
	}
	w.requests = nil
	return counts
}

// replica is one receiver, as the sidecar wires it.
type replica struct {
	http.Handler
	namespace string
	store     *recorder.RESTStore
	writer    *recorder.Writer
	wire      *wire
}

func newReplica(t testing.TB, namespace string) *replica {
	t.Helper()
	w := &wire{}
	config := rest.CopyConfig(sidecar)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		w.next = next
		return w
	})
	metrics := receiver.NewMetrics(prometheus.NewRegistry())
	store, err := recorder.NewRESTStore(config, recorder.NewMetrics(prometheus.NewRegistry()))
	if err != nil {
		t.Fatal(err)
	}
	writer := &recorder.Writer{Store: store, Windows: windows}
	const timeout = 20 * time.Second
	queue := outbox.New(outbox.Options{
		Write: writer.Write, Timeout: timeout, Metrics: outbox.NewMetrics(prometheus.NewRegistry()), Log: logr.Discard(), Now: time.Now,
	})
	t.Cleanup(func() { queue.Close(context.Background()) })
	secrets, err := routes.Open(routes.Options{Namespace: namespace})
	if err != nil {
		t.Fatal(err)
	}
	return &replica{namespace: namespace, store: store, writer: writer, wire: w, Handler: &receiver.Handler{
		Routes: secrets, Rates: guard.NewRates(guard.RateLimits{}, time.Now),
		Verifier: receiver.Unverified{}, Recorder: queue, Metrics: metrics, Log: logr.Discard(), Timeout: timeout, Now: time.Now,
	}}
}

// newSession returns a session of the provider's own shape, another each time.
func newSession(t testing.TB, number int) recorder.Session {
	digest := sha256.Sum256(fmt.Appendf(nil, "%s %d", t.Name(), number))
	return recorder.Session{MeetingID: "abcd-efgh-ijkl", SessionID: hex.EncodeToString(digest[:12])}
}

// webhook is a body of the provider; with a path it names a file.
func webhook(session recorder.Session, eventType string, path ...string) string {
	data := map[string]string{"meetingId": session.MeetingID, "sessionId": session.SessionID}
	if len(path) > 0 {
		data["filePath"], data["fileUrl"] = path[0], "https://cdn.example.com"+path[0]
	}
	body, err := json.Marshal(map[string]any{"webhookType": eventType, "data": data})
	if err != nil {
		panic(err)
	}
	return string(body)
}

// send sends a webhook and returns the answer's result. It may be called from
// any goroutine.
func send(t testing.TB, to http.Handler, body string) string {
	w := httptest.NewRecorder()
	to.ServeHTTP(w, httptest.NewRequest(http.MethodPost, receiver.WebhookPath, strings.NewReader(body)))
	var answer struct{ Result string }
	if err := json.NewDecoder(bytes.NewReader(w.Body.Bytes())).Decode(&answer); err != nil || w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	return answer.Result
}

// chain returns a session's objects in their order.
func chain(t testing.TB, namespace string, session recorder.Session) []v1alpha1.MeetingRecording {
	t.Helper()
	var list v1alpha1.MeetingRecordingList
	if err := admin.List(t.Context(), &list, client.InNamespace(namespace),
		client.MatchingFields{"spec.sessionID": session.SessionID}); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(list.Items, func(a, b v1alpha1.MeetingRecording) int { return int(a.Spec.Segment - b.Spec.Segment) })
	return list.Items
}
