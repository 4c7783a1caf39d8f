// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/validate/content"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/events"
	"github.com/meetingops/meeting-recording-operator/internal/event"
)

// summary is one recording in a list.
type summary struct {
	events.Recording `json:"recording"`

	Status       events.Status `json:"status,omitempty"`
	Processing   string        `json:"processing"`
	CreationTime time.Time     `json:"creationTime"`
	StartTime    *time.Time    `json:"startTime,omitempty"`
	EndTime      *time.Time    `json:"endTime,omitempty"`
	File         *events.File  `json:"file,omitempty"`
	// Steps is nil where there are none.
	Steps   *stepCount `json:"steps,omitempty"`
	Ready   bool       `json:"ready"`
	Stalled bool       `json:"stalled"`
	// Reason and Message are those of the condition Ready.
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
}

// stepCount counts how many steps a recording has, and how many of them have ended.
type stepCount struct {
	Done int `json:"done"`
	All  int `json:"all"`
}

func countSteps(steps []v1alpha1.StepStatus) *stepCount {
	if len(steps) == 0 {
		return nil
	}
	count := &stepCount{All: len(steps)}
	for _, step := range steps {
		switch step.State {
		case v1alpha1.StepSucceeded, v1alpha1.StepFailed, v1alpha1.StepSkipped:
			count.Done++
		}
	}
	return count
}

func summaryOf(object *v1alpha1.MeetingRecording) summary {
	recording := object.Status.Recording
	told := summary{
		Recording: event.Of(object).Recording, Status: event.StatusOf(recording.State),
		Processing: string(object.Status.Processing.State), CreationTime: object.CreationTimestamp.UTC(),
		StartTime: timeOf(recording.StartTime), EndTime: timeOf(recording.EndTime),
		Steps:   countSteps(object.Status.Processing.Steps),
		Stalled: meta.IsStatusConditionTrue(object.Status.Conditions, v1alpha1.ConditionStalled),
	}
	if recording.File != nil {
		told.File = &events.File{Path: recording.File.Path, URL: recording.File.URL}
	}
	if ready := meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
		told.Ready, told.Reason, told.Message = ready.Status == metav1.ConditionTrue, ready.Reason, ready.Message
	}
	return told
}

func timeOf(t *metav1.MicroTime) *time.Time {
	if t == nil {
		return nil
	}
	utc := t.UTC()
	return &utc
}

// page is a part of a list.
type page struct {
	Items    []summary `json:"items"`
	Continue string    `json:"continue,omitempty"`
}

// recordings serves GET /api/v1/recordings. The API server lists by name; a page is sorted, the newest first.
func (s *Server) recordings(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	namespace := query.Get("namespace")
	limit, err := pageSize(query.Get("limit"))
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	_, indices, refused := s.admit(r.Context(), r, request{namespace, "", []string{"list"}})
	if refused != nil {
		refused.write(w)
		return
	}
	at, token, err := parseContinue(query.Get("continue"), len(indices))
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	done, refused := s.turnToList(r.Context())
	if refused != nil {
		refused.write(w)
		return
	}
	defer done()
	told := page{Items: []summary{}}
	for at < len(indices) && len(told.Items) < limit {
		scope := namespace
		if scope == "" {
			scope = s.Feeds[indices[at]].Namespace()
		}
		var list v1alpha1.MeetingRecordingList
		err := s.Recordings.List(r.Context(), &list, &client.ListOptions{
			Namespace: scope, Limit: int64(limit - len(told.Items)), Continue: token,
		})
		if refused := s.readRefusal(err); refused != nil {
			refused.write(w)
			return
		}
		for i := range list.Items {
			told.Items = append(told.Items, summaryOf(&list.Items[i]))
		}
		if token = list.Continue; token == "" {
			at++
		}
	}
	if at < len(indices) {
		told.Continue = strconv.Itoa(at) + ":" + token
	}
	slices.SortStableFunc(told.Items, func(a, b summary) int { return b.CreationTime.Compare(a.CreationTime) })
	answer(w, http.StatusOK, told)
}

// turnToList waits until few enough lists are put together, and returns what ends the turn, or why there was none.
func (s *Server) turnToList(ctx context.Context) (done func(), refused *refusal) {
	ctx, cancel := context.WithTimeout(ctx, listWait)
	defer cancel()
	select {
	case s.lists <- struct{}{}:
		return func() { <-s.lists }, nil
	case <-ctx.Done():
		return nil, &refusal{http.StatusServiceUnavailable, "too many lists at once: try again"}
	}
}

// pageSize reads a limit; none is defaultPage.
func pageSize(text string) (int, error) {
	if text == "" {
		return defaultPage, nil
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > maxPage {
		return 0, fmt.Errorf("limit must be a number from 1 to %d", maxPage)
	}
	return limit, nil
}

var errContinue = errors.New("continue must be the value from the previous page: start again without it")

// parseContinue returns the namespace at which a list goes on, and the API server's own token.
func parseContinue(text string, namespaces int) (at int, token string, err error) {
	if text == "" {
		return 0, "", nil
	}
	number, token, found := strings.Cut(text, ":")
	at, err = strconv.Atoi(number)
	if err != nil || !found || at < 0 || at >= namespaces {
		return 0, "", errContinue
	}
	return at, token, nil
}

// recording serves GET /api/v1/namespaces/{namespace}/recordings/{name}.
func (s *Server) recording(w http.ResponseWriter, r *http.Request) {
	namespace := r.PathValue("namespace")
	if _, _, refused := s.admit(r.Context(), r, request{namespace, r.PathValue("name"), []string{"get"}}); refused != nil {
		refused.write(w)
		return
	}
	if len(content.IsPathSegmentName(r.PathValue("name"))) > 0 {
		fail(w, http.StatusNotFound, noRecording)
		return
	}
	var object v1alpha1.MeetingRecording
	err := s.Recordings.Get(r.Context(), client.ObjectKey{Namespace: namespace, Name: r.PathValue("name")}, &object)
	if refused := s.readRefusal(err); refused != nil {
		refused.write(w)
		return
	}
	object.ManagedFields = nil
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("MeetingRecording"))
	answer(w, http.StatusOK, &object)
}

const noRecording = "recording not found"

// readRefusal is nil for nil.
func (s *Server) readRefusal(err error) *refusal {
	switch {
	case apierrors.IsNotFound(err):
		return &refusal{http.StatusNotFound, noRecording}
	case apierrors.IsResourceExpired(err), apierrors.IsGone(err):
		return &refusal{http.StatusGone, "the list is too old: start again without continue"}
	case apierrors.IsBadRequest(err), apierrors.IsInvalid(err):
		return &refusal{http.StatusBadRequest, errContinue.Error()}
	}
	return s.refusalFor(err)
}
