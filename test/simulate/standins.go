// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"context"
	"errors"
	"fmt"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"github.com/meetingops/meeting-recording-operator/internal/eventsink"
	"github.com/meetingops/meeting-recording-operator/test/harness/memoryapi"
)

// runJob is what the Job controller and the kubelet do with a new Job: a Pod, which is ready after some time, and ends after some more.
func (w *World) runJob(name, uid string) {
	r := w.dice.of("job/" + name)
	stuck := w.weather.is("the kubelet", PodStuck)
	if len(stuck) > 0 && chance(r, stuck[0].Percent) {
		w.weather.applied(stuck[0])
		w.story.tell("the Pod of Job %s cannot start", name)
		w.later(draw("stuck", name), between(r, time.Second, 3*time.Second), func() { w.putPod(name, uid, waiting("ImagePullBackOff"), "Pending") })
		w.later(draw("unstuck", name), time.Until(w.begin.Add(stuck[0].To))+20*time.Minute, func() { w.endJob(name, uid, 0) })
		return
	}
	begins, takes := between(r, 20*time.Millisecond, 2*time.Second), between(r, 10*time.Millisecond, pickDuration(r.IntN(4)))
	code := int64(0)
	switch roll := r.IntN(100); {
	case roll < 6:
		code = permanentCode
	case roll < 14:
		code = 1
	}
	w.later(draw("begin", name), begins, func() {
		w.changeJob(name, uid, func(job memoryapi.Object) {
			status := member(job, "status")
			status["active"], status["ready"], status["startTime"] = int64(1), int64(1), stamp()
		})
	})
	w.later(draw("end", name), begins+takes, func() { w.endJob(name, uid, code) })
}

// permanentCode is an exit code that a retry does not help against.
const permanentCode = 65

func pickDuration(n int) time.Duration {
	return []time.Duration{200 * time.Millisecond, 2 * time.Second, 20 * time.Second, 2 * time.Minute}[n]
}

func stamp() string { return time.Now().UTC().Format(time.RFC3339) }

func waiting(reason string) memoryapi.Object {
	return memoryapi.Object{"waiting": memoryapi.Object{"reason": reason, "message": "it does not work"}}
}

// changeJob changes a Job if it is still the same.
func (w *World) changeJob(name, uid string, change func(memoryapi.Object)) bool {
	isSame := false
	w.api.Change("jobs", namespace, name, func(job memoryapi.Object) {
		if isSame = textOf(job, "metadata", "uid") == uid; isSame {
			change(job)
		}
	})
	return isSame
}

func (w *World) putPod(job, uid string, state memoryapi.Object, phase string) {
	if found := w.api.Object("jobs", namespace, job); found == nil || textOf(found, "metadata", "uid") != uid {
		return
	}
	w.api.Remove("pods", namespace, job+"-pod")
	w.api.Put("pods", memoryapi.Object{
		"metadata": memoryapi.Object{
			"name": job + "-pod", "namespace": namespace,
			"labels": memoryapi.Object{"batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": job},
			"ownerReferences": []any{memoryapi.Object{
				"apiVersion": "batch/v1", "kind": "Job", "name": job, "uid": uid, "controller": true, "blockOwnerDeletion": true,
			}},
		},
		"spec": memoryapi.Object{"containers": []any{memoryapi.Object{"name": "main", "image": "media"}}},
		"status": memoryapi.Object{"phase": phase, "startTime": stamp(), "containerStatuses": []any{memoryapi.Object{
			"name": "main", "image": "media", "imageID": "", "ready": false, "restartCount": int64(0), "state": state,
		}}},
	})
}

// endJob ends a Job, and its Pod before it.
func (w *World) endJob(name, uid string, code int64) {
	phase, reason, text := "Succeeded", "Completed", outputs(name)
	if code != 0 {
		phase, reason, text = "Failed", "Error", "it did not work"
	}
	w.putPod(name, uid, memoryapi.Object{"terminated": memoryapi.Object{
		"exitCode": code, "reason": reason, "message": text, "startedAt": stamp(), "finishedAt": stamp(),
	}}, phase)
	isThere := w.changeJob(name, uid, func(job memoryapi.Object) {
		status := member(job, "status")
		delete(status, "active")
		status["ready"] = int64(0)
		types, why := []string{"SuccessCriteriaMet", "Complete"}, "CompletionsReached"
		if status["succeeded"], status["completionTime"] = int64(1), stamp(); code != 0 {
			delete(status, "succeeded")
			delete(status, "completionTime")
			status["failed"] = int64(1)
			types, why = []string{"FailureTarget", "Failed"}, "BackoffLimitExceeded"
			if code == 65 {
				why = "PodFailurePolicy"
			}
		}
		var conditions []any
		for _, kind := range types {
			conditions = append(conditions, memoryapi.Object{
				"type": kind, "status": "True", "reason": why, "message": "", "lastProbeTime": stamp(), "lastTransitionTime": stamp(),
			})
		}
		status["conditions"] = conditions
	})
	if isThere {
		w.observed.ends(name, code)
		w.story.tell("Job %s ends with code %d", name, code)
	}
}

func outputs(name string) string {
	return fmt.Sprintf(`{"outputs":[{"name":"archive","url":"s3://archive/%s","mediaType":"video/mp4","sizeBytes":4}]}`, name)
}

// sink stands in for a consumer of CloudEvents.
type sink struct {
	world   *World
	process *process
}

// Send implements delivery.Sink.
func (s *sink) Send(ctx context.Context, event cloudevents.Event) eventsink.Answer {
	w := s.world
	r := w.dice.of("sink/" + event.ID())
	wait(ctx, between(r, time.Millisecond, 40*time.Millisecond))
	if s.process.isDead() || ctx.Err() != nil {
		return eventsink.Answer{Outcome: eventsink.Unreachable, Err: errDead}
	}
	if down := w.weather.is("the sink", SinkDown); len(down) > 0 && chance(r, down[0].Percent) {
		w.weather.applied(down[0])
		w.story.tell("the sink does not take %s", event.ID())
		switch r.IntN(3) {
		case 0:
			w.accept(event.ID()) // the answer is lost
			return eventsink.Answer{Outcome: eventsink.Unreachable, Err: errLost}
		case 1:
			return eventsink.Answer{Outcome: eventsink.Unreachable, Err: errRefused}
		}
		return eventsink.Answer{Outcome: eventsink.Retryable, Err: errors.New("503"), RetryAfter: between(r, 0, 5*time.Second)}
	}
	if poison := w.weather.is("the sink", SinkPoison); len(poison) > 0 && chance(w.dice.at("poison/"+event.ID(), 1), poison[0].Percent/5) {
		w.weather.applied(poison[0])
		w.poison(event.ID())
	}
	if w.isPoisoned(event.ID()) { // permanently
		w.story.tell("the sink rejects %s", event.ID())
		return eventsink.Answer{Outcome: eventsink.Permanent, Err: errors.New("422")}
	}
	w.accept(event.ID())
	return eventsink.Answer{Outcome: eventsink.Delivered}
}

func (w *World) poison(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.poisoned[id] = w.accepted[id] == 0
}

func (w *World) isPoisoned(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.poisoned[id]
}

func (w *World) accept(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.accepted[id]++
}

// wait waits, unless the context ends.
func wait(ctx context.Context, duration time.Duration) {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func sleep(duration time.Duration) { wait(context.Background(), duration) }
