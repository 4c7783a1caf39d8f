// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// size is a window that the states are looked at in.
type size struct {
	name          string
	width, height int64
}

var (
	desktop = size{"desktop", 1280, 800}
	phone   = size{"phone", 390, 844}
)

// seen looks at a state in both sizes and colour schemes: axe-core finds nothing, and nothing is wider than the window.
func (b *tab) seen(state string) {
	b.t.Helper()
	for _, s := range []size{desktop, phone} {
		for _, scheme := range []string{"light", "dark"} {
			b.look(s.width, s.height, scheme)
			eval[chromedp.Void](b, `scrollTo(0, 0); document.querySelector(".detail")?.scrollTo(0, 0)`)
			name := fmt.Sprintf("%s-%s-%s", state, s.name, scheme)
			if wide := eval[int64](b, `document.scrollingElement.scrollWidth`); wide > s.width {
				b.t.Errorf("%s is %d pixels wide, by %q", name, wide, eval[[]string](b, `[...document.querySelectorAll("body *")]
				.filter((e) => e.getBoundingClientRect().right > innerWidth).map((e) => e.tagName + "." + e.className)`))
			}
			b.accessible(name)
			b.screenshot(name)
		}
	}
	b.look(desktop.width, desktop.height, "light")
}

func TestSignedOut(t *testing.T) {
	w := newWorld(t)
	w.serve(t)
	b := newTab(t)
	b.open(w.url("#/?state=ready"))
	b.awaitView("signed-out")
	b.awaitText(".hint", "kubectl -n NAMESPACE create token SERVICEACCOUNT --audience=meeting-recording-events")
	b.seen("signed-out")

	b.enter("#token", "not-a-token")
	b.click("button[type=submit]")
	b.awaitText("[role=alert]", "The cluster does not accept this token.")
	b.await("the focus in the field", `document.activeElement.id === "token"`)
	b.accessible("a wrong token")
	b.screenshot("wrong-token")

	b.enter("#token", w.token(t, "viewer"))
	b.click("button[type=submit]")
	b.awaitView("list")
	b.awaitText("#who", "system:serviceaccount:"+w.namespace+":viewer")
	if got := eval[string](b, `document.querySelector("[aria-pressed=true]").innerText`); !strings.HasPrefix(got, "Ready") {
		t.Errorf("after signing in the filter is %q, the address says ready", got)
	}
	if cookies := eval[string](b, `document.cookie`); cookies != "" {
		t.Errorf("scripts can read the cookie")
	}

	// A session that ended, as that of an expired token.
	call(b, network.ClearBrowserCookies, cdp.Empty{})
	eval[chromedp.Void](b, `location.hash = "#/`+w.namespace+`/some"; undefined`)
	b.awaitView("signed-out")
	b.awaitText(".lead", "Your session ended.")

	b.enter("#token", w.token(t, "viewer"))
	b.click("button[type=submit]")
	b.awaitText(".detail", "This recording is gone")
	b.seen("gone")
	b.click("#sign-out")
	b.awaitView("signed-out")
	b.awaitText(".lead", "You see the recordings that you may read")
}

func TestForbidden(t *testing.T) {
	w := newWorld(t)
	w.serve(t)
	b := newTab(t)
	b.withToken(w, "stranger")
	b.open(w.url(""))
	b.awaitView("forbidden")
	b.awaitText("main", "system:serviceaccount:"+w.namespace+":stranger may not read the recordings")
	b.awaitText(".problem", "you may not read meetingrecordings there")
	b.awaitText(".hint", "kubectl auth can-i list meetingrecordings.recording.meetingops.dev")
	b.seen("forbidden")

	b.enter("#other-namespace", "elsewhere")
	b.click("button[type=submit]")
	b.awaitText("main", "in the namespace elsewhere")
	b.click("main .quiet")
	b.awaitView("signed-out")
}

