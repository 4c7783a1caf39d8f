// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"
	"slices"

	"github.com/meetingops/meeting-recording-operator/internal/media/plan"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/progress"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
	"github.com/meetingops/meeting-recording-operator/internal/transcript"
	"github.com/meetingops/meeting-recording-operator/internal/transcript/engine"
	"github.com/meetingops/meeting-recording-operator/internal/transcript/speech"
)

// TranscribeOptions are those of Transcribe.
type TranscribeOptions struct {
	Engine engine.Engine
	Ask    engine.Options
	Limits speech.Limits
	// Formats are the names of the files to make, of TranscriptFormats.
	Formats []string
	// Identity is what the answers depend on beside the sound and Ask: which engine it is.
	Identity string
	// Object is the sound in the destination, as an earlier step stored it. It comes before the step's recording.
	Object string
}

// transcriptFormat is a kind of file that Transcribe makes.
type transcriptFormat struct {
	name, output, file, mediaType string
	make                          func(transcript.Transcript) ([]byte, error)
}

// transcriptFormats in the order in which they are stored.
var transcriptFormats = []transcriptFormat{
	{"json", "transcript", "transcript.json", "application/json", transcript.Transcript.JSON},
	{"vtt", "captions", "captions.vtt", "text/vtt", sure(transcript.Transcript.VTT)},
	{"srt", "subtitles", "captions.srt", "application/x-subrip", sure(transcript.Transcript.SRT)},
	{"txt", "text", "transcript.txt", "text/plain", sure(transcript.Transcript.Text)},
}

func sure(do func(transcript.Transcript) []byte) func(transcript.Transcript) ([]byte, error) {
	return func(t transcript.Transcript) ([]byte, error) { return do(t), nil }
}

// TranscriptFormats lists the names of the files that Transcribe makes.
func TranscriptFormats() []string {
	names := make([]string, 0, len(transcriptFormats))
	for _, f := range transcriptFormats {
		names = append(names, f.name)
	}
	return names
}

// Transcribe has an engine write down what is said in a recording. A recording without speech gets an empty transcript.
func (s Step) Transcribe(ctx context.Context, opts TranscribeOptions) (outputs.Message, error) {
	return s.in(ctx, func(ctx context.Context, w *work) (outputs.Message, error) {
		sound, err := w.openSpeech(ctx, opts.Object)
		if err != nil {
			return outputs.Message{}, err
		}
		defer func() { _ = sound.Close() }() // it was only read
		levels, digest := &speech.Levels{}, sha256.New()
		if err := copySamples(ctx, io.MultiWriter(levels, digest), sound.Samples()); err != nil {
			return outputs.Message{}, err
		}
		levels.Finish()
		job := transcription{work: w, opts: opts, sound: sound, chunks: levels.Chunks(opts.Limits), key: opts.key(digest)}
		parts, err := job.run(ctx)
		if err != nil {
			return outputs.Message{}, err
		}
		return job.putTranscript(ctx, parts)
	})
}

// copySamples copies until the end, or the end of ctx.
func copySamples(ctx context.Context, w io.Writer, r io.Reader) error {
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		_, err := io.CopyN(w, r, 1<<20)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return sysexits.New(sysexits.IOErr, err, "cannot read the sound")
		}
	}
}

// key names what the answers depend on.
func (o TranscribeOptions) key(digest hash.Hash) string {
	for _, text := range []string{"v1", o.Identity, o.Ask.Language, o.Ask.Prompt, o.Ask.Model, o.Ask.ResponseFormat} {
		_, _ = io.WriteString(digest, "\x00"+text) // a hash never fails
	}
	return hex.EncodeToString(digest.Sum(nil))
}

// speechFile is the sound that an engine gets parts of.
type speechFile struct {
	speech.Sound
	io.Closer
	seconds float64 // of the recording
}

// openSpeech opens the sound as engines take it: the recording itself where it is such a file, as the step audio makes it,
// and else one made of it. A recording without sound gives one without samples.
func (w *work) openSpeech(ctx context.Context, object string) (speechFile, error) {
	if object != "" {
		if err := w.copyObject(ctx, object); err != nil {
			return speechFile{}, err
		}
	}
	file, err := w.Recording.OpenWhole(ctx)
	if err != nil {
		return speechFile{}, err
	}
	sound, err := speech.Open(file, file.Size())
	switch {
	case err == nil:
		return speechFile{sound, file, sound.Seconds()}, nil
	case errors.Is(err, speech.ErrTruncated):
		_ = file.Close() // there is a worse error to report
		return speechFile{}, truncated(err)
	}
	defer func() { _ = file.Close() }() // it was only read
	w.Recording.Path = file.Name()
	return w.makeSpeech(ctx)
}

// copyObject makes an object of the destination the recording.
func (w *work) copyObject(ctx context.Context, object string) error {
	w.Recording.Path = w.path("object")
	return w.writeFile(w.Recording.Path, func(file *os.File) error { return w.Destination.Copy(ctx, object, file) })
}

