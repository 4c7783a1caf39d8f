// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/meetingops/meeting-recording-operator/events"
	"github.com/meetingops/meeting-recording-operator/internal/stream/server"
)

// call is a request, and what comes back.
type call struct {
	method, path, body string
	header             map[string]string
}

// reply is what came back, its body being read.
type reply struct {
	StatusCode int
	Status     string
	Header     http.Header
	cookies    []*http.Cookie
}

func (r reply) Cookies() []*http.Cookie { return r.cookies }

func (c call) do(t *testing.T, url string) (reply, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), c.method, url+c.path, strings.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range c.header {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{response.StatusCode, response.Status, response.Header, response.Cookies()}, string(body)
}

func bearer(token string) map[string]string {
	return map[string]string{"Authorization": "Bearer " + token}
}

func TestAnswers(t *testing.T) {
	namespace, other := api.Namespace(t), api.Namespace(t)
	token, _ := reader(t, namespace)
	p := start(t, "--namespace", namespace, "--namespace", other)
	write := &writer{namespace: namespace, expected: map[string][]string{}}
	if err := write.recording(t.Context(), "one", false); err != nil {
		t.Fatal(err)
	}
	cookie := map[string]string{"Cookie": server.PlainCookieName + "=" + token}
	with := func(header map[string]string, name, value string) map[string]string {
		more := map[string]string{name: value}
		for n, v := range header {
			more[n] = v
		}
		return more
	}
	for name, test := range map[string]struct {
		call call
		code int
		says string
	}{
		"no token":                    {call{"GET", "/events?namespace=" + namespace, "", nil}, 401, "send a token of the cluster"},
		"another scheme":              {call{"GET", "/events?namespace=" + namespace, "", map[string]string{"Authorization": "Basic eDp5"}}, 401, "send a token of the cluster"},
		"a wrong token":               {call{"GET", "/events?namespace=" + namespace, "", bearer("wrong")}, 401, "does not accept the token"},
		"a namespace without a right": {call{"GET", "/events?namespace=" + other, "", bearer(token)}, 403, "you may not read meetingrecordings"},
		"all namespaces":              {call{"GET", "/events", "", bearer(token)}, 403, "you may not read meetingrecordings"},
		"a namespace not served":      {call{"GET", "/events?namespace=default", "", bearer(token)}, 403, "you may not read meetingrecordings"},
		"another method":              {call{"POST", "/events", "", bearer(token)}, 405, "use GET"},
		"HEAD":                        {call{"HEAD", "/events?namespace=" + namespace, "", bearer(token)}, 200, ""},
		"another path":                {call{"GET", "/api/v1/x", "", bearer(token)}, 404, "unknown path"},
		"a list":                      {call{"GET", "/api/v1/recordings?namespace=" + namespace, "", bearer(token)}, 200, `"status":"RECORDING_STOPPED","processing":"Succeeded"`},
		"a list, forbidden":           {call{"GET", "/api/v1/recordings?namespace=" + other, "", bearer(token)}, 403, "you may not"},
		"a list with a wrong limit":   {call{"GET", "/api/v1/recordings?limit=0&namespace=" + namespace, "", bearer(token)}, 400, "limit must be a number from 1 to 500"},
		"a list that goes on wrongly": {call{"GET", "/api/v1/recordings?continue=7:x&namespace=" + namespace, "", bearer(token)}, 400, "continue must be the value"},
		"a list that goes on at what the API server did not say": {
			call{"GET", "/api/v1/recordings?continue=0:x&namespace=" + namespace, "", bearer(token)}, 400, "continue must be the value"},
		"a recording":               {call{"GET", "/api/v1/namespaces/" + namespace + "/recordings/one", "", bearer(token)}, 200, `"kind":"MeetingRecording"`},
		"a missing recording":       {call{"GET", "/api/v1/namespaces/" + namespace + "/recordings/two", "", bearer(token)}, 404, "recording not found"},
		"a name that none can have": {call{"GET", "/api/v1/namespaces/" + namespace + "/recordings/a%2Fb", "", bearer(token)}, 404, "recording not found"},
		"a session":                 {call{"GET", "/api/v1/session", "", cookie}, 200, fmt.Sprintf(`{"user":"system:serviceaccount:%s:reader","namespaces":["%s","%s"]}`, namespace, namespace, other)},
		"the header wins":           {call{"GET", "/api/v1/session", "", with(cookie, "Authorization", "Bearer wrong")}, 401, "does not accept the token"},
		"a session with nothing":    {call{"POST", "/api/v1/session", "", nil}, 400, "the body must be"},
		"a session with rubbish":    {call{"POST", "/api/v1/session", "{", nil}, 400, "the body must be"},
		"a session of a wrong":      {call{"POST", "/api/v1/session", `{"token":"wrong"}`, nil}, 401, "does not accept the token"},
		"a token that is no such":   {call{"POST", "/api/v1/session", `{"token":"a b"}`, nil}, 400, "does not fit a cookie"},
		"a token that is too long": {call{"POST", "/api/v1/session", `{"token":"` + strings.Repeat("a", 4000) + `"}`, nil}, 400,
			"does not fit a cookie"},
		"a body that is too long": {call{"POST", "/api/v1/session", `{"token":"` + strings.Repeat("a", 20000) + `"}`, nil}, 413, "too long"},
		"another site": {call{"POST", "/api/v1/session", `{"token":"x"}`, map[string]string{"Sec-Fetch-Site": "cross-site"}}, 403,
			"cross-site requests"},
		"another origin": {call{"DELETE", "/api/v1/session", "", with(cookie, "Origin", "https://evil.example")}, 403, "cross-site requests"},
	} {
		t.Run(name, func(t *testing.T) {
			response, body := test.call.do(t, p.url)
			if response.StatusCode != test.code || !strings.Contains(body, test.says) {
				t.Errorf("answered %d %s", response.StatusCode, body)
			}
			if test.code == http.StatusUnauthorized && response.Header.Get("WWW-Authenticate") == "" {
				t.Error("no WWW-Authenticate")
			}
			if test.code >= 400 && !json.Valid([]byte(body)) {
				t.Errorf("not JSON: %s", body)
			}
			if strings.Contains(body, "managedFields") {
				t.Error("managedFields are in it")
			}
		})
	}
	if log := p.Output.String(); strings.Contains(log, token) {
		t.Error("the token is in the log")
	}
}

