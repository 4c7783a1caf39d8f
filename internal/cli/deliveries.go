// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"

	"github.com/meetingops/meeting-recording-operator/internal/cli/view"
)

const (
	sidecarContainer = "sidecar"
	// sidecarDiagnostics is the sidecar's default of --diagnostics-bind-address, where its metrics need no token.
	sidecarDiagnostics = "127.0.0.1:8085"
)

type deliveriesOptions struct {
	*options
	operatorNamespace string
}

func newDeliveriesCommand(o *options) *cobra.Command {
	d := &deliveriesOptions{options: o}
	cmd := &cobra.Command{
		Use:     "deliveries",
		GroupID: groupOperate,
		Short:   "Show what each sidecar rejected, spooled or set aside as dead letters",
		Long: `Show what each sidecar rejected, spooled or set aside as dead letters.

It reads the sidecars' metrics through a forwarded port and runs "sidecar spool" in their containers, so it needs the
permissions to create pods/portforward and pods/exec in the operator's namespace.`,
		Example: `  kubectl recording deliveries
  kubectl recording deliveries replay
  kubectl recording deliveries export > events.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return d.show(cmd.Context()) },
	}
	cmd.PersistentFlags().StringVar(&d.operatorNamespace, "operator-namespace", defaultOperatorNamespace, "Namespace of the sidecars.")
	cmd.AddCommand(
		d.command("replay", "Write the dead letters again, after their cause is fixed", cobra.NoArgs, func(ctx context.Context, _ []string) error {
			return d.each(ctx, func(pod *corev1.Pod) error { return d.spool(ctx, pod, d.Out, "retry", "--all") })
		}),
		d.command("export", "Print spooled events and dead letters as JSON, one a line", cobra.NoArgs, func(ctx context.Context, _ []string) error {
			return d.each(ctx, func(pod *corev1.Pod) error { return d.spool(ctx, pod, d.Out, "export") })
		}),
		d.command("delete POD ID...", "Delete dead letters of one sidecar", cobra.MinimumNArgs(2), d.delete),
	)
	return cmd
}

func (d *deliveriesOptions) command(use, short string, args cobra.PositionalArgs, run func(context.Context, []string) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: args, RunE: func(cmd *cobra.Command, args []string) error { return run(cmd.Context(), args) }}
}

// each visits every sidecar; one that fails does not stop the others.
func (d *deliveriesOptions) each(ctx context.Context, visit func(*corev1.Pod) error) error {
	c, err := d.client()
	if err != nil {
		return err
	}
	pods, err := readyPods(ctx, c, d.operatorNamespace, sidecarContainer)
	if err != nil {
		return err
	}
	var failures []error
	for i := range pods {
		if err := visit(&pods[i]); err != nil {
			failures = append(failures, fmt.Errorf("pod %s: %w", pods[i].Name, err))
		}
	}
	return errors.Join(failures...)
}

// spool runs "sidecar spool" in a sidecar, and copies what it prints.
func (d *deliveriesOptions) spool(ctx context.Context, pod *corev1.Pod, stdout io.Writer, args ...string) error {
	directory := containerFlag(pod, sidecarContainer, "spool-dir", "")
	if directory == "" {
		return errNoSpool
	}
	config, err := d.restConfig()
	if err != nil {
		return err
	}
	command := append([]string{"/sidecar", "spool", args[0], "--spool-dir", directory}, args[1:]...)
	ctx, stdout, done := untilSilent(ctx, stdout, sidecarSilence)
	defer done()
	err = execute(ctx, config, pod, sidecarContainer, stdout, command...)
	if err != nil && errors.Is(context.Cause(ctx), errSilent) {
		return fmt.Errorf("run sidecar spool %s: %w", args[0], errSilent)
	}
	return err
}

// sidecarSilence is how long a sidecar may print nothing before it is given up, so that one that hangs does not stop the others.
const sidecarSilence = 30 * time.Second

var errSilent = fmt.Errorf("the sidecar has sent nothing for %s: its Pod or its node may hang; check kubectl describe pod", sidecarSilence)

// untilSilent returns a context that ends with errSilent once nothing has been written to the writer for the limit.
func untilSilent(ctx context.Context, out io.Writer, limit time.Duration) (context.Context, io.Writer, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(limit, func() { cancel(errSilent) })
	heard := writerFunc(func(p []byte) (int, error) {
		timer.Reset(limit)
		return out.Write(p)
	})
	return ctx, heard, func() { timer.Stop(); cancel(nil) }
}

type writerFunc func([]byte) (int, error)

func (w writerFunc) Write(p []byte) (int, error) { return w(p) }

var errNoSpool = errors.New("the sidecar has no spool: it runs without --spool-dir")

func (d *deliveriesOptions) delete(ctx context.Context, args []string) error {
	for _, id := range args[1:] {
		if _, err := strconv.ParseUint(id, 10, 64); err != nil {
			return fmt.Errorf("%q is not the id of a dead letter: kubectl recording deliveries lists them", id)
		}
	}
	found := false
	err := d.each(ctx, func(pod *corev1.Pod) error {
		if pod.Name != args[0] {
			return nil
		}
		found = true
		return d.spool(ctx, pod, d.Out, append([]string{"delete"}, args[1:]...)...)
	})
	if err == nil && !found {
		return fmt.Errorf("namespace %q has no sidecar %q", d.operatorNamespace, args[0])
	}
	return err
}

func (d *deliveriesOptions) show(ctx context.Context) error {
	return d.each(ctx, func(pod *corev1.Pod) error {
		var unread error
		lines := []string{pod.Name, "  Webhooks since its start:"}
		counts, err := d.rejected(ctx, pod)
		if err != nil {
			unread, counts = errUnread, []string{"    not available: " + view.Clean(err.Error())}
		}
		lines = append(lines, counts...)
		spooled, err := d.spooled(ctx, pod)
		switch {
		case errors.Is(err, errNoSpool):
			spooled = []string{"  Spool: none, the sidecar runs without --spool-dir"}
		case err != nil:
			unread, spooled = errUnread, []string{"  Spool: not available: " + view.Clean(err.Error())}
		}
		_, err = fmt.Fprintln(d.Out, strings.Join(append(lines, spooled...), "\n"))
		return errors.Join(err, unread)
	})
}

// errUnread says that the answer is not whole; its lines say why.
var errUnread = errors.New("not everything could be read")

// rejected returns the counts of webhooks by type and outcome.
func (d *deliveriesOptions) rejected(ctx context.Context, pod *corev1.Pod) (lines []string, err error) {
	config, err := d.restConfig()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, sidecarSilence, errSilent)
	defer cancel()
	_, target, err := net.SplitHostPort(containerFlag(pod, sidecarContainer, "diagnostics-bind-address", sidecarDiagnostics))
	if err != nil {
		return nil, errors.New("the sidecar serves no diagnostics: it runs with --diagnostics-bind-address=0")
	}
	port, err := forwardPort(ctx, config, pod, target)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/metrics", port), http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read metrics: the sidecar responded %s", response.Status)
	}
	return webhookCounts(response.Body)
}

// webhookCounts reads meetingrecording_webhooks_total from metrics in text format.
func webhookCounts(body io.Reader) ([]string, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(body)
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	var lines []string
	for _, metric := range families["meetingrecording_webhooks_total"].GetMetric() {
		if count := metric.GetCounter().GetValue(); count > 0 {
			lines = append(lines, fmt.Sprintf("    %-14s %-24s %.0f", labelOf(metric, "outcome"), labelOf(metric, "type"), count))
		}
	}
	slices.Sort(lines)
	if len(lines) == 0 {
		lines = []string{"    none"}
	}
	return lines, nil
}

func labelOf(metric *dto.Metric, name string) string {
	for _, label := range metric.GetLabel() {
		if label.GetName() == name {
			return label.GetValue()
		}
	}
	return ""
}

// spoolRecord is a line of "sidecar spool export".
type spoolRecord struct {
	ID      uint64          `json:"id"`
	State   string          `json:"state"`
	Payload json.RawMessage `json:"payload"`
}

// spooled returns how many events wait, and each dead letter.
func (d *deliveriesOptions) spooled(ctx context.Context, pod *corev1.Pod) ([]string, error) {
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(d.spool(ctx, pod, writer, "export")) }()
	waiting, dead, err := readSpool(reader)
	_ = reader.Close() // ends the writer if it was not read to its end
	if err != nil {
		return nil, err
	}
	lines := append([]string{fmt.Sprintf("  Spool: %d events wait", waiting), fmt.Sprintf("  Dead letters: %d", len(dead))}, dead...)
	if len(dead) > 0 {
		lines = append(lines, "  After the cause is fixed: kubectl recording deliveries replay")
	}
	return lines, nil
}

// readSpool reads what "sidecar spool export" prints: how many events wait, and a text for each dead letter.
func readSpool(output io.Reader) (waiting int, dead []string, err error) {
	lines := bufio.NewScanner(output)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var record spoolRecord
		if err := json.Unmarshal(lines.Bytes(), &record); err != nil {
			return 0, nil, fmt.Errorf("read what the sidecar printed: %w", err)
		}
		if record.State != "dead" {
			waiting++
			continue
		}
		var letter struct{ Reason string }
		if err := json.Unmarshal(record.Payload, &letter); err != nil {
			return 0, nil, fmt.Errorf("read what the sidecar printed: %w", err)
		}
		dead = append(dead, fmt.Sprintf("    %d: %s\n       %s", record.ID, view.Clean(letter.Reason), view.Clean(string(record.Payload))))
	}
	return waiting, dead, lines.Err()
}
