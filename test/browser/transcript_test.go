// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/harness"
	"github.com/meetingops/meeting-recording-operator/test/harness/engine"
)

// bucket serves the files of a folder, which pages of other origins may read if readable.
func bucket(t testing.TB, folder string, readable bool) *httptest.Server {
	t.Helper()
	files := http.FileServer(http.Dir(folder))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if readable {
			w.Header().Set("Access-Control-Allow-Origin", "*")
		}
		files.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server
}

// havePlayed gives the world a recording whose film and captions are in the bucket, and opens it.
func (w *world) havePlayed(t testing.TB, b *tab, files *httptest.Server, film string) {
	t.Helper()
	w.serve(t, "--media-host", files.URL)
	done := metav1.Condition{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonProcessed, Message: "every step succeeded"}
	outputs := []v1alpha1.StepOutput{{Name: "captions", URL: files.URL + "/captions.vtt", MediaType: "text/vtt"}}
	if film != "" {
		outputs = append(outputs, v1alpha1.StepOutput{Name: "recording", URL: files.URL + "/" + film, MediaType: "video/webm"})
	}
	r := w.have(t, processed(recording("jvsg-8rjn-j304", "63e1f0a0b2c4d5e6f7a8b90f", v1alpha1.RecordingStopped, time.Hour), v1alpha1.ProcessingSucceeded, done,
		step("transcribe", v1alpha1.StepSucceeded, 20*time.Second, outputs...)))
	b.withToken(w, "viewer")
	b.open(w.url("#/" + w.namespace + "/" + r.Name))
}

// transcribe has a real engine write down the dialogue, and returns the folder with the film and its captions.
func transcribe(t testing.TB) (folder string, words []engine.Word) {
	t.Helper()
	folder = t.TempDir()
	picture := filepath.Join(folder, "poster.png")
	if err := os.WriteFile(picture, poster(t), 0o600); err != nil {
		t.Fatal(err)
	}
	film, words := engine.Dialogue(t, picture)
	if err := os.Rename(film, filepath.Join(folder, "dialogue.webm")); err != nil {
		t.Fatal(err)
	}
	listener := httptest.NewServer(engine.Handler())
	defer listener.Close()
	binary, err := harness.Binary("postprocess")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), binary, "transcribe", "--source-file="+filepath.Join(folder, "dialogue.webm"), "--destination=file://"+folder,
		"--object-folder=.", "--engine-url="+listener.URL+"/v1/audio/transcriptions", "--engine-allow-http", "--engine-allow-private-addresses",
		"--prompt="+engine.Prompt, "--termination-log=/none/termination-log").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return folder, words
}

