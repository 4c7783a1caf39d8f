// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package media has the steps that look into a recording and make other files of it, with ffmpeg. It ties the packages
// below it together, which are pure but for input (files and network) and ffmpeg (processes). Every error it returns is a
// sysexits.ExitError.
package media

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/meetingops/meeting-recording-operator/internal/archive"
	"github.com/meetingops/meeting-recording-operator/internal/media/ffmpeg"
	"github.com/meetingops/meeting-recording-operator/internal/media/input"
	"github.com/meetingops/meeting-recording-operator/internal/media/probe"
	"github.com/meetingops/meeting-recording-operator/internal/media/timeline"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/progress"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// Step is what every step needs.
type Step struct {
	// Recording is the input; its Scratch and Progress are set by the step.
	Recording input.Recording
	// Tools are ffmpeg's; their Dir is set by the step.
	Tools ffmpeg.Tools
	// Scratch is the folder that the step makes a folder of its own in, which it removes at its end.
	Scratch string
	// Destination is where files go; only Probe can do without.
	Destination *archive.Destination
	// Tracks says which audio tracks are used.
	Tracks AudioTracks
	// Prefix is the folder of the destination that files go to, with a final slash, or nothing.
	Prefix string
	// Progress and Log get how far it is.
	Progress *progress.Console
	Log      *slog.Logger
}

// work is a step under way.
type work struct {
	Step
	dir string
	// uniformSound says that the sound must get one rate and layout before it is used.
	uniformSound bool
}

// in runs a step in a folder of its own. It runs it again when the recording's sound changes its rate or layout, on a copy
// whose sound does not.
func (s Step) in(ctx context.Context, do func(context.Context, *work) (outputs.Message, error)) (_ outputs.Message, err error) {
	dir, err := os.MkdirTemp(s.Scratch, "postprocess-")
	if err != nil {
		return outputs.Message{}, sysexits.New(sysexits.IOErr, err,
			"cannot write to the scratch folder %s; mount a volume there that user %d can write, or set --scratch-dir", s.Scratch, os.Getuid())
	}
	defer func() {
		if err := os.RemoveAll(dir); err != nil {
			s.Log.Warn("Cannot remove temporary files", "folder", dir, "error", err.Error())
		}
	}()
	for _, missing := range ffmpeg.Unsupported() {
		s.Log.Warn("Kernel does not support the whole sandbox", "effect", missing)
	}
	w := &work{Step: s, dir: dir}
	w.Tools.Dir = dir
	w.Recording.Scratch, w.Recording.Progress = dir, s.Progress
	msg, err := do(ctx, w)
	if errors.Is(err, ffmpeg.ErrSoundChanges) {
		s.Log.Info("Sound format changes, restarting with copy")
		w.uniformSound = true
		msg, err = do(ctx, w)
	}
	return msg, err
}

// path returns a file's path in the step's folder.
func (w *work) path(name string) string { return filepath.Join(w.dir, name) }

// folder makes an empty folder in the step's folder.
func (w *work) folder(name string) (string, error) {
	path := w.path(name)
	if err := errors.Join(os.RemoveAll(path), os.Mkdir(path, 0o700)); err != nil {
		return "", sysexits.New(sysexits.IOErr, err, "cannot write to the scratch folder %s", w.Scratch)
	}
	return path, nil
}

// info asks ffprobe about the streams.
func (w *work) info(ctx context.Context, r input.Reader) (probe.Info, error) {
	text, err := w.Tools.Probe(ctx, r.Name())
	if sysexits.Code(err) == sysexits.DataErr {
		return probe.Info{}, sysexits.New(sysexits.DataErr, err, "source is not a recording that can be read; if it is encrypted, decrypt it first")
	}
	if err != nil {
		return probe.Info{}, err
	}
	info, err := probe.Parse(text)
	if errors.Is(err, probe.ErrEncrypted) {
		return probe.Info{}, encrypted(err)
	}
	if errors.Is(err, probe.ErrNoMedia) {
		return probe.Info{}, sysexits.New(sysexits.DataErr, nil, "source is not a recording: it has neither video nor audio")
	}
	if err != nil {
		return probe.Info{}, sysexits.New(sysexits.Software, err, "cannot understand ffprobe")
	}
	return info, nil
}

// run runs ffmpeg on a file and reports how far of the recording's seconds it is.
func (w *work) run(ctx context.Context, name string, seconds float64, c ffmpeg.Command) error {
	task := w.Progress.Start(name, progress.Milliseconds, int64(seconds*1000))
	defer task.End()
	c.Progress = func(p ffmpeg.Progress) {
		task.Set(p.OutTime.Milliseconds())
	}
	return w.Tools.Run(ctx, c)
}

// input returns ffmpeg's arguments that open a file.
func (w *work) input(path string) []string {
	return append(append(w.Tools.DecoderThreads(), timeline.KeepGraph()...), ffmpeg.Input(path)...)
}

// onAxis returns ffmpeg's arguments that open a recording, whose streams have the times of its axis.
func (w *work) onAxis(r *recording) []string { return append(r.clock, w.input(r.Name())...) }

// put stores a file of the step's folder under the output's name.
func (w *work) put(ctx context.Context, output, path, object, mediaType string) (outputs.Output, error) {
	stored, err := w.putFile(ctx, path, object, mediaType)
	if err != nil {
		return outputs.Output{}, err
	}
	stored.Name = output
	w.Log.Info("Stored output", "output", output, "url", stored.URL, "bytes", *stored.SizeBytes, "sha256", stored.SHA256)
	return stored, nil
}

// putFile returns an output without a name.
func (w *work) putFile(ctx context.Context, path, object, mediaType string) (outputs.Output, error) {
	file, err := os.Open(path)
	if err != nil {
		return outputs.Output{}, sysexits.New(sysexits.Software, err, "%s was not made", object)
	}
	defer func() { _ = file.Close() }() // it was only read
	return w.Destination.Put(ctx, w.Prefix+object, mediaType, file)
}

// interrupted returns why the context ended.
func interrupted(ctx context.Context) error {
	var exit *sysexits.ExitError
	if errors.As(context.Cause(ctx), &exit) {
		return exit
	}
	return sysexits.New(sysexits.TempFail, context.Cause(ctx), "interrupted")
}

// missing returns the error for a recording that lacks a kind of stream.
func missing(kind, value string) error {
	return sysexits.New(sysexits.DataErr, nil,
		"the recording has no %s, which this step needs; leave the step out for such recordings, by `postprocess probe` and its value %s", kind, value)
}
