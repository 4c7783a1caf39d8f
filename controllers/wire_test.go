// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

// wire stands between a manager and the API server: it counts what the manager writes, and can cut the manager off.
type wire struct {
	mu     sync.Mutex
	writes map[string]int
	reads  map[string]int
	// gets counts the objects that were read by name.
	gets  map[string]int
	total int
	// cutAt is the write at which the manager is cut off permanently, from 1; 0 is never. The write itself arrives at the API server
	// only with cutAfter.
	cutAt    int
	cutAfter bool
	isCut    bool
	// unavailable is how many requests of a kind are yet answered by 503, after passing as many as pass says.
	unavailable, pass map[string]int
	// tamper, if not nil, answers in place of next; it is set before the manager starts.
	tamper func(request *http.Request, kind string, next http.RoundTripper) (*http.Response, error)
	// beforeDelete is called with the name of what is about to be deleted.
	beforeDelete func(name string)
	// ahead is how far the API server's clock is from the machine's.
	ahead time.Duration
	// undeletable has the status code that answers the deletion of an object, by its name.
	undeletable map[string]int
	// expiring is how many pages of lists are yet answered by 410.
	expiring int
}

// makeUnavailable answers requests of a kind by 503: so many, after so many others.
func (w *wire) makeUnavailable(kind string, after, times int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pass, w.unavailable = map[string]int{kind: after}, map[string]int{kind: times}
}

// refuses says whether the request is to be answered by 503.
func (w *wire) refuses(kind string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pass[kind] > 0 {
		w.pass[kind]--
		return false
	}
	if w.unavailable[kind] == 0 {
		return false
	}
	w.unavailable[kind]--
	return true
}

// unavailableAnswer is what an API server says that is starting or overloaded.
func unavailableAnswer(request *http.Request) *http.Response {
	return answer(request, http.StatusServiceUnavailable, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"ServiceUnavailable","code":503}`)
}

func answer(request *http.Request, code int, body string) *http.Response {
	return &http.Response{
		StatusCode: code, Status: http.StatusText(code), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:  http.Header{"Content-Type": {"application/json"}},
		Body:    io.NopCloser(strings.NewReader(body)),
		Request: request,
	}
}

// expires says whether the next page of a list is to be answered by 410.
func (w *wire) expires() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.expiring == 0 {
		return false
	}
	w.expiring--
	return true
}

var errCut = errors.New("the test cut the wire")

// through returns the transport with the wire before it.
func (w *wire) through(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		kind := kindOf(request)
		w.countGet(request)
		if !w.admit(request.Method, kind) {
			return nil, errCut
		}
		if w.refuses(request.Method + " " + kind) {
			return unavailableAnswer(request), nil
		}
		if request.Method == http.MethodDelete && w.beforeDelete != nil {
			w.beforeDelete(path.Base(request.URL.Path))
		}
		if token := request.URL.Query().Get("continue"); token != "" && w.expires() {
			return answer(request, http.StatusGone, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","code":410,"metadata":{"continue":"`+token+`"}}`), nil
		}
		response, err := w.forward(request, kind, next)
		w.answered(request.Method, kind)
		if w.cutNow() {
			if err == nil {
				_ = response.Body.Close()
			}
			return nil, errCut
		}
		return response, err
	})
}

func (w *wire) forward(request *http.Request, kind string, next http.RoundTripper) (*http.Response, error) {
	if code := w.undeletable[path.Base(request.URL.Path)]; code != 0 && request.Method == http.MethodDelete {
		return answer(request, code, fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":%q,"code":%d,"message":"not allowed"}`, http.StatusText(code), code)), nil
	}
	if w.tamper != nil {
		return w.tamper(request, kind, next)
	}
	response, err := next.RoundTrip(request)
	if err == nil && request.URL.Path == "/version" {
		response.Header.Set("Date", time.Now().Add(w.ahead).UTC().Format(http.TimeFormat))
	}
	return response, err
}

// answered counts a read, of which what is read cannot change any more.
func (w *wire) answered(method, kind string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if method == http.MethodGet {
		w.reads[kind]++
	}
}

// admit counts the request, if it writes, and says whether it may pass.
func (w *wire) admit(method, kind string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.isCut {
		return false
	}
	if strings.HasSuffix(kind, "meetingrecordings/status (dry run)") {
		return true // it writes nothing
	}
	if method == http.MethodGet {
		return true
	}
	if kind == "events" {
		w.writes[method+" "+kind]++
		return true
	}
	w.total++
	if w.cutAt > 0 && w.total >= w.cutAt && !w.cutAfter {
		w.isCut = true
		return false
	}
	w.writes[method+" "+kind]++
	return true
}

// cutNow says whether the answer is to be withheld.
func (w *wire) cutNow() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cutAt > 0 && w.total >= w.cutAt {
		w.isCut = true
	}
	return w.isCut
}

// counted returns how many requests of each kind were written so far, Kubernetes Events apart.
func (w *wire) counted() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	counted := make(map[string]int)
	for kind, n := range w.writes {
		if !strings.HasSuffix(kind, " events") {
			counted[kind] = n
		}
	}
	return counted
}

// read returns how many requests read the kind.
func (w *wire) read(kind string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.reads[kind]
}

// swept counts the pages that were listed in search of old recordings.
const swept = "a page of recordings"

// countGet counts a request for one object.
func (w *wire) countGet(request *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if request.Method == http.MethodGet {
		w.gets[path.Base(request.URL.Path)]++
		if request.URL.Query().Get("limit") == strconv.Itoa(sweepPage) {
			w.gets[swept]++
		}
	}
}

// got returns how often the object of the name was read by it.
func (w *wire) got(name string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.gets[name]
}

func (w *wire) wasCut() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.isCut
}

// kindOf returns the resource of a request, with its subresource: the end of /apis/group/version/namespaces/ns/resource/name/sub.
func kindOf(request *http.Request) string {
	parts := strings.Split(strings.Trim(request.URL.Path, "/"), "/")
	for i, part := range parts {
		if part == "namespaces" && i+2 < len(parts) {
			kind := parts[i+2]
			if i+4 < len(parts) {
				kind += "/" + parts[i+4]
			}
			if request.URL.Query().Get("dryRun") != "" {
				kind += " (dry run)"
			}
			return kind
		}
	}
	return parts[len(parts)-1]
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }
