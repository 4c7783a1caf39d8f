// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/controllers"
)

// watches stand between a manager and what it watches.
type watches struct {
	mu   sync.Mutex
	open map[*watchBody]bool
	// answer, if not nil, answers new watches; it returns nil for one that may pass.
	answer func(*http.Request) (*http.Response, error)
	// answered says of which resources watches were answered by the present answer.
	answered sets.Set[string]
}

func newWatches() *watches {
	return &watches{open: make(map[*watchBody]bool), answered: sets.New[string]()}
}

var errLost = errors.New("the test lost the watch")

func (w *watches) tamper(request *http.Request, kind string, next http.RoundTripper) (*http.Response, error) {
	if request.URL.Query().Get("watch") == "" {
		return next.RoundTrip(request)
	}
	if response, err := w.answerTo(request, kind); response != nil || err != nil {
		return response, err
	}
	response, err := next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	body := &watchBody{ReadCloser: response.Body}
	response.Body = body
	w.open[body] = true
	return response, nil
}

func (w *watches) answerTo(request *http.Request, kind string) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.answer == nil {
		return nil, nil
	}
	response, err := w.answer(request)
	if response != nil || err != nil {
		w.answered.Insert(kind)
	}
	return response, err
}

// lose ends every watch, and has new ones answered by answer; nil lets them pass.
func (w *watches) lose(answer func(*http.Request) (*http.Response, error)) {
	w.let(answer)
	w.mu.Lock()
	defer w.mu.Unlock()
	for body := range w.open {
		body.lose()
	}
	clear(w.open)
}

// let has new watches answered by answer from now on; nil lets them pass.
func (w *watches) let(answer func(*http.Request) (*http.Response, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer = answer
	w.answered = sets.New[string]()
}

func (w *watches) wereAnswered(kinds ...string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.answered.HasAll(kinds...) {
		return fmt.Errorf("only those of %v", sets.List(w.answered))
	}
	return nil
}

// watchBody is what a watch tells, until it is lost.
type watchBody struct {
	io.ReadCloser
	mu   sync.Mutex
	lost bool
}

func (b *watchBody) Read(into []byte) (int, error) {
	n, err := b.ReadCloser.Read(into)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lost {
		return 0, errLost
	}
	return n, err
}

func (b *watchBody) lose() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lost = true
	_ = b.Close()
}

func noWatch(*http.Request) (*http.Response, error) { return nil, errLost }

// gone is 410, as the answer or as the only event of a watch, which is how the API server says that what is asked for is too old. A
// watch that begins by telling all there is asks for nothing old.
func gone(asEvent bool) func(*http.Request) (*http.Response, error) {
	return func(request *http.Request) (*http.Response, error) {
		if version := request.URL.Query().Get("resourceVersion"); version == "" || version == "0" {
			return nil, nil
		}
		status := `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version","reason":"Expired","code":410}`
		if asEvent {
			return jsonAnswer(request, http.StatusOK, `{"type":"ERROR","object":`+status+`}`), nil
		}
		return jsonAnswer(request, http.StatusGone, status), nil
	}
}

func jsonAnswer(request *http.Request, code int, body string) *http.Response {
	return &http.Response{
		StatusCode: code, Status: fmt.Sprintf("%d %s", code, http.StatusText(code)), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: request,
	}
}

// Whatever changes while the manager's watches are lost, or until it finds that it must read everything again, is seen in the end: that a
// recording ended, that a Job ended, and that one was deleted.
func TestLostWatches(t *testing.T) {
	for name, answer := range map[string]func(*http.Request) (*http.Response, error){
		"connection cut":        nil,
		"410 Gone":              gone(false), //nolint:bodyclose // the manager closes it
		"410 Gone in the watch": gone(true),  //nolint:bodyclose // the manager closes it
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ns := namespace(t)
			newPipelineAccepted(t, ns)
			made := newLedger(t, ns)
			lost := newWatches()
			start(t, ns, func(_ *controllers.Options, w *wire) { w.tamper = lost.tamper })
			ends, succeeds, misses := newRecording(t, ns, "ends"), newRecording(t, ns, "succeeds"), newRecording(t, ns, "misses")
			for _, recording := range []*v1alpha1.MeetingRecording{succeeds, misses} {
				arrives(t, recording, v1alpha1.EventStopped, 0)
				expect(t, recording, v1alpha1.ProcessingRunning, processingNow, "InProgress")
			}

			lost.lose(noWatch)
			eventually(t, "the watches are lost", func() error { return lost.wereAnswered("meetingrecordings", "jobs") })
			arrives(t, ends, v1alpha1.EventStopped, 0)
			exits(t, jobOf(t, succeeds, "default", "archive"), 0, "")
			deleteJob(t, jobOf(t, misses, "default", "archive"))
			lost.let(answer)
			if answer != nil {
				eventually(t, "the watches are answered 410", func() error { return lost.wereAnswered("meetingrecordings", "jobs") })
				lost.let(nil)
			}

			expect(t, ends, v1alpha1.ProcessingRunning, processingNow, "InProgress")
			expect(t, succeeds, v1alpha1.ProcessingSucceeded, processed, "Current")
			expect(t, misses, v1alpha1.ProcessingFailed, failedPermanently, "Failed")
			made.expect(t, ns, 3)
		})
	}
}

func deleteJob(t *testing.T, job *batchv1.Job) {
	t.Helper()
	if err := admin.Delete(t.Context(), job, client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
		t.Fatal(err)
	}
}

// A storm of conflicts, as the quota's admission and an API server under load answer them, costs time and nothing else.
func TestConflictStorm(t *testing.T) {
	const storm = 4
	ns := namespace(t)
	newPipelineAccepted(t, ns)
	made := newLedger(t, ns)
	var mu sync.Mutex
	left := map[string]int{"POST jobs": storm, "PATCH meetingrecordings/status": storm}
	op := start(t, ns, func(_ *controllers.Options, w *wire) {
		w.tamper = func(request *http.Request, kind string, next http.RoundTripper) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			if left[request.Method+" "+kind]--; left[request.Method+" "+kind] >= 0 {
				return jsonAnswer(request, http.StatusConflict, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Conflict","code":409,`+
					`"message":"Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest version and try again"}`), nil
			}
			return next.RoundTrip(request)
		}
	})
	recording := newRecording(t, ns, "rec")
	arrives(t, recording, v1alpha1.EventStopped, 0)
	exits(t, jobOf(t, recording, "default", "archive"), 0, "")
	expect(t, recording, v1alpha1.ProcessingSucceeded, processed, "Current")
	made.expect(t, ns, 1)
	want := storm + 2
	if got := op.wire.counted()["PATCH meetingrecordings/status"]; got > want {
		t.Errorf("%d writes of the status, of which %d conflicted; want %d at most", got, storm, want)
	}
}
