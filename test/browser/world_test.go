// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"context"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/events"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// world is a namespace with an events server for it.
type world struct {
	namespace string
	address   string // of the events server
	events    *harness.Program
	args      []string
}

// newWorld makes a namespace with two ServiceAccounts: viewer, who may read its recordings, and stranger, who may not.
func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldIn(t, metav1.ObjectMeta{GenerateName: "browser-"})
}

func newWorldIn(t testing.TB, meta metav1.ObjectMeta) *world {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: meta}
	api.Create(t, namespace)
	w := &world{namespace: namespace.Name, address: harness.Address(t)}
	for _, name := range []string{"viewer", "stranger"} {
		api.Create(t, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.namespace}})
	}
	api.Create(t, &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: "viewer", Namespace: w.namespace}, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{"meetingrecordings"}, Verbs: []string{"get", "list", "watch"}}}})
	api.Create(t, &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Name: "viewer", Namespace: w.namespace},
		RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "viewer"},
		Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Name: "viewer", Namespace: w.namespace}}})
	return w
}

// start runs a binary of ours until the test ends, and waits until it is ready.
func start(t testing.TB, name string, args ...string) *harness.Program {
	t.Helper()
	health := harness.Address(t)
	p := harness.Start(t, name, append([]string{"--kubeconfig", api.Kubeconfig, "--health-probe-bind-address", health}, args...)...)
	p.AwaitReady(t, health)
	return p
}

// serve starts the events server, with further flags. Started again it has the same address and flags.
func (w *world) serve(t testing.TB, args ...string) {
	t.Helper()
	if w.args == nil {
		w.args = append([]string{"--namespace", w.namespace, "--bind-address", w.address, "--metrics-bind-address", "0", "--heartbeat", "1s"}, args...)
	}
	w.events = start(t, "events", w.args...)
}

// serveAll starts a server of all namespaces.
func (w *world) serveAll(t testing.TB) {
	t.Helper()
	w.args = []string{"--bind-address", w.address, "--metrics-bind-address", "0", "--heartbeat", "1s"}
	w.serve(t)
}

// url is the page's, with what follows the #.
func (w *world) url(fragment string) string { return "http://" + w.address + "/" + fragment }

// token returns a token of one of the namespace's ServiceAccounts.
func (w *world) token(t testing.TB, account string) string {
	t.Helper()
	return api.MustToken(t, w.namespace, account, events.TokenAudience)
}

// have writes a recording as the operator would have written it.
func (w *world) have(t testing.TB, recording *v1alpha1.MeetingRecording) *v1alpha1.MeetingRecording {
	t.Helper()
	recording.Namespace = w.namespace
	status := recording.Status
	api.Create(t, recording)
	recording.Status = status
	if err := api.Client.Status().Update(t.Context(), recording); err != nil {
		t.Fatalf("the status of %s: %v", recording.Name, err)
	}
	return recording
}

// recording returns a recording that began so long ago and whose events arrived until it was in the state.
func recording(meeting, session string, state v1alpha1.RecordingState, ago time.Duration) *v1alpha1.MeetingRecording {
	r := &v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{Name: meeting + "-" + session},
		Spec:       v1alpha1.MeetingRecordingSpec{MeetingID: meeting, SessionID: session, Segment: 1},
	}
	began := time.Now().Add(-ago)
	types := map[v1alpha1.RecordingState][]v1alpha1.EventType{
		v1alpha1.RecordingStarting: {v1alpha1.EventStarting},
		v1alpha1.RecordingStarted:  {v1alpha1.EventStarting, v1alpha1.EventStarted},
		v1alpha1.RecordingStopping: {v1alpha1.EventStarting, v1alpha1.EventStarted, v1alpha1.EventStopping},
		v1alpha1.RecordingStopped:  {v1alpha1.EventStarting, v1alpha1.EventStarted, v1alpha1.EventStopping, v1alpha1.EventStopped},
		v1alpha1.RecordingFailed:   {v1alpha1.EventStarting, v1alpha1.EventFailed},
	}[state]
	// When each event arrived, after the first.
	after := []time.Duration{0, 1400 * time.Millisecond, ago * 8 / 10, ago*8/10 + 6200*time.Millisecond}
	at := func(i int) metav1.MicroTime { return metav1.NewMicroTime(began.Add(after[i])) }
	for i, event := range types {
		r.Status.Recording.Events = append(r.Status.Recording.Events, v1alpha1.RecordingEvent{
			Type: event, Source: v1alpha1.EventSourceWebhook, ReceiveTime: at(i), Deliveries: 1, LastReceiveTime: at(i)})
	}
	r.Status.Recording.State = state
	started, ended := at(min(1, len(types)-1)), at(len(types)-1)
	r.Status.Recording.StartTime = &started
	if state == v1alpha1.RecordingStopped || state == v1alpha1.RecordingFailed {
		r.Status.Recording.EndTime = &ended
	}
	if state == v1alpha1.RecordingStopped {
		path := "/encoded/videos/" + session + ".mp4"
		r.Status.Recording.File = &v1alpha1.RecordingFile{Path: path, URL: "https://cdn.videosdk.live" + path}
	}
	r.Status.Processing.State = v1alpha1.ProcessingWaiting
	return r
}

// processed gives a recording its processing: the state, a condition for it, and steps of the pipeline web.
func processed(r *v1alpha1.MeetingRecording, state v1alpha1.ProcessingState, condition metav1.Condition, steps ...v1alpha1.StepStatus) *v1alpha1.MeetingRecording {
	r.Status.Processing = v1alpha1.ProcessingStatus{State: state, Steps: steps}
	condition.LastTransitionTime = metav1.Now()
	ready := condition
	ready.Type = v1alpha1.ConditionReady
	r.Status.Conditions = []metav1.Condition{ready}
	if condition.Type == v1alpha1.ConditionStalled {
		stalled := condition
		stalled.Status = metav1.ConditionTrue
		r.Status.Conditions = append(r.Status.Conditions, stalled)
	}
	return r
}

// step returns a step of the pipeline web that began 10 minutes ago.
func step(name string, state v1alpha1.StepState, took time.Duration, outputs ...v1alpha1.StepOutput) v1alpha1.StepStatus {
	s := v1alpha1.StepStatus{Pipeline: "web", Step: name, Attempt: 1, State: state, Outputs: outputs}
	if state == v1alpha1.StepSkipped || state == v1alpha1.StepPending || state == v1alpha1.StepQueued {
		return s
	}
	s.JobName = fmt.Sprintf("job-web-%s-1", name)
	started := metav1.NewTime(time.Now().Add(-10 * time.Minute))
	s.StartTime = &started
	if state != v1alpha1.StepRunning {
		ended := metav1.NewTime(started.Add(took))
		s.CompletionTime = &ended
	}
	return s
}

// awaitProcessing waits until the recording's processing is in the state.
func (w *world) awaitProcessing(t testing.TB, name string, state v1alpha1.ProcessingState) {
	t.Helper()
	harness.Eventually(t, name+" "+string(state), func(ctx context.Context) error {
		var r v1alpha1.MeetingRecording
		if err := api.Client.Get(ctx, client.ObjectKey{Namespace: w.namespace, Name: name}, &r); err != nil {
			return err
		}
		if r.Status.Processing.State != state {
			return fmt.Errorf("it is %s", r.Status.Processing.State)
		}
		return nil
	})
}
