// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"sigs.k8s.io/yaml"

	"github.com/meetingops/meeting-recording-operator/internal/cli/view"
	"github.com/meetingops/meeting-recording-operator/internal/simulator"
)

type simulateOptions struct {
	*options
	plan     simulator.Options
	scenario string

	url               string
	token             string
	keyDir            string
	configure         bool
	operatorNamespace string

	file       string
	serve      string
	follow     bool
	quiet      bool
	printsPlan bool
}

func newSimulateCommand(o *options) *cobra.Command {
	s := &simulateOptions{options: o, plan: simulator.Defaults()}
	cmd := &cobra.Command{
		Use:     "simulate",
		GroupID: groupOperate,
		Short:   "Play the provider: send signed webhooks to a sidecar",
		Long: `Play the provider: plan sessions with recordings, send their webhooks signed with your own key, and print the responses.

The sidecar must trust that key. With --configure the command mounts it into the sidecar, in a namespace that you have labelled
` + simulateLabel + `=allowed. Without it, the command prints how to do that.

Anyone with the key can forge recordings: use it on test clusters only.`,
		Example: `  # One recording, on a test cluster
  kubectl label namespace meeting-recording-system ` + simulateLabel + `=allowed
  kubectl recording simulate --configure --follow

  # 500 sessions within a minute, with overlap, losses and late webhooks; the same again with the same seed
  kubectl recording simulate --sessions=500 --recordings=2 --overlap --lose=0.05 --duplicate=0.1 --delay=0.2 --spread=1m --seed=7

  # A sidecar that you can reach
  kubectl recording simulate --url=http://127.0.0.1:8080/webhooks/videosdk --key-dir=keys`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.run(cmd.Context(), cmd) },
	}
	s.bind(cmd)
	cmd.AddCommand(newKeygenCommand(s), newWebhookCommand(s), newServeCommand())
	return cmd
}

func (s *simulateOptions) bind(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&s.scenario, "scenario", "", "YAML or JSON file with these options; flags take precedence.")
	flags.Uint64Var(&s.plan.Seed, "seed", 0, "Seed of all random choices; from the clock by default.")
	flags.IntVar(&s.plan.Sessions, "sessions", s.plan.Sessions, "Number of sessions.")
	flags.IntVar(&s.plan.Recordings, "recordings", s.plan.Recordings, "Number of recordings in each session.")
	flags.BoolVar(&s.plan.Overlap, "overlap", false, "Start a session's next recording before the one before has stopped.")
	flags.BoolVar(&s.plan.IDs, "ids", false, "Put the recording's id into each webhook.")
	flags.StringVar(&s.plan.Meeting, "meeting", "", "Meeting id; random by default.")
	flags.StringVar(&s.plan.Session, "session", "", "Session id, with one session; random by default.")
	flags.Float64Var(&s.plan.Lose, "lose", 0, "Share of webhooks that are never sent, from 0 to 1.")
	flags.Float64Var(&s.plan.Duplicate, "duplicate", 0, "Share of webhooks that are sent twice, from 0 to 1.")
	flags.Float64Var(&s.plan.Delay, "delay", 0, "Share of webhooks that come late, and so out of order, from 0 to 1.")
	flags.Float64Var(&s.plan.Fail, "fail", 0, "Share of recordings that fail, from 0 to 1.")
	flags.Var(&s.plan.MaxDelay, "max-delay", "Longest delay of a webhook that comes late or twice.")
	flags.Var(&s.plan.Step, "step", "Time between two events of a recording; 0s for none.")
	flags.Var(&s.plan.Spread, "spread", "Time over which the sessions start; all at once by default.")
	flags.StringVar(&s.plan.FileURL, "file-url", "", "Prefix of the recorded files' URLs, such as https://files.example.com.")
	flags.StringVar(&s.file, "file", "", "File on disk to serve as each recorded file, with --serve; a sample of five seconds by default.")
	flags.StringVar(&s.serve, "serve", "", "Address HOST:PORT to serve the recorded files at, reachable from the cluster's Pods.")
	flags.BoolVarP(&s.follow, "follow", "f", false, "Show the last recording until it is done.")
	flags.StringVar(&s.url, "url", "", "URL of the sidecar; by default a port is forwarded to a sidecar of the cluster.")
	flags.StringVar(&s.token, "endpoint-token", "", "Endpoint token of the sidecar, the last part of its path.")
	flags.BoolVar(&s.configure, "configure", false, "Have the sidecar of the cluster trust the key.")
	flags.StringVar(&s.operatorNamespace, "operator-namespace", defaultOperatorNamespace, "Namespace of the sidecar.")
	flags.BoolVarP(&s.quiet, "quiet", "q", false, "Print the summary only.")
	flags.BoolVar(&s.printsPlan, "print-plan", false, "Print the webhooks, and send none.")
	cmd.PersistentFlags().StringVar(&s.keyDir, "key-dir", defaultKeyDir(), "Directory of the key; created if it is missing.")
	cmd.MarkFlagsMutuallyExclusive("url", "configure")
}

