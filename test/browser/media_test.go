// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// mediaServer serves /poster.png and /film.mp4, as a bucket behind HTTPS would.
func mediaServer(t testing.TB) *httptest.Server {
	t.Helper()
	film := filepath.Join(t.TempDir(), "film.mp4")
	out, err := exec.CommandContext(t.Context(), "ffmpeg", "-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i", "color=c=0x24335c:s=640x360:r=10", "-t", "2",
		"-c:v", "libx264", "-pix_fmt", "yuv420p", "-movflags", "+faststart", film).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg, which `make packages` provides, could not make a film: %v\n%s", err, out)
	}
	contents, err := os.ReadFile(film)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]struct {
		contentType string
		contents    []byte
	}{"/poster.png": {"image/png", poster(t)}, "/film.mp4": {"video/mp4", contents}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		file, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", file.contentType)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file.contents))
	}))
	t.Cleanup(server.Close)
	return server
}

// poster draws two people in a meeting.
func poster(t testing.TB) []byte {
	t.Helper()
	const width, height = 640, 360
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			picture.Set(x, y, posterColor(float64(x), float64(y)))
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func posterColor(x, y float64) color.RGBA {
	for _, person := range []struct {
		x    float64
		skin color.RGBA
		coat color.RGBA
		room color.RGBA
	}{
		{162, color.RGBA{240, 200, 172, 255}, color.RGBA{86, 104, 190, 255}, color.RGBA{46, 62, 112, 255}},
		{478, color.RGBA{160, 112, 86, 255}, color.RGBA{222, 122, 104, 255}, color.RGBA{58, 74, 128, 255}},
	} {
		if math.Abs(x-person.x) > 148 || y < 24 || y > 336 {
			continue
		}
		switch {
		case math.Hypot(x-person.x, y-140) < 52:
			return person.skin
		case math.Hypot((x-person.x)/1.25, y-318) < 104:
			return person.coat
		}
		return person.room
	}
	return color.RGBA{24, 33, 64, 255}
}

// Outputs as the ready steps report them.
func archiveOutput() v1alpha1.StepOutput {
	return v1alpha1.StepOutput{Name: "archive", URL: "s3://recordings/2026/11/23/recording.mp4", MediaType: "video/mp4", SizeBytes: ptrTo(int64(734_003_200)),
		SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}
}

func posterOutput(media *httptest.Server) v1alpha1.StepOutput {
	return v1alpha1.StepOutput{Name: "poster", URL: media.URL + "/poster.png", MediaType: "image/png", SizeBytes: ptrTo(int64(84_213))}
}

func filmOutput(media *httptest.Server) v1alpha1.StepOutput {
	return v1alpha1.StepOutput{Name: "film", URL: media.URL + "/film.mp4", MediaType: "video/mp4", SizeBytes: ptrTo(int64(212_003_200))}
}
