// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/text/language"

	"github.com/meetingops/meeting-recording-operator/internal/media"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
	"github.com/meetingops/meeting-recording-operator/internal/transcript/engine"
	"github.com/meetingops/meeting-recording-operator/internal/transcript/speech"
)

const transcribeLong = `Transcribe a recording with a speech recognition engine:

  transcript.json  segments and, if the engine gives them, words, with their times
  captions.vtt     captions for players (WebVTT)
  captions.srt     the same as SubRip
  transcript.txt   the text

The engine is an HTTP endpoint (--engine-url) that accepts OpenAI's POST /v1/audio/transcriptions, such as
whisper.cpp's server (/inference), faster-whisper's servers, vLLM, or a hosted service; or a command after --, which gets the
path of a WAV file in place of {file}, and TRANSCRIBE_LANGUAGE, TRANSCRIBE_PROMPT and TRANSCRIBE_MODEL in its environment, and
prints the same JSON.

The sound is cut at silences into chunks below the limits of the engine. An interrupted run continues after the finished
chunks, which are in transcript.state.json beside the outputs until the transcript is stored.`

const transcribeExample = `  # as a step of a RecordingPipeline, with a whisper.cpp server in the cluster, after the step audio
  postprocess transcribe --source-output=wav --engine-url=http://whisper.apps.svc:8080/inference \
    --engine-allow-http --engine-allow-private-addresses --destination=file:///recordings

  # with a hosted service
  postprocess transcribe --engine-url=https://api.openai.com/v1/audio/transcriptions --model=whisper-1 \
    --api-key-file=/etc/engine/key --language=en --prompt="Aisha, Bjørn, the Mjølnir project" --destination=s3://recordings

  # on a workstation, with a program
  postprocess transcribe --source-file=a.mp4 --destination=file://./out?create_dir=true --object-folder=. \
    -- ./transcribe.sh {file}`

// maxPromptBytes is more than engines take: those of Whisper use the last 224 tokens.
const maxPromptBytes = 8 << 10

// maxKeyBytes is more than keys have.
const maxKeyBytes = 16 << 10

// transcribeOptions are the flags of `postprocess transcribe`.
type transcribeOptions struct {
	step       *mediaOptions
	endpoint   engine.HTTPOptions
	keyFile    string
	ask        engine.Options
	chunkBytes byteSize
	limits     speech.Limits
	formats    []string

	engine   engine.Engine
	identity string
}

func newTranscribeCommand(p process, terminationLog *string) *cobra.Command {
	opts := &transcribeOptions{step: newMediaOptions(), chunkBytes: 24 << 20}
	opts.step.extraRoom, opts.step.usesSound = 1, true
	cmd := &cobra.Command{
		Use: "transcribe [-- COMMAND {file} ...]", Short: "Transcribe the recording with a speech recognition engine",
		Long: transcribeLong, Example: transcribeExample,
		PreRunE: func(_ *cobra.Command, args []string) error { return opts.prepare(args) },
	}
	opts.addFlags(cmd.Flags())
	cmd = mediaCommand(p, terminationLog, opts.step, cmd, func(ctx context.Context, step media.Step) (outputs.Message, error) {
		object, err := opts.object(p, step)
		if err != nil {
			return outputs.Message{}, err
		}
		return step.Transcribe(ctx, media.TranscribeOptions{
			Engine: opts.engine, Ask: opts.ask, Limits: opts.limits, Formats: opts.formats, Identity: opts.identity, Object: object,
		})
	})
	cmd.Args = usageArgs(func(cmd *cobra.Command, args []string) error {
		if cmd.ArgsLenAtDash() == 0 {
			return nil
		}
		return cobra.NoArgs(cmd, args)
	})
	return cmd
}

func (o *transcribeOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.endpoint.URL, "engine-url", "", "the engine's whole endpoint, such as https://host/v1/audio/transcriptions")
	f.StringVar(&o.keyFile, "api-key-file", "", "file with the engine's API key, which is sent as a bearer token")
	f.BoolVar(&o.endpoint.AllowHTTP, "engine-allow-http", false, "allow an http engine (unsafe outside the cluster)")
	f.BoolVar(&o.endpoint.AllowPrivateAddresses, "engine-allow-private-addresses", false,
		"allow an engine at an address that is not public, such as a Service of the cluster")
	f.StringVar(&o.ask.Model, "model", "", "the engine's name for the model to use, if it has several")
	f.StringVar(&o.ask.Language, "language", "", "ISO 639 code of the spoken language, such as en (default: the engine detects it)")
	f.StringVar(&o.ask.Prompt, "prompt", "", "names and terms that are likely to be said, for the engine to spell them right")
	f.StringVar(&o.ask.ResponseFormat, "response-format", engine.VerboseJSON, "verbose_json, or json for engines without times")
	f.StringSliceVar(&o.formats, "format", media.TranscriptFormats(), "what to make: "+strings.Join(media.TranscriptFormats(), ", "))
	f.Var(&o.chunkBytes, "max-chunk-bytes", "largest file that the engine accepts, such as 24Mi")
	f.DurationVar(&o.limits.Duration, "max-chunk-duration", 10*time.Minute, "longest sound that the engine accepts, from 5s to 3h")
	f.DurationVar(&o.ask.AttemptTimeout, "attempt-timeout", 10*time.Minute, "time for the engine to transcribe one chunk")
	f.StringVar(&o.step.sourceOutput, "source-output", "",
		"output of an earlier step to read instead of the recording, by NAME or STEP/NAME, such as wav; it must be in the destination")
}