// Each way to read needs the verbs that the API server asks for: get for one recording, list for a list, list and watch for a stream. A
// token that was issued for the API server reads nothing, whatever its account may do, and the other way round.
func TestVerbs(t *testing.T) {
	namespace := api.Namespace(t)
	p := start(t, "--namespace", namespace)
	write := &writer{namespace: namespace, expected: map[string][]string{}}
	if err := write.recording(t.Context(), "one", false); err != nil {
		t.Fatal(err)
	}
	ways := []string{"/api/v1/namespaces/" + namespace + "/recordings/one", "/api/v1/recordings?namespace=" + namespace, "/events?namespace=" + namespace}
	tokens := map[string]string{}
	for name, verbs := range map[string][]string{"sidecar": {"create", "get"}, "lister": {"list"}, "watcher": {"watch"}, "follower": {"list", "watch"}} {
		tokens[name], _ = account(t, namespace, name, verbs...)
	}
	tokens["reader"], _ = reader(t, namespace)
	tokens["reader's of the API server"] = api.MustToken(t, namespace, "reader")
	tokens["sidecar's of the API server"] = api.MustToken(t, namespace, "sidecar")
	tokens["reader's of another audience"] = api.MustToken(t, namespace, "reader", "elsewhere")
	for name, want := range map[string][]int{
		"sidecar": {200, 403, 403}, "lister": {403, 200, 403}, "watcher": {403, 403, 403}, "follower": {403, 200, 200}, "reader": {200, 200, 200},
		"reader's of the API server": {401, 401, 401}, "sidecar's of the API server": {401, 401, 401}, "reader's of another audience": {401, 401, 401},
	} {
		var got []int
		for _, way := range ways {
			method := "GET"
			if strings.HasPrefix(way, "/events") {
				method = "HEAD"
			}
			answer, body := call{method, way, "", bearer(tokens[name])}.do(t, p.url)
			got = append(got, answer.StatusCode)
			if answer.StatusCode == http.StatusUnauthorized && method == "GET" && !strings.Contains(body, "kubectl create token --audience=meeting-recording-events") {
				t.Errorf("%s: %s", name, body)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if _, err := kubernetesAs(tokens["reader"]).CoreV1().Namespaces().Get(t.Context(), namespace, metav1.GetOptions{}); !apierrors.IsUnauthorized(err) {
		t.Errorf("the API server accepts a token for the events server: %v", err)
	}
}

// kubernetesAs returns a client of the API server with a token.
func kubernetesAs(token string) kubernetes.Interface {
	config := rest.AnonymousClientConfig(api.Config)
	config.BearerToken = token
	return kubernetes.NewForConfigOrDie(config)
}

// A browser's session: its cookie is out of reach of scripts and other sites, and outlives the server.
func TestSession(t *testing.T) {
	namespace := api.Namespace(t)
	token, _ := reader(t, namespace)
	p := start(t, "--namespace", namespace, "--trusted-proxy", "127.0.0.0/8")
	begin := func(header map[string]string) *http.Cookie {
		t.Helper()
		response, body := call{"POST", "/api/v1/session", `{"token":"` + token + `"}`, header}.do(t, p.url)
		if response.StatusCode != http.StatusOK || len(response.Cookies()) != 1 {
			t.Fatalf("answered %d %s", response.StatusCode, body)
		}
		return response.Cookies()[0]
	}
	cookie := begin(nil)
	if cookie.Name != "mrec-session" || cookie.Secure || !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Path != "/" {
		t.Errorf("cookie %v", cookie)
	}
	if safe := begin(map[string]string{"X-Forwarded-Proto": "https"}); safe.Name != "__Host-mrec-session" || !safe.Secure || safe.Path != "/" || safe.Domain != "" {
		t.Errorf("behind HTTPS the cookie is %v", safe)
	}
	p.Kill()
	p.run(t)
	header := map[string]string{"Cookie": cookie.Name + "=" + cookie.Value}
	if response, body := (call{"GET", "/api/v1/session", "", header}).do(t, p.url); response.StatusCode != http.StatusOK {
		t.Errorf("after a restart: %d %s", response.StatusCode, body)
	}
	response, _ := call{"DELETE", "/api/v1/session", "", header}.do(t, p.url)
	if cookies := response.Cookies(); response.StatusCode != http.StatusNoContent || len(cookies) != 1 || cookies[0].MaxAge >= 0 {
		t.Errorf("the end: %d, %v", response.StatusCode, response.Cookies())
	}
}

func TestRecordingsGoOnOverNamespaces(t *testing.T) {
	first, second := api.Namespace(t), api.Namespace(t)
	p := start(t, "--namespace", first, "--namespace", second)
	for _, namespace := range []string{first, second} {
		w := &writer{namespace: namespace, expected: map[string][]string{}}
		for i := range 3 {
			if err := w.recording(t.Context(), fmt.Sprintf("r%d", i), true); err != nil {
				t.Fatal(err)
			}
		}
	}
	token := api.MustToken(t, "default", "events", events.TokenAudience)
	var names []string
	for next := ""; ; {
		response, body := call{"GET", "/api/v1/recordings?limit=2&continue=" + next, "", bearer(token)}.do(t, p.url)
		var page struct {
			Items []struct {
				Recording struct{ Name, Namespace string }
			}
			Continue string
		}
		if err := json.Unmarshal([]byte(body), &page); err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%d %s", response.StatusCode, body)
		}
		for _, item := range page.Items {
			names = append(names, item.Recording.Namespace+"/"+item.Recording.Name)
		}
		if next = page.Continue; next == "" {
			break
		}
	}
	if len(names) != 6 {
		t.Errorf("listed %v", names)
	}
}