// TestTranscript finds a word that was spoken, by search, goes there, and sees the words in the player and beside it as they are said.
func TestTranscript(t *testing.T) {
	folder, words := transcribe(t)
	w, b := newWorld(t), newTab(t)
	w.havePlayed(t, b, bucket(t, folder, true), "dialogue.webm")
	b.awaitText(".transcript .line", "budget")
	b.await("captions in the player", `(() => { const [track] = document.querySelector("video").textTracks; return track?.kind === "captions" && track.mode === "showing" && track.cues.length >= 4; })()`)
	b.seen("transcript")

	// By keyboard: into the search, to what it found, and there.
	spoken := spokenAt(t, words, "budget")
	b.enter("#transcript-search", "BUDGET")
	b.awaitText(".transcript [role=status]", "1 line")
	if got := eval[[]string](b, `[...document.querySelectorAll(".lines mark")].map((e) => e.innerText)`); len(got) != 1 || got[0] != "budget" {
		t.Errorf("%q is marked", got)
	}
	b.accessible("a search in the transcript")
	b.press(kb.Enter)
	b.await("the focus on the line", `document.activeElement.matches(".line") && document.activeElement.innerText.includes("budget")`)
	b.press(kb.Enter)
	b.await("the player to be there", fmt.Sprintf(`Math.abs(document.querySelector("video").currentTime - %g) < 0.5`, spoken))
	b.await("the line to be the current one", `document.querySelector(".line[aria-current=true]")?.innerText.includes("budget")`)
	b.await("the caption in the player", `[...document.querySelector("video").textTracks[0].activeCues].some((c) => c.text.includes("budget"))`)

	// The whole transcript is back, and the recording still open; what is said is shown while it plays.
	b.do(chromedp.Focus(chromedp.CSS("#transcript-search")))
	b.press(kb.Escape)
	b.await("all lines", `document.querySelector("div.lines").checkVisibility() && !document.querySelector(".lines mark")`)
	b.awaitText(".detail h2", "jvsg-8rjn-j304")
	eval[chromedp.Void](b, `(() => { const v = document.querySelector("video"); v.muted = true; return v.play(); })()`)
	b.await("a word to be the current one", `document.querySelector(".line[aria-current] .now")`)
	eval[chromedp.Void](b, `document.querySelector("video").pause()`)

	// By mouse: on a word.
	spoken = spokenAt(t, words, "engineers")
	at := eval[[]float64](b, `(() => {
		const line = [...document.querySelectorAll(".line")].find((e) => e.textContent.includes("engineers"));
		line.scrollIntoView({ block: "center" });
		line.dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
		const r = [...line.querySelectorAll("[data-at]")].find((e) => e.textContent === "engineers").getBoundingClientRect();
		return [r.x + r.width / 2, r.y + r.height / 2];
	})()`)
	b.do(chromedp.MouseClickXY(at[0], at[1]))
	b.await("the player to be there", fmt.Sprintf(`Math.abs(document.querySelector("video").currentTime - %g) < 0.5`, spoken))
	b.await("the word to be the current one", `document.querySelector(".line[aria-current] .now")?.innerText === "engineers"`)
	b.await("the picture of then", `document.querySelector("video").readyState >= 2 && !document.querySelector("video").seeking`)
	b.look(1280, 960, "light")
	eval[chromedp.Void](b, `document.querySelector(".detail").scrollTo(0, document.querySelector(".outputs").offsetTop - 70)`)
	b.screenshot("transcript-word")
	b.look(desktop.width, desktop.height, "light")

	// One stop of the Tab key for all lines; arrows go from one to the next.
	b.do(chromedp.Focus(chromedp.CSS("#transcript-search")))
	b.press(kb.Tab)
	b.press(kb.Home)
	b.await("the first line", `document.activeElement === document.querySelectorAll(".line")[0]`)
	b.press(kb.ArrowDown)
	b.await("the second line", `document.activeElement === document.querySelectorAll(".line")[1]`)
	b.press(kb.End)
	b.await("the last line", `document.activeElement === [...document.querySelectorAll(".line")].at(-1)`)
	b.press(kb.Tab)
	b.await("what follows the transcript", `!document.activeElement.closest(".lines")`)
	b.enter("#transcript-search", "nobody said this")
	b.awaitText(".transcript [role=status]", "No match.")
}

func spokenAt(t testing.TB, words []engine.Word, text string) float64 {
	t.Helper()
	for _, word := range words {
		if word.Text == text {
			return word.Start
		}
	}
	t.Fatalf("nobody says %q", text)
	return 0
}

// TestTranscriptHostile shows captions that somebody wrote to break the page: they are text, and no more.
func TestTranscriptHostile(t *testing.T) {
	folder := t.TempDir()
	writeCaptions(t, folder, "WEBVTT\n\n00:01.000 --> 00:02.000\n<img src=x onerror=alert(1)> &lt;script&gt;alert(1)&lt;/script&gt; <a href=javascript:alert(1)>link</a> <00:00:01.500>&amp;lt;b>\n")
	w, b := newWorld(t), newTab(t)
	w.havePlayed(t, b, bucket(t, folder, true), "")
	b.awaitText(".transcript .line", "<script>alert(1)</script> link &lt;b>")
	b.enter("#transcript-search", "<script>")
	b.awaitText(".transcript mark", "<script>")
	if n := eval[int](b, `document.querySelectorAll(".transcript img, .transcript a, .transcript script, .transcript b").length`); n != 0 {
		t.Errorf("%d elements were made of text", n)
	}
	b.press(kb.Enter)
	b.press(kb.Enter)
	b.awaitText(".transcript [role=status]", "This recording has no player here.")
}

