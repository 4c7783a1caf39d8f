// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// TestRecordingFromItsFirstWebhook follows one recording on the page, which is loaded once: it appears, goes through its states and
// becomes ready, as webhooks arrive and Jobs end, while the server is killed twice and started again.
func TestRecordingFromItsFirstWebhook(t *testing.T) {
	const meeting, session = "jvsg-8rjn-j304", "63e1f0a0b2c4d5e6f7a8b9c0"
	const name = meeting + "-" + session
	w := newWorld(t)
	media := mediaServer(t)
	w.serve(t, "--media-host", media.URL, "--logs-url", "https://logs.example.com/{namespace}/{job}")
	w.havePipeline(t, "archive", "thumbnail", "transcode")
	start(t, "manager", "--namespace", w.namespace, "--metrics-bind-address", "0", "--reorder-window", "1s")
	provider := newProvider(t, w)
	b := newTab(t)

	b.open(w.url(""))
	b.awaitView("signed-out")
	b.enter("#token", w.token(t, "viewer"))
	b.press("\r")
	b.awaitView("list")
	b.awaitText("#empty", "No recordings yet")
	b.awaitText("#link-state", "Live")
	eval[chromedp.Void](b, `globalThis.loadedOnce = true; undefined`)

	provider.send(t, "recording-starting", meeting, session)
	b.awaitRows(meeting + ": Starting")
	provider.send(t, "recording-started", meeting, session)
	b.awaitRows(meeting + ": Recording")
	b.screenshot("story-1-recording")

	b.click("tr.row a")
	b.awaitText(".detail h2", meeting)
	b.awaitText(".timeline li", "Recording started")

	// What happens while the server is unavailable shows once it is back.
	w.events.Kill()
	b.awaitText("#link-state", "Not connected")
	b.awaitText(".banner", "What you see is from")
	b.screenshot("story-2-disconnected")
	b.accessible("disconnected, a recording open")
	provider.send(t, "recording-stopping", meeting, session)
	provider.send(t, "recording-stopping", meeting, session)
	w.serve(t)
	b.awaitText("#link-state", "Live")
	b.awaitText(".detail .badge", "Finishing")
	b.awaitText(".timeline li[data-type=Stopping]", "delivered 2 times")
	b.awaitRows(meeting + ": Finishing")

	provider.send(t, "recording-stopped", meeting, session)
	b.awaitText(".detail .head-state .badge", "Processing")
	b.awaitText(".step-list li", "Running")
	b.screenshot("story-3-processing")
	w.complete(t, name, "archive", archiveOutput())
	b.awaitText(".output-list", "s3://recordings/2026/11/23/recording.mp4")
	// What a person has opened and is about to press stays as it is when a step ends.
	const ofTranscode = `[data-focus="web/transcode"] `
	b.click(ofTranscode + "summary")
	b.do(chromedp.Focus(chromedp.CSS(ofTranscode + ".copy")))
	w.complete(t, name, "thumbnail", posterOutput(media))
	b.awaitText(".output-list", "poster")
	b.await("the focus and what was opened to stay", `document.activeElement.matches('`+ofTranscode+`.copy') && document.querySelector('`+ofTranscode+`details').open`)
	b.awaitText(ofTranscode, "kubectl -n "+w.namespace+" logs job/"+w.awaitJob(t, name, "transcode").Name)
	w.events.Kill()
	w.complete(t, name, "transcode", filmOutput(media))
	w.awaitProcessing(t, name, v1alpha1.ProcessingSucceeded)
	w.serve(t)
	b.awaitText(".detail .head-state .badge", "Ready")
	b.awaitRows(meeting + ": Ready")
	b.await("no banner", `document.querySelector(".banner").hidden`)

	if got := eval[[]string](b, `[...document.querySelectorAll(".timeline li")].map((e) => e.dataset.type)`); len(got) != 4 {
		t.Errorf("the timeline is %q, want the four events", got)
	}
	if got := eval[string](b, `document.querySelector("video").poster`); got != media.URL+"/poster.png" {
		t.Errorf("the player's poster is %s", got)
	}
	eval[chromedp.Void](b, `(() => { const v = document.querySelector("video"); v.muted = true; return v.play(); })()`)
	b.await("the film to play", `document.querySelector("video").currentTime > 0`)
	eval[chromedp.Void](b, `document.querySelector("video").pause()`)
	if got := eval[string](b, `document.querySelector(".step-list details a").href`); got != "https://logs.example.com/"+w.namespace+"/"+
		w.awaitJob(t, name, "archive").Name {
		t.Errorf("the first step's log is at %s", got)
	}
	if eval[bool](b, `[...document.querySelectorAll("a[href]")].some((a) => !/^(https?:|#|http)/.test(a.getAttribute("href")))`) {
		t.Error("something other than a web address became a link")
	}
	b.screenshot("story-4-ready")
	b.accessible("ready, a recording open")
	if !eval[bool](b, `globalThis.loadedOnce === true`) {
		t.Error("the page was loaded anew")
	}

	// After two restarts the stream still reports what is new, and a deleted recording is reported as such.
	provider.send(t, "recording-starting", "pk2q-77aw-x9d1", "63e1f0a0b2c4d5e6f7a8b9c1")
	b.awaitRows("pk2q-77aw-x9d1: Starting", meeting+": Ready")
	provider.send(t, "recording-failed", "pk2q-77aw-x9d1", "63e1f0a0b2c4d5e6f7a8b9c1")
	b.awaitRows("pk2q-77aw-x9d1: Recording failed", meeting+": Ready")
	b.awaitSaid("pk2q-77aw-x9d1: Recording failed")
	b.awaitText("tr.row .reason", "The provider could not record.")
}