// prepare checks what can be checked without the network.
func (o *transcribeOptions) prepare(command []string) error {
	o.limits.Bytes = int64(o.chunkBytes)
	o.ask.Retries = o.step.source.options.Retries
	if err := o.check(); err != nil {
		return err
	}
	if o.ask.Language != "" {
		base, err := language.ParseBase(o.ask.Language)
		if err != nil {
			return sysexits.New(sysexits.Usage, nil, "--language=%s is not a language's ISO 639 code, such as en or pt; leave it out to have the language detected", o.ask.Language)
		}
		o.ask.Language = base.String()
	}
	return o.chooseEngine(command)
}

func (o *transcribeOptions) check() error {
	for _, format := range o.formats {
		if err := oneOf("format", format, media.TranscriptFormats()...); err != nil {
			return err
		}
	}
	usage := func(format string, args ...any) error { return sysexits.New(sysexits.Usage, nil, format, args...) }
	switch {
	case len(o.formats) == 0:
		return usage("--format is empty; give some of %s", strings.Join(media.TranscriptFormats(), ", "))
	case o.limits.Duration < speech.LeastDuration || o.limits.Duration > speech.MostDuration:
		return usage("--max-chunk-duration must be from %s to %s", speech.LeastDuration, speech.MostDuration)
	case o.limits.Bytes < speech.LeastBytes:
		return usage("--max-chunk-bytes must be %d or more, which is %s of sound", speech.LeastBytes, speech.LeastDuration)
	case o.ask.AttemptTimeout <= 0:
		return usage("--attempt-timeout must be more than 0, such as 10m")
	case o.ask.Retries < 0:
		return usage("--retries must not be negative")
	case len(o.ask.Prompt) > maxPromptBytes:
		return usage("--prompt has %d bytes; engines use far less than %d", len(o.ask.Prompt), maxPromptBytes)
	case !utf8.ValidString(o.ask.Prompt + o.ask.Model):
		return usage("--prompt and --model must be UTF-8")
	}
	return oneOf("response-format", o.ask.ResponseFormat, engine.VerboseJSON, engine.JSON)
}

// chooseEngine sets the engine, and what names it.
func (o *transcribeOptions) chooseEngine(command []string) (err error) {
	switch {
	case len(command) > 0 && o.endpoint.URL != "":
		return sysexits.New(sysexits.Usage, nil, "--engine-url and a command are both given; give one")
	case len(command) > 0 && o.keyFile != "":
		return sysexits.New(sysexits.Usage, nil, "--api-key-file is for --engine-url; give a command its key by its own environment")
	case len(command) > 0:
		o.identity = strings.Join(command, "\x00")
		o.engine, err = engine.NewCommand(command, o.ask)
		return err
	case o.endpoint.URL == "":
		return sysexits.New(sysexits.Usage, nil, "no engine: set --engine-url, or give a command after --")
	}
	if o.endpoint.Key, err = o.key(); err != nil {
		return err
	}
	o.endpoint.UserAgent = userAgent()
	o.identity = o.endpoint.URL
	o.engine, err = engine.NewHTTP(o.endpoint, o.ask)
	return err
}

// key reads the key's file.
func (o *transcribeOptions) key() (string, error) {
	if o.keyFile == "" {
		return "", nil
	}
	text, err := os.ReadFile(o.keyFile)
	if err != nil {
		return "", sysexits.New(sysexits.Config, err, "cannot read --api-key-file; check that the Secret is mounted there")
	}
	key := strings.TrimSpace(string(text))
	if key == "" || len(key) > maxKeyBytes || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", sysexits.New(sysexits.Config, nil, "--api-key-file %s does not have a key: one line of visible ASCII characters without spaces", o.keyFile)
	}
	return key, nil
}

// object returns the name of the sound that --source-output names, empty when it is not given.
func (o *transcribeOptions) object(p process, step media.Step) (string, error) {
	if o.step.sourceOutput == "" {
		return "", nil
	}
	steps, err := earlierSteps(p)
	if err != nil {
		return "", err
	}
	var found []string // URLs
	for name, earlier := range steps {
		for _, output := range earlier.Outputs {
			if o.step.sourceOutput == output.Name || o.step.sourceOutput == name+"/"+output.Name {
				found = append(found, output.URL)
			}
		}
	}
	switch len(found) {
	case 0:
		return "", sysexits.New(sysexits.Usage, nil, "no earlier step made the output --source-output=%s; have this step need (needs) the one that makes it", o.step.sourceOutput)
	case 1:
	default:
		return "", sysexits.New(sysexits.Usage, nil, "%d earlier steps made the output --source-output=%s; name the step too, as STEP/NAME", len(found), o.step.sourceOutput)
	}
	object, ok := step.Destination.Object(found[0])
	if !ok {
		return "", sysexits.New(sysexits.Usage, nil, "the output --source-output=%s is not in the destination %s; give both steps the same --destination", o.step.sourceOutput, step.Destination)
	}
	return object, nil
}
