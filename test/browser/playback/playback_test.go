// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package playback plays in Chromium what the media steps make, and looks at what it shows and plays, and when.
package playback

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	_ "gocloud.dev/blob/fileblob"

	"github.com/meetingops/meeting-recording-operator/internal/archive"
	"github.com/meetingops/meeting-recording-operator/internal/media"
	"github.com/meetingops/meeting-recording-operator/internal/media/ffmpeg"
	"github.com/meetingops/meeting-recording-operator/internal/media/input"
	"github.com/meetingops/meeting-recording-operator/internal/media/mediatest"
	"github.com/meetingops/meeting-recording-operator/internal/media/plan"
	"github.com/meetingops/meeting-recording-operator/internal/progress"
)

// ladder makes an HLS ladder of one rendition, and returns its folder.
func ladder(t *testing.T, recording string) string {
	t.Helper()
	folder := t.TempDir()
	destination, err := archive.OpenDestination(t.Context(), "file://"+folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = destination.Close() })
	console := progress.New(t.Output())
	step := media.Step{
		Recording: input.Recording{Path: recording}, Tools: ffmpeg.Tools{FFmpeg: "ffmpeg", FFprobe: "ffprobe", Threads: 2},
		Scratch: t.TempDir(), Destination: destination, Log: console.Logger(), Progress: console,
	}
	preset, _ := plan.FindPreset("web")
	if _, err := step.Transcode(t.Context(), media.TranscodeOptions{HLS: true, Preset: preset, SegmentSeconds: 4}); err != nil {
		t.Fatal(err)
	}
	renditions, err := filepath.Glob(filepath.Join(folder, "hls", "*p"))
	if err != nil || len(renditions) != 1 {
		t.Fatalf("renditions: %v, %v", renditions, err)
	}
	return renditions[0]
}

// page plays segments by Media Source Extensions, as HLS players do, each at the time that it has. It plays from a second
// on, and returns the brightness of the picture at that time and the level of the sound within the second that follows.
const page = `<!DOCTYPE html><video id="v"></video><canvas id="c" width="64" height="36"></canvas><script>
async function play(segments, at) {
  const v = document.getElementById('v'), source = new MediaSource()
  v.src = URL.createObjectURL(source)
  await new Promise(done => source.addEventListener('sourceopen', done, {once: true}))
  const buffer = source.addSourceBuffer('video/mp4; codecs="avc1.64000a,mp4a.40.2"')
  for (const name of segments) {
    buffer.appendBuffer(await (await fetch(name)).arrayBuffer())
    await new Promise((done, fail) => { buffer.onupdateend = done; buffer.onerror = () => fail(new Error('cannot append ' + name)) })
  }
  source.endOfStream()
  const duration = v.duration
  v.currentTime = at
  await new Promise(done => v.addEventListener('seeked', done, {once: true}))
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))
  const draw = document.getElementById('c').getContext('2d')
  draw.drawImage(v, 0, 0, 64, 36)
  const pixels = draw.getImageData(0, 0, 64, 36).data
  let sum = 0
  for (let i = 0; i < pixels.length; i += 4) sum += pixels[i]
  const audio = new AudioContext(), analyser = audio.createAnalyser()
  analyser.fftSize = 4096
  audio.createMediaElementSource(v).connect(analyser)
  analyser.connect(audio.destination)
  await audio.resume()
  const heard = [], wave = new Float32Array(analyser.fftSize)
  await v.play()
  while (v.currentTime < at + 0.9 && !v.ended) {
    await new Promise(done => setTimeout(done, 20))
    analyser.getFloatTimeDomainData(wave)
    heard.push({at: v.currentTime, level: Math.sqrt(wave.reduce((sum, x) => sum + x * x, 0) / wave.length)})
  }
  v.pause()
  return JSON.stringify({duration, luma: sum / (pixels.length / 4), heard})
}
</script>`

// played is what the page returns.
type played struct {
	Duration, Luma float64
	Heard          []struct{ At, Level float64 }
}

// second is that of mediatest's clocks which is seen, and heard in the middle of what was played.
func (p played) second(from float64) (picture, sound int) {
	const step, peak, mono = 20 * 255.0 / 219, 0.05, math.Sqrt2 / 2
	var levels []float64
	for _, h := range p.Heard {
		if h.At > from+0.3 && h.At < from+0.8 {
			levels = append(levels, h.Level)
		}
	}
	if len(levels) == 0 {
		return 0, -2 // nothing was played
	}
	slices.Sort(levels)
	level := levels[len(levels)/2] * math.Sqrt2 / peak / mono
	return int(math.Round(p.Luma/step)) - 1, int(math.Round(level)) - 1
}

func browser(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.Flag("autoplay-policy", "no-user-gesture-required"))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to make its sandbox as root
	}
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	tab, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	limited, cancel := context.WithTimeout(tab, 2*time.Minute)
	t.Cleanup(cancel)
	return limited
}

// At 5.0 s Chromium shows and plays what was recorded at 5.0 s.
func TestLadderKeepsTheAxis(t *testing.T) {
	h264 := []string{"-c:v", "libx264", "-preset", "ultrafast", "-crf", "15", "-pix_fmt", "yuv420p", "-g", "25", "-bf", "2", "-c:a", "aac", "-b:a", "96k"}
	tests := map[string]struct {
		args           []string
		duration       float64
		picture, sound int // second of the clocks
	}{
		"late sound":         {mediatest.Join(mediatest.ClockPicture(25, 8), []string{"-itsoffset", "3"}, mediatest.ClockSound(8), h264), 11, 5, 2},
		"sparse frames":      {mediatest.Join(mediatest.ClockPicture(25, 13), mediatest.ClockSound(13), []string{"-vf", `select=lt(t\,2)+not(mod(n\,100))`, "-fps_mode", "vfr"}, h264), 13, 4, 5},
		"picture ends first": {mediatest.Join(mediatest.ClockPicture(25, 4), mediatest.ClockSound(9), h264), 9, 3, 5},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			folder := ladder(t, mediatest.Make(t, "a.mkv", test.args...))
			segments, err := filepath.Glob(filepath.Join(folder, "segment_*"))
			if err != nil {
				t.Fatal(err)
			}
			inits, _ := filepath.Glob(filepath.Join(folder, "init*"))
			names := []string{}
			for _, path := range append(inits, segments...) {
				names = append(names, filepath.Base(path))
			}
			files := http.FileServer(http.Dir(folder))
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/" {
					files.ServeHTTP(w, r)
					return
				}
				_, _ = w.Write([]byte(page))
			}))
			t.Cleanup(server.Close)
			list, err := json.Marshal(names)
			if err != nil {
				t.Fatal(err)
			}
			tab := browser(t)
			if err := chromedp.Do(tab, chromedp.Navigate(server.URL)); err != nil {
				t.Fatal(err)
			}
			result, err := chromedp.Run(tab, chromedp.Evaluate[string]("play("+string(list)+", 5.0)", chromedp.EvalAwaitPromise))
			if err != nil {
				t.Fatal(err)
			}
			var got played
			if err := json.Unmarshal([]byte(result), &got); err != nil {
				t.Fatal(err)
			}
			picture, sound := got.second(5)
			if picture != test.picture || sound != test.sound || math.Abs(got.Duration-test.duration) > 0.1 {
				t.Errorf("of %.3f s: picture of second %d and sound of second %d at 5.0 s; want %g s, %d and %d\n%s",
					got.Duration, picture, sound, test.duration, test.picture, test.sound, result)
			}
		})
	}
}