// webhookAddress is the sidecar's default of --webhook-bind-address.
const webhookAddress = ":8080"

// defaultKeyDir is where the key stays between runs.
func defaultKeyDir() string {
	directory, err := os.UserConfigDir()
	if err != nil {
		return "videosdk-simulator"
	}
	return filepath.Join(directory, "kubectl-recording", "simulator")
}

func newKeygenCommand(s *simulateOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "keygen",
		Short: "Make the key that webhooks are signed with, and print its public half",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			key, err := simulator.LoadKey(s.keyDir)
			if err != nil {
				return err
			}
			_, err = s.Out.Write(key.Public())
			return err
		},
	}
}

// read reads the scenario's file. Flags that are set win over it.
func (s *simulateOptions) read(cmd *cobra.Command) error {
	if s.scenario != "" {
		set := map[string]string{}
		cmd.Flags().Visit(func(flag *pflag.Flag) { set[flag.Name] = flag.Value.String() })
		text, err := os.ReadFile(s.scenario)
		if err != nil {
			return fmt.Errorf("--scenario: %w", err)
		}
		if err := yaml.UnmarshalStrict(text, &s.plan); err != nil {
			return fmt.Errorf("--scenario: %s: %w", s.scenario, err)
		}
		for name, value := range set {
			if err := cmd.Flags().Set(name, value); err != nil {
				return fmt.Errorf("--%s: %w", name, err)
			}
		}
	}
	if s.plan.Seed == 0 {
		s.plan.Seed = uint64(time.Now().UnixNano())
	}
	if s.serve != "" && s.plan.FileURL == "" {
		s.plan.FileURL = "http://" + s.serve
	}
	if s.file != "" && s.serve == "" {
		return errors.New("--file needs --serve: the address at which Pods fetch it")
	}
	return errors.Join(s.plan.Validate(), simulator.CheckFile(s.file))
}

func (s *simulateOptions) run(ctx context.Context, cmd *cobra.Command) error {
	if err := s.read(cmd); err != nil {
		return err
	}
	plan := simulator.Plan(s.plan)
	if s.printsPlan {
		return s.printPlan(plan)
	}
	key, err := simulator.LoadKey(s.keyDir)
	if err != nil {
		return err
	}
	address, stop, err := s.reach(ctx, key)
	if err != nil {
		return err
	}
	defer stop()
	if err := s.serveFile(ctx); err != nil {
		return err
	}
	summary := summary{seed: s.plan.Seed, statuses: map[int]bool{}}
	sender := simulator.Sender{URL: address, Key: key, Report: func(r simulator.Result) {
		summary.add(r)
		if !s.quiet {
			// The summary says how many there were if this fails.
			_, _ = fmt.Fprintln(s.Out, resultLine(r))
		}
	}}
	err = sender.Send(ctx, plan)
	if _, printErr := fmt.Fprintln(s.Out, summary.String()); err == nil {
		err = printErr
	}
	switch {
	case err != nil:
		return err
	case summary.refused > 0:
		return fmt.Errorf("the sidecar did not accept %d webhooks%s", summary.refused, s.hint(summary.statuses))
	case s.follow:
		return s.followRecording(ctx, summary.recording)
	case s.serve != "":
		if _, err := fmt.Fprintf(s.ErrOut, "Serving the recorded files at %s. Press Ctrl+C to end.\n", s.plan.FileURL); err != nil {
			return err
		}
		<-ctx.Done()
	}
	return nil
}