// makeSpeech makes the sound as the step audio does.
func (w *work) makeSpeech(ctx context.Context) (speechFile, error) {
	r, err := w.open(ctx)
	if err != nil {
		return speechFile{}, err
	}
	defer func() { _ = r.Close() }() // it was only read
	if r.info.Audio == nil {
		return speechFile{Closer: io.NopCloser(nil), seconds: r.info.Duration}, nil
	}
	sound, err := w.sound(r)
	if err != nil {
		return speechFile{}, err
	}
	formats, err := plan.FindAudioFormats([]string{"wav"})
	if err != nil {
		return speechFile{}, sysexits.New(sysexits.Software, err, "cannot make the sound")
	}
	if _, err := w.encodeSound(ctx, r, sound, formats); err != nil {
		return speechFile{}, err
	}
	return w.openMade(formats[0].File, r.info.Duration)
}

// openMade opens a file of sound in the step's folder.
func (w *work) openMade(name string, seconds float64) (speechFile, error) {
	file, err := os.Open(w.path(name))
	if err != nil {
		return speechFile{}, sysexits.New(sysexits.Software, err, "%s was not made", name)
	}
	info, err := file.Stat()
	var sound speech.Sound
	if err == nil {
		sound, err = speech.Open(file, info.Size())
	}
	if err != nil {
		_ = file.Close() // there is a worse error to report
		return speechFile{}, sysexits.New(sysexits.Software, err, "cannot read %s", name)
	}
	return speechFile{sound, file, seconds}, nil
}

// transcription is one recording's way through an engine.
type transcription struct {
	*work
	opts   TranscribeOptions
	sound  speechFile
	chunks []speech.Chunk
	key    string
}

// run asks the engine for each chunk, but for those that an earlier run has finished.
func (t *transcription) run(ctx context.Context) ([]transcript.Part, error) {
	parts, err := t.resume(ctx)
	if err != nil {
		return nil, err
	}
	var all, done int64 // milliseconds
	for i, chunk := range t.chunks {
		all += int64(chunk.Seconds() * 1000)
		if i < len(parts) {
			done = all
		}
	}
	t.Log.Info("Transcribing", "engine", t.opts.Engine.String(), "chunks", len(t.chunks), "finished", len(parts), "seconds", all/1000)
	task := t.Progress.Start("transcribing", progress.Milliseconds, all)
	defer task.End()
	for _, chunk := range t.chunks[len(parts):] {
		part, err := t.transcribe(ctx, chunk)
		if err != nil {
			return nil, sysexits.New(sysexits.Code(err), err, "cannot transcribe chunk %d of %d (from %.0f to %.0f s)",
				len(parts)+1, len(t.chunks), chunk.Start(), chunk.Start()+chunk.Seconds())
		}
		parts = append(parts, part)
		done += int64(chunk.Seconds() * 1000)
		task.Set(done)
		if err := t.save(ctx, parts); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// transcribe asks the engine for one chunk.
func (t *transcription) transcribe(ctx context.Context, chunk speech.Chunk) (transcript.Part, error) {
	size := t.sound.Cut(chunk).Size()
	answer, err := engine.Ask(ctx, t.opts.Engine, engine.Audio{
		Size: speech.HeaderBytes + size, Dir: t.dir,
		Open: func() io.Reader { return io.MultiReader(bytes.NewReader(speech.Header(size)), t.sound.Cut(chunk)) },
	}, t.opts.Ask, t.Log)
	if err != nil {
		return transcript.Part{}, err
	}
	segments, lost, err := answer.Segments(chunk.Seconds())
	if err != nil {
		return transcript.Part{}, sysexits.New(sysexits.Protocol, nil, "%s returned times that do not fit the sound: %v (%.1f s long, a segment at %.1f s); "+
			"times must be seconds from the beginning of the file; for an engine without times use --response-format=json",
			t.opts.Engine, err, chunk.Seconds(), lost.First)
	}
	if lost.Dropped > 0 {
		t.Log.Warn("Dropped segments after the end of the sound", "segments", lost.Dropped, "first", lost.First, "seconds", chunk.Seconds())
	}
	return transcript.Part{Start: chunk.Start(), Language: answer.Language, Segments: segments, LeftOut: lost.Dropped}, nil
}

// putTranscript stores the files, and removes the state, since a step that runs again starts over.
func (t *transcription) putTranscript(ctx context.Context, parts []transcript.Part) (outputs.Message, error) {
	made := transcript.Join(parts, t.opts.Ask.Language, t.sound.seconds)
	var msg outputs.Message
	for _, format := range transcriptFormats {
		if !slices.Contains(t.opts.Formats, format.name) {
			continue
		}
		text, err := format.make(made)
		if err != nil {
			return outputs.Message{}, sysexits.New(sysexits.Software, err, "cannot write %s", format.file)
		}
		path := t.path(format.file)
		if err := t.writeFile(path, func(file *os.File) error {
			_, err := file.Write(text)
			return err
		}); err != nil {
			return outputs.Message{}, err
		}
		output, err := t.put(ctx, format.output, path, format.file, format.mediaType)
		if err != nil {
			return outputs.Message{}, err
		}
		msg.Outputs = append(msg.Outputs, output)
	}
	leftOut := 0
	for _, part := range parts {
		leftOut += part.LeftOut
	}
	values := map[string]any{"durationSeconds": made.Duration, "words": made.CountWords(), "segments": len(made.Segments), "leftOut": leftOut}
	if made.Language != "" {
		values["language"] = made.Language
	}
	msg.Outputs[0].Values = values
	t.forget(ctx)
	return msg, nil
}
