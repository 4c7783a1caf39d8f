// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	_ "image/jpeg" // decodes outputs
	_ "image/png"  // decodes outputs
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
)

// recording is what is read of a MeetingRecording.
type recording struct {
	Status struct {
		Processing struct {
			Steps []step `json:"steps"`
		} `json:"processing"`
	} `json:"status"`
}

type step struct {
	Pipeline string   `json:"pipeline"`
	Name     string   `json:"step"`
	State    string   `json:"state"`
	Message  string   `json:"message"`
	Outputs  []output `json:"outputs"`
}

type output struct {
	Name      string `json:"name"`
	URL       string `json:"url"`
	MediaType string `json:"mediaType"`
	SizeBytes *int64 `json:"sizeBytes"`
	SHA256    string `json:"sha256"`
	// Values are all there is of an output without a URL, such as those of probe.
	Values json.RawMessage `json:"values"`
}

// checkRecording opens every output, prints a line for each, and returns an error for the first that is not what it is said to
// be, or for one that is wanted and not there.
func checkRecording(in io.Reader, out io.Writer, archive string, want []string) error {
	var r recording
	if err := json.NewDecoder(in).Decode(&r); err != nil {
		return fmt.Errorf("reading the recording: %w", err)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	var found []string
	for _, s := range r.Status.Processing.Steps {
		if s.State != "Succeeded" {
			return fmt.Errorf("step %s/%s is %s: %s", s.Pipeline, s.Name, s.State, s.Message)
		}
		found = append(found, s.Pipeline+"/"+s.Name)
		for _, o := range s.Outputs {
			name := s.Pipeline + "/" + s.Name + "/" + o.Name
			if o.URL == "" && len(o.Values) > 0 {
				found = append(found, name)
				_, _ = fmt.Fprintf(table, "%s\t\t\t\tvalues\n", name)
				continue
			}
			what, err := o.open(archive)
			if err != nil {
				return fmt.Errorf("output %s (%s): %w", name, o.URL, err)
			}
			found = append(found, name)
			_, _ = fmt.Fprintf(table, "%s\t%s\t%d bytes\t%.12s...\t%s\n", name, o.MediaType, *o.SizeBytes, o.SHA256, what)
		}
	}
	for _, name := range want {
		if !slices.Contains(found, name) {
			return fmt.Errorf("%s is missing, of %v", name, found)
		}
	}
	return table.Flush()
}

// open checks an output's size and digest, and opens it as what it is said to be. It returns a few words on what it is.
func (o output) open(archive string) (string, error) {
	below, ok := strings.CutPrefix(o.URL, "file:///archive/")
	if !ok || o.SizeBytes == nil || o.MediaType == "" || !filepath.IsLocal(below) {
		return "", fmt.Errorf("it lacks a URL below file:///archive, a size or a media type")
	}
	path := filepath.Join(archive, below)
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != o.SHA256 || int64(len(content)) != *o.SizeBytes {
		return "", fmt.Errorf("it has %d bytes and the SHA-256 %x", len(content), sum)
	}
	switch kind, _, _ := strings.Cut(o.MediaType, "/"); {
	case kind == "image":
		img, format, err := image.Decode(bytes.NewReader(content))
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%s of %d x %d", format, img.Bounds().Dx(), img.Bounds().Dy()), nil
	case kind == "video", kind == "audio":
		return play(path)
	case o.MediaType == "application/vnd.apple.mpegurl":
		return openMaster(path, content)
	case o.MediaType == "application/json":
		if !json.Valid(content) {
			return "", fmt.Errorf("it is no JSON")
		}
		return "JSON", nil
	case o.Name == "captions" && bytes.HasPrefix(content, []byte("WEBVTT\n")), o.Name == "subtitles", o.Name == "text":
		return "what was said", nil
	case o.MediaType == "text/vtt":
		return openTrack(path, string(content))
	case filepath.Base(path) == "SHA256SUMS":
		return openSums(path, content)
	}
	return "", fmt.Errorf("nobody knows how to open %s", o.MediaType)
}

var variant = regexp.MustCompile(`(?m)^#EXT-X-STREAM-INF:.*\n(\S+)$`)

// openMaster plays every rendition that a master playlist names.
func openMaster(path string, content []byte) (string, error) {
	var played []string
	for _, match := range variant.FindAllSubmatch(content, -1) {
		what, err := playRendition(filepath.Join(filepath.Dir(path), string(match[1])))
		if err != nil {
			return "", fmt.Errorf("%s: %w", match[1], err)
		}
		played = append(played, what)
	}
	if played == nil {
		return "", fmt.Errorf("it names no rendition")
	}
	return strings.Join(played, ", "), nil
}

var initSection = regexp.MustCompile(`#EXT-X-MAP:URI="([^"]+)"`)

// playRendition joins the segments of a playlist, as a player does, and plays them.
func playRendition(path string) (string, error) {
	playlist, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	var names []string
	if match := initSection.FindSubmatch(playlist); match != nil {
		names = append(names, string(match[1]))
	}
	for line := range strings.SplitSeq(string(playlist), "\n") {
		if line != "" && !strings.HasPrefix(line, "#") {
			names = append(names, line)
		}
	}
	joined, err := os.CreateTemp("", "rendition-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.Remove(joined.Name()) }()
	for _, name := range names {
		segment, err := os.ReadFile(filepath.Join(filepath.Dir(path), name))
		if err != nil {
			return "", err
		}
		if _, err := joined.Write(segment); err != nil {
			return "", err
		}
	}
	if err := joined.Close(); err != nil {
		return "", err
	}
	return play(joined.Name())
}

var cue = regexp.MustCompile(`(?m)^(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)$`)

// openTrack checks that every cue of a WebVTT track lies in its sprite.
func openTrack(path, text string) (string, error) {
	cues := cue.FindAllStringSubmatch(text, -1)
	if !strings.HasPrefix(text, "WEBVTT\n") || cues == nil {
		return "", fmt.Errorf("it is no WebVTT track of thumbnails")
	}
	for _, c := range cues {
		file, err := os.Open(filepath.Join(filepath.Dir(path), c[1]))
		if err != nil {
			return "", err
		}
		size, _, err := image.DecodeConfig(file)
		_ = file.Close() // it was only read
		if err != nil {
			return "", err
		}
		var x, y, w, h int
		if _, err := fmt.Sscan(strings.Join(c[2:], " "), &x, &y, &w, &h); err != nil || x+w > size.Width || y+h > size.Height || w*h == 0 {
			return "", fmt.Errorf("the cue %s is not in a sprite of %d x %d", c[0], size.Width, size.Height)
		}
	}
	return fmt.Sprintf("%d thumbnails", len(cues)), nil
}

// openSums checks every file of a list of checksums.
func openSums(path string, content []byte) (string, error) {
	n := 0
	for lines := bufio.NewScanner(bytes.NewReader(content)); lines.Scan(); n++ {
		want, name, ok := strings.Cut(lines.Text(), "  ")
		if !ok || !filepath.IsLocal(name) {
			return "", fmt.Errorf("line %q is no checksum", lines.Text())
		}
		listed, err := os.ReadFile(filepath.Join(filepath.Dir(path), name))
		if err != nil {
			return "", err
		}
		if sum := sha256.Sum256(listed); hex.EncodeToString(sum[:]) != want {
			return "", fmt.Errorf("%s has another checksum", name)
		}
	}
	return fmt.Sprintf("%d checksums", n), nil
}