// TestNamespaces looks at a server of all namespaces with a token that may read one of them.
func TestNamespaces(t *testing.T) {
	w := newWorld(t)
	w.serveAll(t)
	w.have(t, recording("jvsg-8rjn-j304", "63e1f0a0b2c4d5e6f7a8b902", v1alpha1.RecordingStarted, time.Minute))
	b := newTab(t)
	b.withToken(w, "viewer")
	b.open(w.url(""))
	b.awaitView("forbidden")
	b.awaitText("main", "may not read the recordings of all namespaces")
	b.enter("#other-namespace", w.namespace)
	b.press(kb.Enter)
	b.awaitRows("jvsg-8rjn-j304: Recording")
	b.await("the namespace in the address and in its field", fmt.Sprintf(`location.hash === "#/?namespace=%[1]s" && document.getElementById("namespace").value === %[1]q`, w.namespace))
	b.accessible("a list with a namespace to choose")
	b.enter("#namespace", "elsewhere")
	b.press(kb.Enter)
	b.awaitText("main", "in the namespace elsewhere")
}

func TestEmptyAndDisconnected(t *testing.T) {
	w := newWorld(t)
	w.serve(t)
	b := newTab(t)
	b.withToken(w, "viewer")
	b.open(w.url(""))
	b.awaitText("#empty", "No recordings yet")
	b.awaitText("#link-state", "Live")
	b.seen("empty")

	w.events.Kill()
	b.awaitText(".banner", "Not connected. What you see is from")
	b.seen("disconnected")
	w.serve(t)
	b.awaitText("#link-state", "Live")
	b.awaitSaid("Connected again.")
}

// TestLoadingAndNoAnswer holds the list's request back, and then lets it fail.
func TestLoadingAndNoAnswer(t *testing.T) {
	w := newWorld(t)
	w.serve(t)
	b := newTab(t)
	b.withToken(w, "viewer")
	paused := make(chan fetch.RequestID, 1)
	if err := chromedp.Listen(b.ctx, func(event any) {
		if e, is := event.(*fetch.EventRequestPaused); is {
			paused <- e.RequestID
		}
	}); err != nil {
		t.Fatal(err)
	}
	call(b, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: "*/api/v1/recordings*"}}})
	b.open(w.url(""))
	request := <-paused
	b.awaitView("loading")
	b.await("the list's place", `document.querySelector(".loading[aria-busy=true] .bone")`)
	b.seen("loading")
	call(b, fetch.FailRequest, fetch.FailRequestParams{RequestID: request, ErrorReason: network.ErrorReasonConnectionReset})
	b.awaitView("problem")
	b.awaitText("main", "The recordings could not be loaded: the server cannot be reached.")
	b.seen("no-answer")
	call(b, fetch.Disable, cdp.Empty{})
	b.click("main .primary")
	b.awaitView("list")
}

