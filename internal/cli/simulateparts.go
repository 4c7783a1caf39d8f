// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/meetingops/meeting-recording-operator/internal/simulator"
)

// newWebhookCommand sends one webhook of the user's own making.
func newWebhookCommand(s *simulateOptions) *cobra.Command {
	var webhook simulator.Webhook
	cmd := &cobra.Command{
		Use:   "webhook TYPE",
		Short: "Send one signed webhook and print the response",
		Example: `  kubectl recording simulate webhook recording-stopped --url=http://127.0.0.1:8080/webhooks/videosdk \
    --meeting=jvsg-8rjn-j304 --session=613731342f27f56e4fc4b6d0 --file-path=/encoded/videos/1.mp4`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: cobra.FixedCompletions(simulator.WebhookTypes, cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			webhook.Type = args[0]
			return s.sendOne(cmd.Context(), webhook)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&s.url, "url", "", "URL of the sidecar; by default a port is forwarded to a sidecar of the cluster.")
	flags.StringVar(&s.token, "endpoint-token", "", "Endpoint token of the sidecar, the last part of its path.")
	flags.StringVar(&s.operatorNamespace, "operator-namespace", defaultOperatorNamespace, "Namespace of the sidecar.")
	flags.StringVar(&webhook.Meeting, "meeting", "", "Meeting id.")
	flags.StringVar(&webhook.Session, "session", "", "Session id.")
	flags.StringVar(&webhook.ID, "id", "", "Recording id; none by default.")
	flags.StringVar(&webhook.FilePath, "file-path", "", "Path of the recorded file at the provider, for recording-stopped.")
	flags.StringVar(&webhook.FileURL, "file-url", "", "URL of the recorded file, for recording-stopped.")
	return cmd
}

func (s *simulateOptions) sendOne(ctx context.Context, webhook simulator.Webhook) error {
	key, err := simulator.LoadKey(s.keyDir)
	if err != nil {
		return err
	}
	address, stop, err := s.reach(ctx, key)
	if err != nil {
		return err
	}
	defer stop()
	var result simulator.Result
	sender := simulator.Sender{URL: address, Key: key, Report: func(r simulator.Result) { result = r }}
	if err := sender.Send(ctx, []simulator.Delivery{webhook.Delivery()}); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(s.Out, resultLine(result)); err != nil {
		return err
	}
	if !result.Accepted() {
		return errors.New("the sidecar did not accept the webhook: the response says why")
	}
	return nil
}

// newServeCommand serves recorded files, and receives notifications.
func newServeCommand() *cobra.Command {
	var address, directory, notifications string
	cmd := &cobra.Command{
		Use:     "serve",
		Short:   "Serve recorded files over HTTP, and receive notifications",
		Example: "  kubectl recording simulate serve --listen=0.0.0.0:8090 --dir=files",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			listener, err := listen(cmd.Context(), address)
			if err != nil {
				return err
			}
			return serve(cmd.Context(), listener, simulator.DirHandler(directory, notifications))
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&address, "listen", "127.0.0.1:8090", "Address to listen on.")
	flags.StringVar(&directory, "dir", ".", "Directory whose files are served.")
	flags.StringVar(&notifications, "notifications", "", "File that gets a line for each body posted to /events.")
	return cmd
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return listener, nil
}

// serve serves until ctx is done.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", listener.Addr(), err)
	}
	return nil
}
