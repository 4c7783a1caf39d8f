// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

const (
	// FieldManager is the name under which the recorder writes.
	FieldManager = "meeting-recording-sidecar"
	resource     = "meetingrecordings"
)

// RESTStore is the Store of an API server. It caches recent objects, and has no rate limit: the API server's priority and fairness limits
// it.
type RESTStore struct {
	// Traceparent, if not nil, returns the trace context of a new object.
	Traceparent func() string

	client  rest.Interface
	metrics *Metrics
	cache   *cache
}

// NewRESTStore returns the store of an API server. The configuration is copied.
func NewRESTStore(config *rest.Config, metrics *Metrics) (*RESTStore, error) {
	scheme := runtime.NewScheme() // enough to read the API server's errors: objects are decoded here, because their bytes are needed
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"})
	config = rest.CopyConfig(config)
	config.QPS = -1
	config.DisableCompression = true // objects are smaller than what the API server compresses
	config.GroupVersion = &v1alpha1.GroupVersion
	config.APIPath = "/apis"
	config.ContentType = runtime.ContentTypeJSON
	config.AcceptContentTypes = runtime.ContentTypeJSON
	config.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	// HTTP/2 notices within seconds that a connection has died, instead of 45 s, during which it would get every request. A slow API
	// server still answers pings. client-go takes this from the environment only.
	for _, name := range []string{"HTTP2_READ_IDLE_TIMEOUT_SECONDS", "HTTP2_PING_TIMEOUT_SECONDS"} {
		if os.Getenv(name) == "" {
			_ = os.Setenv(name, "3") // it fails only for an invalid name
		}
	}
	client, err := rest.RESTClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("make a client for the API server: %w", err)
	}
	return &RESTStore{client: client, metrics: metrics, cache: newCache()}, nil
}

// Uncached returns a store whose Get always asks the API server. It is for a reader of objects that others write.
func (s *RESTStore) Uncached() *RESTStore {
	other := *s
	other.cache = newCache()
	other.cache.versionsOnly = true
	return &other
}

// Get implements Store. Unless fresh, it returns the cached object, usually from the response to the last write. Otherwise the API server
// responds from its watch cache, without a read of etcd, with a version at least as new as the last one seen.
func (s *RESTStore) Get(ctx context.Context, session Session, segment int32, fresh bool) (*Object, error) {
	name := session.name(segment)
	request := s.client.Get().Resource(resource).Name(name)
	if !fresh {
		object, version := s.cache.recall(cacheKey(session.Namespace, name))
		if object != nil {
			return object, nil
		}
		if version == "" {
			version = "0" // any version of the watch cache
		}
		request = request.Param("resourceVersion", version)
	}
	object, err := s.do(ctx, "get", session.Namespace, request)
	if apierrors.IsNotFound(err) && !isUnexpected(err) {
		return nil, ErrNotFound
	}
	if err != nil {
		// The API server may never reach the cached version, such as after a restore from a backup.
		s.cache.objects.Remove(cacheKey(session.Namespace, name))
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return object, nil
}

func cacheKey(namespace, name string) string { return namespace + "/" + name }

// Seen implements Store.
func (s *RESTStore) Seen(session Session, segment int32) bool {
	_, isCached := s.cache.get(cacheKey(session.Namespace, session.name(segment)))
	return isCached
}

// Create implements Store. It leaves everything else to the defaults.
func (s *RESTStore) Create(ctx context.Context, session Session, segment int32) (*Object, error) {
	name := session.name(segment)
	metadata := map[string]any{"name": name, "labels": map[string]string{
		v1alpha1.LabelMeetingID: lifecycle.LabelValue(session.MeetingID),
		v1alpha1.LabelSessionID: lifecycle.LabelValue(session.SessionID),
	}}
	if s.Traceparent != nil {
		metadata["annotations"] = map[string]string{v1alpha1.AnnotationTraceparent: s.Traceparent()}
	}
	body, err := json.Marshal(map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": "MeetingRecording", "metadata": metadata,
		"spec": v1alpha1.MeetingRecordingSpec{MeetingID: session.MeetingID, SessionID: session.SessionID, Segment: segment},
	})
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", name, err)
	}
	created, err := s.do(ctx, "create", session.Namespace, s.client.Post().Resource(resource).Param("fieldManager", FieldManager).Body(body))
	switch {
	case err == nil:
		return created, nil
	case apierrors.IsInvalid(err):
		return nil, rejected(err)
	case apierrors.IsAlreadyExists(err):
		err = ErrChanged
	}
	return nil, fmt.Errorf("create %s: %w", name, err)
}

