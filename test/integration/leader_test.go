// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// replicas are two managers of which the first leads, each behind a proxy of its own, and a sidecar.
type replicas struct {
	leader, standby *operator
	holders         *history
	jobs            *history
}

// startReplicas starts two managers that elect a leader; the first leads when it returns, and the second waits.
func startReplicas(t *testing.T) *replicas {
	t.Helper()
	if err := api.Client.DeleteAllOf(t.Context(), &coordinationv1.Lease{}, client.InNamespace(operatorNamespace)); err != nil {
		t.Fatal(err)
	}
	r := &replicas{
		leader: newOperator(t), standby: newOperator(t),
		holders: watching(t, operatorNamespace, &coordinationv1.LeaseList{}, func(_ watch.EventType, object client.Object) string {
			if holder := object.(*coordinationv1.Lease).Spec.HolderIdentity; holder != nil && *holder != "" {
				return *holder
			}
			return nobody
		}),
		jobs: watching(t, namespace, &batchv1.JobList{}, func(kind watch.EventType, object client.Object) string {
			if kind == watch.Added {
				return object.GetLabels()[v1alpha1.LabelRecording] + " " + string(object.GetUID())
			}
			return ""
		}),
	}
	elect := []string{"--leader-elect", "--leader-elect-namespace", operatorNamespace}
	r.leader.startManager(t, elect...)
	harness.Eventually(t, "the first manager leads", func(context.Context) error { return r.holders.atLeast(1) })
	r.standby.startManager(t, elect...)
	// By client-go's own name for itself, which leader election uses.
	harness.Eventually(t, "the second manager asks for the Lease", func(context.Context) error {
		if r.standby.proxy.count("manager")["get leases"] == 0 {
			return errors.New("not yet")
		}
		return nil
	})
	r.leader.startSidecar(t)
	return r
}

// begin sends the webhooks of a recording and waits until its Job is there and reported.
func (r *replicas) begin(t *testing.T) (name string) {
	t.Helper()
	name, webhooks := newSession(t)
	for _, w := range webhooks {
		r.leader.mustSend(t, w, "recorded")
	}
	awaitProcessing(t, name, v1alpha1.ProcessingRunning)
	return name
}

// end completes the recording's Job and checks that it has had one only.
func (r *replicas) end(t *testing.T, name string) {
	t.Helper()
	complete(t, awaitJob(t, name))
	awaitProcessing(t, name, v1alpha1.ProcessingSucceeded)
	if made := r.jobs.with(name + " "); len(made) != 1 {
		t.Errorf("Jobs of %s: %v, want one", name, made)
	}
}

// wrote returns how often the manager wrote a status or a Job.
func wrote(o *operator) int {
	counts := o.proxy.count("meeting-recording-manager")
	return counts["patch meetingrecordings/status"] + counts["create jobs"]
}

// A leader that is killed leaves the Lease behind; the other takes it once it has run out, and goes on with what was begun.
func TestLeaderKilled(t *testing.T) {
	r := startReplicas(t)
	begun := r.begin(t)
	if n := wrote(r.standby); n != 0 {
		t.Errorf("the manager that does not lead wrote %d times", n)
	}
	r.leader.manager.Kill()
	harness.Eventually(t, "the other manager leads", func(context.Context) error { return r.holders.atLeast(2) })
	if holders := r.holders.with(""); len(holders) != 2 || holders[0] == nobody || holders[1] == nobody {
		t.Errorf("the Lease was held by %v, want one after the other", holders)
	}
	r.end(t, begun)
	r.end(t, r.begin(t))
}

// A leader that is told to end gives the Lease back, so that the other need not wait until it has run out.
func TestLeaderEnds(t *testing.T) {
	r := startReplicas(t)
	begun := r.begin(t)
	if code := r.leader.manager.EndBy(syscall.SIGTERM); code != 0 {
		t.Errorf("the leader exited with %d, want 0", code)
	}
	harness.Eventually(t, "the other manager leads", func(context.Context) error { return r.holders.atLeast(3) })
	if holders := r.holders.with(""); len(holders) != 3 || holders[1] != nobody {
		t.Errorf("the Lease was held by %v, want it given back in between", holders)
	}
	r.end(t, begun)
}

// A leader that was stopped for longer than the Lease lasts, as on a machine that hangs, finds another in its place when it wakes up.
// It ends without having written anything, to be started again.
func TestLeaderFrozen(t *testing.T) {
	r := startReplicas(t)
	begun := r.begin(t)
	if err := r.leader.manager.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	before := wrote(r.leader)
	harness.Eventually(t, "the other manager leads", func(context.Context) error { return r.holders.atLeast(2) })
	other := r.begin(t)
	if code := r.leader.manager.EndBy(syscall.SIGCONT); code != 1 {
		t.Errorf("the leader of old exited with %d, want 1", code)
	}
	if text := r.leader.manager.Output.String(); !strings.Contains(text, "leader election lost") {
		t.Errorf("it does not say why:\n%s", text)
	}
	if n := wrote(r.leader) - before; n != 0 {
		t.Errorf("it wrote %d times after it woke up", n)
	}
	r.end(t, begun)
	r.end(t, other)
}

// nobody holds a Lease that was given back.
const nobody = "nobody"

// history is what a watch has told, in order, without repetitions.
type history struct {
	mu   sync.Mutex
	told []string
}

// watching begins a history of a namespace's objects of a kind: of what is returned for each of their changes, unless it is empty.
func watching(t *testing.T, in string, list client.ObjectList, tell func(watch.EventType, client.Object) string) *history {
	t.Helper()
	watcher, err := client.NewWithWatch(api.Config, client.Options{Scheme: api.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	changes, err := watcher.Watch(t.Context(), list, client.InNamespace(in))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(changes.Stop)
	h := &history{}
	go func() {
		for change := range changes.ResultChan() {
			object, ok := change.Object.(client.Object)
			if !ok {
				continue
			}
			h.add(tell(change.Type, object))
		}
	}()
	return h
}

func (h *history) add(text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if text != "" && (len(h.told) == 0 || h.told[len(h.told)-1] != text) {
		h.told = append(h.told, text)
	}
}

// with returns what was told that begins with the prefix.
func (h *history) with(prefix string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var told []string
	for _, text := range h.told {
		if strings.HasPrefix(text, prefix) {
			told = append(told, text)
		}
	}
	return told
}

// atLeast is an error while less was told than that.
func (h *history) atLeast(n int) error {
	if told := h.with(""); len(told) < n {
		return fmt.Errorf("so far: %v", told)
	}
	return nil
}