func writeCaptions(t testing.TB, folder, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, "captions.vtt"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestTranscriptUnavailable sees that the page says why there is no transcript, and what to change.
func TestTranscriptUnavailable(t *testing.T) {
	for name, c := range map[string]struct {
		captions string // "": no file
		readable bool
		want     string
	}{
		"not readable": {"WEBVTT\n", false, "Its host must let this page read it: Access-Control-Allow-Origin: http://127.0.0.1:"},
		"gone":         {"", true, "The transcript could not be loaded: its host answered 404."},
		"HTML":         {"<!doctype html>", true, "The transcript could not be loaded: it is no WebVTT file."},
		"too large":    {"WEBVTT\n" + strings.Repeat("x", 17<<20), true, "The transcript could not be loaded: it has more than 16 MiB."},
		"silence":      {"WEBVTT\n", true, "Nothing was said."},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			if c.captions != "" {
				writeCaptions(t, folder, c.captions)
			}
			w, b := newWorld(t), newTab(t)
			w.havePlayed(t, b, bucket(t, folder, c.readable), "")
			b.awaitText(".transcript", c.want)
			b.accessible(name)
			b.mu.Lock()
			b.problems = nil // the console reports CORS too
			b.mu.Unlock()
		})
	}
}

// TestLongTranscript shows three hours, of which only what is seen has elements for each word.
func TestLongTranscript(t *testing.T) {
	const lines, seconds = 5400, 2
	var file strings.Builder
	file.WriteString("WEBVTT\n")
	clock := func(s float64) string {
		whole := int(s)
		return fmt.Sprintf("%02d:%02d:%02d.%03d", whole/3600, whole/60%60, whole%60, int(math.Round((s-float64(whole))*1000)))
	}
	for i := range lines {
		from := float64(i * seconds)
		fmt.Fprintf(&file, "\n%s --> %s\nLine <%s>number <%s>%d <%s>of <%s>many\n", clock(from), clock(from+seconds), clock(from+0.4), clock(from+0.8), i, clock(from+1.2), clock(from+1.6))
	}
	folder := t.TempDir()
	writeCaptions(t, folder, file.String())
	w, b := newWorld(t), newTab(t)
	w.havePlayed(t, b, bucket(t, folder, true), "")
	b.awaitText(".transcript .line", "Line number 0 of many")
	took := eval[[]float64](b, `(async () => {
		const field = document.getElementById("transcript-search"), took = [];
		for (const query of ["l", "li", "number 53", "number 5399", ""]) {
			const began = performance.now();
			field.value = query;
			field.dispatchEvent(new Event("input"));
			document.body.offsetHeight; // lays it out
			took.push(performance.now() - began);
			await new Promise(requestAnimationFrame);
		}
		return took;
	})()`)
	t.Logf("a search took %.0f ms", took)
	for _, ms := range took {
		if ms > 1000 {
			t.Errorf("a search took %.0f ms", ms)
		}
	}
	b.enter("#transcript-search", "number 5399")
	b.awaitText(".transcript .line", "Line number 5399 of many")
	b.enter("#transcript-search", "many")
	b.awaitText(".transcript [role=status]", "The first 100 of 5,400 lines")
	b.do(chromedp.Focus(chromedp.CSS("#transcript-search")))
	b.press(kb.Escape)
	if n := eval[int](b, `document.querySelectorAll(".lines [data-at]").length`); n > 100 {
		t.Errorf("%d words have elements of their own", n)
	}
}