// gallery has one recording of each kind, the failed ones among them.
func gallery(t *testing.T, w *world) (failed *v1alpha1.MeetingRecording) {
	t.Helper()
	media := mediaServer(t)
	w.serve(t, "--media-host", media.URL, "--logs-url", "https://logs.example.com/{namespace}/{job}")
	waiting := metav1.Condition{Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonProcessing, Message: "Jobs are at work"}
	done := metav1.Condition{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonProcessed, Message: "every step succeeded"}
	outputs := []v1alpha1.StepOutput{archiveOutput(), posterOutput(media), filmOutput(media)}
	steps := func(states ...v1alpha1.StepState) (all []v1alpha1.StepStatus) {
		for i, name := range []string{"archive", "thumbnail", "transcode"} {
			s := step(name, states[i], time.Duration(12+70*i)*time.Second)
			if states[i] == v1alpha1.StepSucceeded {
				s.Outputs = outputs[i : i+1]
			}
			all = append(all, s)
		}
		return all
	}
	const ok, run, bad, skip, pending = v1alpha1.StepSucceeded, v1alpha1.StepRunning, v1alpha1.StepFailed, v1alpha1.StepSkipped, v1alpha1.StepPending

	broken := steps(ok, bad, skip)
	broken[1].Message = "exit code 65: the file is no video: moov atom not found"
	broken[1].Attempt, broken[1].Retries = 2, 1
	broken[2].Message, broken[2].Reason = "it needs thumbnail, which failed", v1alpha1.StepNeedFailed
	failed = processed(recording("yh3f-p2o9-48zb", "63e1f0a0b2c4d5e6f7a8b906", v1alpha1.RecordingStopped, 2*time.Hour), v1alpha1.ProcessingFailed,
		metav1.Condition{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonProcessingFailed,
			Message: "web/thumbnail: exit code 65: the file is no video: moov atom not found"}, broken...)
	failed.Status.Processing.History = []v1alpha1.StepAttempt{{Pipeline: "web", Step: "thumbnail", Attempt: 1, State: bad, StartTime: broken[1].StartTime,
		CompletionTime: broken[1].CompletionTime, Message: "exit code 75: the download broke off"}}
	stalled := processed(recording("aw81-kk2p-vv07", "63e1f0a0b2c4d5e6f7a8b907", v1alpha1.RecordingStarted, 11*time.Hour), v1alpha1.ProcessingWaiting,
		metav1.Condition{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonTerminalEventMissing,
			Message: "neither recording-stopped nor recording-failed came within 6h0m0s"})
	ready := processed(recording("tmkx-20cv-lq8s", "63e1f0a0b2c4d5e6f7a8b905", v1alpha1.RecordingStopped, 3*time.Hour), v1alpha1.ProcessingSucceeded, done, steps(ok, ok, ok)...)
	ready.Status.Recording.Events[3].Deliveries = 2
	for _, r := range []*v1alpha1.MeetingRecording{
		failed, stalled, ready,
		recording("c0de-r3vw-1192", "63e1f0a0b2c4d5e6f7a8b908", v1alpha1.RecordingFailed, 4*time.Hour),
		recording("pk2q-77aw-x9d1", "63e1f0a0b2c4d5e6f7a8b901", v1alpha1.RecordingStarting, 3*time.Second),
		recording("jvsg-8rjn-j304", "63e1f0a0b2c4d5e6f7a8b902", v1alpha1.RecordingStarted, 754*time.Second),
		recording("board-weekly", "63e1f0a0b2c4d5e6f7a8b903", v1alpha1.RecordingStopping, time.Hour),
		processed(recording("q7rr-m41c-aa02", "63e1f0a0b2c4d5e6f7a8b904", v1alpha1.RecordingStopped, 40*time.Minute), v1alpha1.ProcessingRunning, waiting, steps(ok, run, pending)...),
		processed(recording("daily-standup", "63e1f0a0b2c4d5e6f7a8b909", v1alpha1.RecordingStopped, 26*time.Hour), v1alpha1.ProcessingSucceeded, done, steps(ok, ok, ok)...),
		processed(recording("z81x-92ms-pq11", "63e1f0a0b2c4d5e6f7a8b90a", v1alpha1.RecordingStopped, 30*time.Hour), v1alpha1.ProcessingSkipped,
			metav1.Condition{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonNothingToProcess, Message: "no pipeline matched"}),
	} {
		w.have(t, r)
	}
	return failed
}

func TestListAndFailure(t *testing.T) {
	w := newWorldIn(t, metav1.ObjectMeta{Name: "meetings"})
	failed := gallery(t, w)
	b := newTab(t)
	b.withToken(w, "viewer")
	b.open(w.url(""))
	b.awaitText("#count", "10 recordings")
	b.awaitText("#link-state", "Live")
	groups := eval[[]string](b, `[...document.querySelectorAll("tr.heading")].filter((e) => e.checkVisibility()).map((e) => e.querySelector("span").innerText + " " + e.querySelector(".n").innerText)`)
	if got := strings.Join(groups, ", "); got != "Needs attention 3, Recording now 3, Processing 1, Ready 3" {
		t.Errorf("the groups are %s", got)
	}
	b.seen("list")

	b.open(w.url(fmt.Sprintf("#/%s/%s", w.namespace, failed.Name)))
	b.awaitText(".trouble", "exit code 65: the file is no video: moov atom not found")
	b.awaitText(".trouble", "kubectl -n "+w.namespace+" describe mrec "+failed.Name)
	if first := eval[bool](b, `document.querySelector(".trouble").compareDocumentPosition(document.querySelector(".facts")) === Node.DOCUMENT_POSITION_FOLLOWING`); !first {
		t.Error("the reason does not come first")
	}
	b.awaitText(".step-list", "attempt 2, 1 retry")
	b.awaitText(".timeline li[data-type=Stopped]", "+6.2 s")
	b.click("#history summary")
	b.awaitText("#history", "exit code 75: the download broke off")
	b.seen("failed")

	b.open(w.url("#/" + w.namespace + "/tmkx-20cv-lq8s-63e1f0a0b2c4d5e6f7a8b905"))
	b.awaitText(".timeline li[data-type=Stopped]", "delivered 2 times")
	b.await("the poster", `document.querySelector("video").poster.endsWith("/poster.png")`)
	b.seen("ready")
	b.look(1440, 960, "light")
	b.screenshot("page") // that of docs/images

	b.open(w.url("#/?state=attention&q=moov"))
	b.awaitRows("yh3f-p2o9-48zb: Processing failed")
	b.enter("#search", "no such thing")
	b.awaitText("#empty", "No recording matches")
	b.await("the filter in the address", `location.hash === "#/?state=attention&q=no+such+thing"`)
	b.awaitSaid("0 recordings shown")
	b.seen("no-match")
	b.click("#empty button")
	b.awaitText("#count", "10 recordings")
	b.enter("#meeting", "standup")
	b.awaitRows("daily-standup: Ready")
}

