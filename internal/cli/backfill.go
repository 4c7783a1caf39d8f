// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"
)

const backfillContainer = "backfill"

func newBackfillCommand(o *options) *cobra.Command {
	var operatorNamespace string
	var dryRun bool
	cmd := &cobra.Command{
		Use:     "backfill --dry-run",
		GroupID: groupOperate,
		Short:   "Print what the provider lists and the cluster lacks",
		Long: `Print what the provider lists and the cluster lacks, and what the provider says about its deliveries of webhooks.

It runs "backfill --dry-run" in the container of the installed backfill, which has the provider's credentials, so it
needs the permission to create pods/exec in the operator's namespace. Backfill itself writes what is missing at its interval.`,
		Example: "  kubectl recording backfill --dry-run",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !dryRun {
				return errors.New("add --dry-run: the installed backfill writes what is missing by itself")
			}
			return o.backfill(cmd.Context(), operatorNamespace)
		},
	}
	cmd.Flags().StringVar(&operatorNamespace, "operator-namespace", defaultOperatorNamespace, "Namespace of backfill.")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "Print what is missing, and write nothing.")
	return cmd
}

func (o *options) backfill(ctx context.Context, operatorNamespace string) error {
	config, err := o.restConfig()
	if err != nil {
		return err
	}
	c, err := o.client()
	if err != nil {
		return err
	}
	pods, err := readyPods(ctx, c, operatorNamespace, backfillContainer)
	if err != nil {
		return err
	}
	container := findContainer(&pods[0].Spec, backfillContainer)
	command := slices.Concat([]string{"/backfill"}, container.Args, []string{"--dry-run"})
	return execute(ctx, config, &pods[0], backfillContainer, o.Out, command...)
}
