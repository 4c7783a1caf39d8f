// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/meetingops/meeting-recording-operator/events"
	"github.com/meetingops/meeting-recording-operator/internal/notify"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/progress"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

const notifyLong = `Send your receiver an event about a processed recording and the outputs of earlier steps: an HTTP POST of a
CloudEvents 1.0 event in JSON (application/cloudevents+json).

The event is signed by Standard Webhooks (https://www.standardwebhooks.com: webhook-id, webhook-timestamp, webhook-signature), with the
secret in --secret-file or NOTIFY_SECRET: "whsec_" and 24 to 64 bytes in base64. With two secrets, separated by white space, it has two
signatures, so that one secret can replace the other.

The recording comes from the RECORDING_ variables, the outputs from the file in STEP_OUTPUTS_FILE. The operator sets them; the file only for
a step that needs others. The event's id depends on its content only, so a repeated event has the same id.

Exit codes: 0 the receiver responded 2xx; 64 wrong use; 65 malformed outputs of steps; 76 refused by the receiver; 77 not allowed;
78 no such receiver; 69 and 75 retryable.`

const notifyExample = `  # as a step of a RecordingPipeline, with a Secret as a volume
  postprocess notify --url=https://example.com/recordings --secret-file=/etc/notify/secret

  # to a Service of the cluster
  postprocess notify --url=http://receiver.apps.svc:8080/recordings --allow-http --allow-private-addresses`

// notifyOptions are the flags of `postprocess notify`.
type notifyOptions struct {
	url        string
	secretFile string
	eventType  string
	sender     notify.Options
}

func newNotifyCommand(p process, terminationLog *string) *cobra.Command {
	opts := notifyOptions{sender: notify.Defaults()}
	cmd := &cobra.Command{
		Use:     "notify",
		Short:   "Notify a receiver about the recording and its outputs",
		Long:    notifyLong,
		Example: notifyExample,
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := runNotify(cmd.Context(), p, opts); err != nil {
				return err
			}
			return report(p, *terminationLog, "the receiver is notified", outputs.Message{})
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&opts.url, "url", "", "the receiver (default: $NOTIFY_URL)")
	f.StringVar(&opts.secretFile, "secret-file", "", "file with the secret (default: the secret in $NOTIFY_SECRET)")
	f.StringVar(&opts.eventType, "event-type", notify.DefaultType, "the event's type")
	f.BoolVar(&opts.sender.AllowHTTP, "allow-http", false, "allow an http receiver (unsafe)")
	f.BoolVar(&opts.sender.AllowPrivateAddresses, "allow-private-addresses", false,
		"allow a receiver at a loopback, private or other address that is not public, such as a Service of the cluster")
	f.IntVar(&opts.sender.Retries, "retries", opts.sender.Retries, "number of retries")
	f.DurationVar(&opts.sender.AttemptTimeout, "attempt-timeout", opts.sender.AttemptTimeout, "time for one attempt")
	f.DurationVar(&opts.sender.Timeout, "timeout", opts.sender.Timeout, "total time, including retries")
	addTerminationLogFlag(f, terminationLog)
	return cmd
}

// runNotify checks everything that can be checked without the network first.
func runNotify(ctx context.Context, p process, opts notifyOptions) error {
	log := progress.New(p.stderr).Logger()
	secret, err := opts.secret(p)
	if err != nil {
		return err
	}
	if opts.sender.Retries < 0 || opts.sender.AttemptTimeout <= 0 || opts.sender.Timeout <= 0 {
		return sysexits.New(sysexits.Usage, nil, "--retries must not be negative, --attempt-timeout and --timeout must be more than 0, such as 30s")
	}
	data, err := notified(p)
	if err != nil {
		return err
	}
	if data.Steps, err = earlierSteps(p); err != nil {
		return err
	}
	event, err := notify.NewEvent(opts.eventType, data, time.Now())
	if err != nil {
		return err
	}
	opts.sender.UserAgent = userAgent()
	sender, err := notify.NewSender(cmp.Or(opts.url, p.getenv("NOTIFY_URL")), secret, opts.sender, log)
	if err != nil {
		return err
	}
	defer sender.Close()
	return sender.Send(ctx, event)
}

func (o *notifyOptions) secret(p process) (notify.Secret, error) {
	if o.secretFile == "" {
		return notify.ParseSecret(p.getenv("NOTIFY_SECRET"))
	}
	text, err := os.ReadFile(o.secretFile)
	if err != nil {
		return notify.Secret{}, sysexits.New(sysexits.Config, err, "cannot read --secret-file; check that the Secret is mounted there")
	}
	return notify.ParseSecret(string(text))
}

// earlierSteps returns what the steps before this one made.
func earlierSteps(p process) (map[string]notify.Step, error) {
	file := p.getenv("STEP_OUTPUTS_FILE")
	if file == "" {
		return notify.ParseSteps(nil)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, sysexits.New(sysexits.NoInput, err, "cannot read the outputs of earlier steps (STEP_OUTPUTS_FILE)")
	}
	return notify.ParseSteps(text)
}

// notified returns what the environment says about the recording. The operator sets it; who runs the command by hand may leave all but the name
// out.
func notified(p process) (notify.Data, error) {
	data := notify.Data{
		Recording: events.Recording{
			Name:      p.getenv("RECORDING_NAME"),
			Namespace: p.getenv("RECORDING_NAMESPACE"),
			MeetingID: p.getenv("RECORDING_MEETING_ID"),
			SessionID: p.getenv("RECORDING_SESSION_ID"),
			Segment:   1,
		},
		State: p.getenv("RECORDING_STATE"),
	}
	if segment := p.getenv("RECORDING_SEGMENT"); segment != "" {
		number, err := strconv.ParseInt(segment, 10, 32)
		if err != nil {
			return notify.Data{}, sysexits.New(sysexits.Usage, err, "RECORDING_SEGMENT is not a number")
		}
		data.Recording.Segment = int32(number)
	}
	if file := (events.File{Path: p.getenv("RECORDING_FILE_PATH"), URL: p.getenv("RECORDING_FILE_URL")}); file != (events.File{}) {
		data.File = &file
	}
	return data, nil
}