// TestFileFacts: the page says of a file that it is in the customer's own bucket, and that it is encrypted, and where its key is.
func TestFileFacts(t *testing.T) {
	w := newWorld(t)
	w.serve(t)
	own := recording("own4-buck-et00", "63e1f0a0b2c4d5e6f7a8b90c", v1alpha1.RecordingStopped, time.Hour)
	own.Status.Recording.File.URL = ""
	own.Status.Recording.File.Encryption = &v1alpha1.FileEncryption{KeyURL: "https://keys.example.com/a.key", MetadataURL: "s3://keys/a.json"}
	hosted := recording("host-edby-them", "63e1f0a0b2c4d5e6f7a8b90d", v1alpha1.RecordingStopped, time.Hour)
	w.have(t, own)
	w.have(t, hosted)
	b := newTab(t)
	b.withToken(w, "viewer")
	b.open(w.url("#/" + w.namespace + "/" + own.Name))
	b.awaitText(".facts", own.Status.Recording.File.Path+" in your own bucket")
	b.awaitText(".facts", "key")
	b.awaitText(".facts", "s3://keys/a.json")
	if link := eval[string](b, `document.querySelector(".facts a[href]").href`); link != "https://keys.example.com/a.key" {
		t.Errorf("the only link of the facts is %q, want the key's", link)
	}
	b.open(w.url("#/" + w.namespace + "/" + hosted.Name))
	b.awaitText(".facts", hosted.Status.Recording.File.Path)
	if text := eval[string](b, `document.querySelector(".facts").innerText`); strings.Contains(text, "own bucket") || strings.Contains(text, "Encrypted") {
		t.Errorf("the facts of the provider's own file are %q", text)
	}
}

// TestMany has more recordings than a request lists.
func TestMany(t *testing.T) {
	w := newWorld(t)
	w.serve(t)
	const many = 620
	for i := range many {
		api.Create(t, &v1alpha1.MeetingRecording{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("many-%04d", i), Namespace: w.namespace},
			Spec:       v1alpha1.MeetingRecordingSpec{MeetingID: fmt.Sprintf("many-%04d", i), SessionID: "s", Segment: 1},
		})
	}
	b := newTab(t)
	b.withToken(w, "viewer")
	b.open(w.url(""))
	b.awaitText("#count", "620 recordings")
	if got := len(b.rows()); got != 25 {
		t.Errorf("%d rows are shown at first, want 25", got)
	}
	b.click("tr.more button")
	b.await("100 rows more", `document.querySelectorAll("tr.row").length === 125`)
	b.await("the focus on the first of them", `[...document.querySelectorAll("tr.row a")].indexOf(document.activeElement) === 25`)
	b.awaitText("tr.more", "Show 100 more of 495")
	b.accessible("many")
	b.enter("#search", "many-0000")
	b.awaitRows("many-0000: Announced")
}
