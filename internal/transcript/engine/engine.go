// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package engine asks engines for speech recognition: over HTTP, or by a command. Every error it returns is a
// sysexits.ExitError; Unavailable and TempFail are those that another attempt may not meet.
package engine

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
	"github.com/meetingops/meeting-recording-operator/internal/transcript"
)

// maxAnswerBytes bounds what an engine may answer. An hour of speech with times for each word has about 1 MB.
const maxAnswerBytes = 4 << 20

// Audio is what an engine gets: a WAV file.
type Audio struct {
	Size int64
	// Open returns the file from its first byte; it is called once for each attempt.
	Open func() io.Reader
	// Dir is a folder for temporary files.
	Dir string
}

// Engine is one engine.
type Engine interface {
	// Attempt asks once.
	Attempt(context.Context, Audio) (transcript.Answer, error)
	// String names the engine in messages, without anything secret.
	String() string
}

// Options are what an engine is asked for, and how patiently.
type Options struct {
	// Language is an ISO 639 code; empty: the engine detects it.
	Language string
	// Prompt has names and terms that are likely to be said.
	Prompt string
	// Model is the engine's name for its model; may be empty where it has only one.
	Model string
	// ResponseFormat is verbose_json, or json for engines without times.
	ResponseFormat string
	// Retries is the number of retries.
	Retries int
	// AttemptTimeout bounds one attempt, the answer among it.
	AttemptTimeout time.Duration
}

const (
	firstWait   = time.Second
	longestWait = 30 * time.Second
)

// Ask asks until there is an answer that can be used, or another attempt would not help.
func Ask(ctx context.Context, e Engine, audio Audio, opts Options, log *slog.Logger) (transcript.Answer, error) {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.MaxInterval, waits.Multiplier = firstWait, longestWait, 2
	made := 0
	answer, err := backoff.Retry(ctx, func() (transcript.Answer, error) {
		made++
		answer, err := attempt(ctx, e, audio, opts)
		if code := sysexits.Code(err); err != nil && code != sysexits.Unavailable && code != sysexits.TempFail {
			return answer, backoff.Permanent(err)
		}
		if err != nil && tooLong(ctx, err) {
			return answer, backoff.Permanent(err)
		}
		return answer, err
	}, backoff.WithBackOff(waits), backoff.WithMaxTries(uint(opts.Retries)+1), backoff.WithMaxElapsedTime(0),
		backoff.WithNotify(func(err error, wait time.Duration) {
			log.Warn("Attempt failed, retrying", "attempt", made, "of", opts.Retries+1, "wait", wait.Round(time.Millisecond).String(), "error", err.Error())
		}))
	switch {
	case err == nil:
		return answer, nil
	case ctx.Err() != nil:
		return transcript.Answer{}, interrupted(ctx)
	case made > 1:
		return transcript.Answer{}, sysexits.New(sysexits.Code(err), err, "gave up after %d attempts", made)
	}
	return transcript.Answer{}, err
}

// attempt bounds one attempt.
func attempt(ctx context.Context, e Engine, audio Audio, opts Options) (transcript.Answer, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, opts.AttemptTimeout, sysexits.New(sysexits.Unavailable, nil,
		"%s did not answer within %s; if it only needs long, raise --attempt-timeout or lower --max-chunk-duration", e, opts.AttemptTimeout))
	defer cancel()
	answer, err := e.Attempt(ctx, audio)
	if err != nil && ctx.Err() != nil {
		return transcript.Answer{}, interrupted(ctx)
	}
	return answer, err
}

// interrupted says why ctx ended.
func interrupted(ctx context.Context) error {
	var timeout *sysexits.ExitError
	if errors.As(context.Cause(ctx), &timeout) {
		return timeout
	}
	return sysexits.New(sysexits.TempFail, context.Cause(ctx), "interrupted")
}

// asked is an error of an engine that asked to wait.
type asked struct {
	*sysexits.ExitError
	wait *backoff.RetryAfterError
}

// Unwrap lets backoff find the wait, and everybody else the ExitError.
func (a asked) Unwrap() []error { return []error{a.ExitError, a.wait} }

// after returns an error that asks to wait before the next attempt, if the engine did.
func after(err *sysexits.ExitError, wait time.Duration) error {
	if wait <= 0 {
		return err
	}
	return asked{err, &backoff.RetryAfterError{Duration: max(wait, firstWait)}}
}

// tooLong reports whether the engine asked to wait beyond the end of ctx.
func tooLong(ctx context.Context, err error) bool {
	var wait *backoff.RetryAfterError
	deadline, bounded := ctx.Deadline()
	return errors.As(err, &wait) && bounded && time.Until(deadline) <= wait.Duration
}

// readAnswer reads what an engine says, and parses it.
func readAnswer(r io.Reader, e Engine) (transcript.Answer, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxAnswerBytes+1))
	switch {
	case err != nil:
		return transcript.Answer{}, sysexits.New(sysexits.Unavailable, err, "%s broke off its answer after %d bytes", e, len(body))
	case len(body) > maxAnswerBytes:
		return transcript.Answer{}, sysexits.New(sysexits.Protocol, nil,
			"%s answered more than %d MiB for one chunk, which no transcript has; is it an engine for speech recognition?", e, maxAnswerBytes>>20)
	case len(bytes.TrimSpace(body)) == 0:
		return transcript.Answer{}, sysexits.New(sysexits.Unavailable, nil, "%s answered nothing; its log may say why", e)
	}
	answer, err := transcript.Parse(body)
	if err != nil {
		return transcript.Answer{}, sysexits.New(sysexits.Protocol, nil, "%s answered %v, not a transcript in JSON%s", e, err, hint(e))
	}
	return answer, nil
}

// The response formats.
const (
	VerboseJSON = "verbose_json"
	JSON        = "json"
)

// hint says what to do about an answer that is no transcript.
func hint(e Engine) string {
	if _, command := e.(*Command); command {
		return "; it must print what POST /v1/audio/transcriptions answers for verbose_json"
	}
	return "; set --engine-url to the whole endpoint, such as https://host/v1/audio/transcriptions, or /inference of whisper.cpp's server"
}