// Patch implements Store. It requires only that status.recording is unchanged, so it never conflicts with the controller.
func (s *RESTStore) Patch(ctx context.Context, read *Object, status v1alpha1.RecordingStatus, revives bool) error {
	patch, err := memberOperations(read, status)
	if err != nil {
		return fmt.Errorf("encode the status of %s: %w", read.Name, err)
	}
	patch = append([]operation{{Op: "test", Path: recordingPath, Value: read.RawRecording}}, patch...)
	if revives && read.Processing != "" {
		patch = append([]operation{{Op: "test", Path: "/status/processing/state", Value: read.Processing}}, patch...)
	}
	body, err := json.Marshal(patch)
	if err != nil {
		return fmt.Errorf("encode the status of %s: %w", read.Name, err)
	}
	written, err := s.do(ctx, "patch", read.Namespace, s.client.Patch(types.JSONPatchType).Resource(resource).Name(read.Name).
		SubResource("status").Param("fieldManager", FieldManager).Body(body))
	switch {
	case err == nil && written.IsTerminating:
		return fmt.Errorf("%w: %s", ErrTerminating, read.Name)
	case err == nil:
		return nil
	case apierrors.IsInvalid(err): // a test failed, or the status breaks a rule
		err = fmt.Errorf("%w (%w)", ErrChanged, rejected(err))
	case apierrors.IsConflict(err) && !IsNamespaceError(err), apierrors.IsNotFound(err): // if not found, it was deleted after it was read
		err = ErrChanged
	}
	s.cache.outdate(cacheKey(read.Namespace, read.Name), read, errors.Is(err, ErrChanged))
	return fmt.Errorf("write the status of %s: %w", read.Name, err)
}

// Ping returns nil once the API server serves MeetingRecordings and lets us read them in a namespace.
func (s *RESTStore) Ping(ctx context.Context, namespace string) error {
	_, err := s.Get(ctx, Session{Namespace: namespace, MeetingID: "sidecar", SessionID: "probe"}, 1, false)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// do sends a request once and decodes the object in the response. The client's own retries would wait up to ten times as long as
// Retry-After says.
func (s *RESTStore) do(ctx context.Context, verb, namespace string, request *rest.Request) (*Object, error) {
	result := request.Namespace(namespace).MaxRetries(0).Do(ctx)
	err := result.Error()
	s.metrics.apiRequest(verb, err)
	if err != nil {
		return nil, err
	}
	body, err := result.Raw()
	if err != nil {
		return nil, err
	}
	object, err := decodeObject(body)
	if err == nil {
		object.Namespace = namespace
		s.cache.add(cacheKey(namespace, object.Name), object)
	}
	return object, err
}

func decodeObject(body []byte) (*Object, error) {
	var wire wireObject
	if err := json.Unmarshal(body, &wire); err != nil {
		return nil, fmt.Errorf("decode the API server's response: %w", err)
	}
	return wire.object()
}

// wireObject has the fields of a MeetingRecording that the recorder reads.
type wireObject struct {
	Metadata struct {
		Name              string  `json:"name"`
		ResourceVersion   string  `json:"resourceVersion"`
		DeletionTimestamp *string `json:"deletionTimestamp"`
		Annotations       struct {
			Traceparent string `json:"recording.meetingops.dev/traceparent"` // AnnotationTraceparent
		} `json:"annotations"`
	} `json:"metadata"`
	Spec   v1alpha1.MeetingRecordingSpec `json:"spec"`
	Status struct {
		Recording  json.RawMessage `json:"recording"`
		Processing struct {
			State v1alpha1.ProcessingState `json:"state"`
		} `json:"processing"`
	} `json:"status"`
}

func (w *wireObject) object() (*Object, error) {
	if len(w.Status.Recording) == 0 {
		return nil, errors.New("the API server's response has no status.recording: install the CRDs of this version")
	}
	object := &Object{
		Name: w.Metadata.Name, ResourceVersion: w.Metadata.ResourceVersion, Spec: w.Spec,
		RawRecording: w.Status.Recording, Processing: w.Status.Processing.State,
		IsTerminating: w.Metadata.DeletionTimestamp != nil, Traceparent: w.Metadata.Annotations.Traceparent,
	}
	if err := json.Unmarshal(object.RawRecording, &object.Recording); err != nil {
		return nil, fmt.Errorf("decode status.recording of %s: %w", object.Name, err)
	}
	return object, nil
}

// isUnexpected reports whether a response is not of this API, such as the 404 of a kind that is not installed.
func isUnexpected(err error) bool {
	return apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse)
}

// blame maps fields of an object to fields of a webhook.
var blame = []struct{ prefix, field string }{
	{"spec.meetingID", "data.meetingId"},
	{"spec.sessionID", "data.sessionId"},
	{"status.recording.file.path", "data.filePath"},
	{"status.recording.file.url", "data.fileUrl"},
}

// rejected is the error of an object that breaks a rule.
func rejected(err error) *RejectedError {
	rejection := &RejectedError{Err: err}
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		return rejection
	}
	for _, b := range blame {
		if slices.ContainsFunc(status.Status().Details.Causes, func(c metav1.StatusCause) bool { return strings.HasPrefix(c.Field, b.prefix) }) {
			rejection.Field = b.field
			break
		}
	}
	return rejection
}