// hint says what to do about the responses of a sidecar.
func (s *simulateOptions) hint(statuses map[int]bool) string {
	switch {
	case statuses[http.StatusUnauthorized]:
		return fmt.Sprintf(`: it does not trust the key of %[1]s. On a test cluster run with --configure, or do it yourself:
  kubectl -n %[2]s create secret generic %[3]s --from-file=%[1]s/%[4]s
  and mount it into the container "sidecar", with the argument --public-key-file=%[5]s/%[4]s in place of --public-key-url`,
			s.keyDir, s.operatorNamespace, simulatorSecret, simulator.PublicKeyFile, simulatorMount)
	case statuses[http.StatusNotFound]:
		return ": its path ends in an endpoint token: give that with --endpoint-token"
	}
	return ""
}

// followRecording shows a recording, named NAMESPACE/NAME, until it is done.
func (s *simulateOptions) followRecording(ctx context.Context, recording string) error {
	namespace, name, named := strings.Cut(recording, "/")
	if !named {
		return errors.New("--follow: no response names a recording, because the sidecar has spooled the webhooks")
	}
	c, err := s.client()
	if err != nil {
		return err
	}
	return (&getOptions{options: s.options, watch: true}).show(ctx, c, namespace, name)
}

func (s *simulateOptions) printPlan(plan []simulator.Delivery) error {
	for _, d := range plan {
		if _, err := fmt.Fprintf(s.Out, "%-10s %-20s lost=%-5v again=%-5v %s\n", d.At, d.Type, d.Lost, d.Again, d.Body); err != nil {
			return err
		}
	}
	return nil
}

// resultLine is one line for people.
func resultLine(r simulator.Result) string {
	outcome := fmt.Sprintf("%d %s", r.Status, view.Clean(string(r.Response)))
	switch {
	case r.Lost:
		outcome = "lost on purpose"
	case r.Err != nil:
		outcome = view.Clean(r.Err.Error())
	}
	return fmt.Sprintf("%-20s -> %s", r.Type, outcome)
}

type summary struct {
	seed                          uint64
	sent, accepted, lost, refused int
	statuses                      map[int]bool
	// recording is the last that a response named.
	recording string
}

func (s *summary) add(r simulator.Result) {
	switch {
	case r.Lost:
		s.lost++
		return
	case r.Accepted():
		s.accepted++
		var response struct{ Recording string }
		if json.Unmarshal(r.Response, &response) == nil && response.Recording != "" {
			s.recording = response.Recording
		}
	default:
		s.refused++
		s.statuses[r.Status] = true
	}
	s.sent++
}

func (s *summary) String() string {
	return fmt.Sprintf("%d webhooks sent, %d accepted, %d refused; %d lost on purpose (seed %d)", s.sent, s.accepted, s.refused, s.lost, s.seed)
}

// serveFile serves --file, or the sample, until ctx is done.
func (s *simulateOptions) serveFile(ctx context.Context) error {
	if s.serve == "" {
		return nil
	}
	listener, err := listen(ctx, s.serve)
	if err != nil {
		return fmt.Errorf("--serve: %w", err)
	}
	go func() {
		if err := serve(ctx, listener, simulator.FileHandler(s.file)); err != nil {
			_, _ = fmt.Fprintf(s.ErrOut, "--serve: %v\n", err)
		}
	}()
	return nil
}

// reach returns the URL of the sidecar: that of --url, or of a port that is forwarded to it until stop is called.
func (s *simulateOptions) reach(ctx context.Context, key *simulator.Key) (address string, stop func(), err error) {
	suffix := "/webhooks/videosdk"
	if s.token != "" {
		suffix += "/" + s.token
	}
	if s.url != "" {
		return s.url, func() {}, nil
	}
	config, err := s.restConfig()
	if err != nil {
		return "", nil, err
	}
	c, err := s.client()
	if err != nil {
		return "", nil, err
	}
	if err := s.trust(ctx, c, key); err != nil {
		return "", nil, err
	}
	pods, err := readyPods(ctx, c, s.operatorNamespace, sidecarContainer)
	if err != nil {
		return "", nil, err
	}
	_, target, err := net.SplitHostPort(containerFlag(&pods[0], sidecarContainer, "webhook-bind-address", webhookAddress))
	if err != nil {
		return "", nil, fmt.Errorf("read --webhook-bind-address of pod %s: %w", pods[0].Name, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	port, err := forwardPort(ctx, config, &pods[0], target)
	if err != nil {
		cancel()
		return "", nil, err
	}
	return fmt.Sprintf("http://127.0.0.1:%d%s", port, suffix), cancel, nil
}
