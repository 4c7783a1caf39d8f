// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package limit makes the writes that the operator makes of a recording, and nothing else: no webhook, no signature, no read, no decision.
// What it reaches is what the API server can do, on the machine and at the moment that the operator is measured.
package limit

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/test/bench/script"
)

const (
	resource = "meetingrecordings"
	// The field managers are the operator's, so that what the API server keeps of them is as long.
	sidecarManager    = "meeting-recording-sidecar"
	controllerManager = "meeting-recording-controller"
	// dialTimeout is how long a connection may take.
	dialTimeout = 30 * time.Second
)

// Options say what to write.
type Options struct {
	Script    script.Script
	Namespace string
	// Pipeline is the one whose first step gets Jobs.
	Pipeline *v1alpha1.RecordingPipeline
	// JobsOnly leaves out what follows a Job: both patches of status.processing, and Kubernetes Events.
	JobsOnly bool
	// Events has the two Kubernetes Events of a recording written.
	Events bool
}

// Limit plays a script.
type Limit struct {
	Options
	// recordings writes what the sidecar writes; following and clients do what the manager does.
	recordings, following rest.Interface
	clients               kubernetes.Interface
	// statuses are status.recording of each recording, byte for byte: what the next patch tests.
	statuses []json.RawMessage
	work     chan func(context.Context) error
	events   chan note
	jobs     started
}

// New returns a limit that writes with the configuration, at no rate of its own. Like sidecar and manager it has two connections: on a single one
// its own patches would hold up its watches, for seconds when the API server is short of CPU.
func New(config *rest.Config, options Options) (*Limit, error) {
	if err := options.Script.Check(); err != nil {
		return nil, err
	}
	if len(options.Pipeline.Spec.Steps) != 1 {
		return nil, fmt.Errorf("the limit writes recordings of one step, and pipeline %s has %d", options.Pipeline.Name, len(options.Pipeline.Spec.Steps))
	}
	config = rest.CopyConfig(config)
	config.QPS = -1
	recordings, err := recordingsClient(config)
	if err != nil {
		return nil, err
	}
	config = rest.CopyConfig(config)
	config.Dial = (&net.Dialer{Timeout: dialTimeout}).DialContext // client-go shares connections between equal configurations
	following, err := recordingsClient(config)
	if err != nil {
		return nil, err
	}
	config.ContentType = runtime.ContentTypeProtobuf // as controller-runtime does
	config.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &Limit{
		Options: options, recordings: recordings, following: following, clients: clients, statuses: make([]json.RawMessage, options.Script.Recordings),
		work: make(chan func(context.Context) error, 2*options.Script.Recordings), events: make(chan note, 2*options.Script.Recordings),
		jobs: started{waiting: map[string]*v1alpha1.MeetingRecording{}, complete: map[string]bool{}},
	}, nil
}

func recordingsClient(config *rest.Config) (rest.Interface, error) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return nil, err
	}
	metav1.AddToGroupVersion(scheme, v1alpha1.GroupVersion)
	metav1.AddToGroupVersion(scheme, metav1.SchemeGroupVersion)
	config = rest.CopyConfig(config)
	config.GroupVersion = &v1alpha1.GroupVersion
	config.APIPath = "/apis"
	config.ContentType, config.AcceptContentTypes = runtime.ContentTypeJSON, runtime.ContentTypeJSON
	config.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	return rest.RESTClientFor(config)
}

// Prepare reads the recordings of a script that does not begin them.
func (l *Limit) Prepare(ctx context.Context) error {
	if l.Script.Events[0] == script.Lifecycle[0] {
		return nil
	}
	for i := range l.Script.Recordings {
		body, err := l.recordings.Get().Namespace(l.Namespace).Resource(resource).Name(l.Script.Recording(i).Name).Do(ctx).Raw()
		if err != nil {
			return fmt.Errorf("read a recording that was begun: %w", err)
		}
		if l.statuses[i], err = recordingOf(body); err != nil {
			return err
		}
	}
	return nil
}

// Play makes the writes of the events: the object and its status with the first, and its status with each.
func (l *Limit) Play(ctx context.Context) (script.Played, error) {
	samples, err := l.Script.Play(ctx, func(ctx context.Context, i, event int) error {
		recording := l.Script.Recording(i)
		if l.statuses[i] == nil {
			if err := l.create(ctx, i, recording); err != nil {
				return fmt.Errorf("create %s: %w", recording.Name, err)
			}
		}
		if err := l.record(ctx, i, recording, l.Script.Events[event]); err != nil {
			return fmt.Errorf("record %s of %s: %w", l.Script.Events[event], recording.Name, err)
		}
		return nil
	})
	return script.Played{Samples: samples}, err
}

func (l *Limit) create(ctx context.Context, i int, recording script.Recording) error {
	body, err := json.Marshal(map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": "MeetingRecording",
		"metadata": map[string]any{"name": recording.Name, "labels": map[string]string{
			v1alpha1.LabelMeetingID: lifecycle.LabelValue(recording.MeetingID), v1alpha1.LabelSessionID: lifecycle.LabelValue(recording.SessionID),
		}},
		"spec": v1alpha1.MeetingRecordingSpec{MeetingID: recording.MeetingID, SessionID: recording.SessionID, Segment: 1},
	})
	if err != nil {
		return err
	}
	answer, err := l.recordings.Post().Namespace(l.Namespace).Resource(resource).Param("fieldManager", sidecarManager).Body(body).Do(ctx).Raw()
	if err != nil {
		return err
	}
	l.statuses[i], err = recordingOf(answer)
	return err
}

// record writes an event, in a patch as the sidecar's.
func (l *Limit) record(ctx context.Context, i int, recording script.Recording, event string) error {
	next, err := withEvent(l.statuses[i], recording, event)
	if err != nil {
		return err
	}
	answer, err := l.patch(ctx, l.recordings, recording.Name, sidecarManager, []operation{
		{"test", "/status/recording", l.statuses[i]}, {"replace", "/status/recording", next},
	})
	if err != nil {
		return err
	}
	l.statuses[i], err = recordingOf(answer)
	return err
}

// operation is one of a JSON Patch.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// patch writes the status of an object with a client of recordings, and returns the object.
func (l *Limit) patch(ctx context.Context, with rest.Interface, name, manager string, operations []operation) ([]byte, error) {
	body, err := json.Marshal(operations)
	if err != nil {
		return nil, err
	}
	return with.Patch(types.JSONPatchType).Namespace(l.Namespace).Resource(resource).Name(name).SubResource("status").
		Param("fieldManager", manager).Body(body).Do(ctx).Raw()
}

// recordingOf returns status.recording of an object.
func recordingOf(object []byte) (json.RawMessage, error) {
	var wire struct {
		Status struct {
			Recording json.RawMessage `json:"recording"`
		} `json:"status"`
	}
	if err := json.Unmarshal(object, &wire); err != nil {
		return nil, err
	}
	return wire.Status.Recording, nil
}
