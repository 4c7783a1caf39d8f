// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package player plays a script in a process of its own, as the provider or as the limit, so that what that costs is neither the
// operator's nor the measurer's. Who orders it and who plays talk over the player's standard input and output, a line each time: the order,
// "ready", "go", what was played; then the player stays until its input ends.
package player

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/bench/limit"
	"github.com/meetingops/meeting-recording-operator/test/bench/load"
	"github.com/meetingops/meeting-recording-operator/test/bench/script"
)

// Order says what to play. One of Provider and Limit is set.
type Order struct {
	Script   script.Script `json:"script"`
	Provider *Provider     `json:"provider,omitempty"`
	Limit    *Limit        `json:"limit,omitempty"`
}

// Provider is to send webhooks to an URL, signed with the key in a PEM file (PKCS #1).
type Provider struct {
	URL     string `json:"url"`
	KeyFile string `json:"keyFile"`
}

// Limit is to make the operator's writes, see package limit.
type Limit struct {
	Kubeconfig string `json:"kubeconfig"`
	Namespace  string `json:"namespace"`
	// PipelineFile has the RecordingPipeline.
	PipelineFile string `json:"pipelineFile"`
	JobsOnly     bool   `json:"jobsOnly"`
	Events       bool   `json:"events"`
}

const (
	ready = "ready"
	begin = "go"
	// warmable is for how many senders connections are opened before anything is measured.
	warmable = 128
)

// Run is the player's end.
func Run(ctx context.Context, input io.Reader, output io.Writer) error {
	// There is memory; what collecting it takes is no part of what is measured.
	debug.SetGCPercent(400)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lines := bufio.NewReader(input)
	line, err := lines.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("read the order: %w", err)
	}
	var order Order
	if err := json.Unmarshal(line, &order); err != nil {
		return fmt.Errorf("read the order: %w", err)
	}
	play, failed, err := prepare(ctx, order)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(output, ready); err != nil {
		return err
	}
	if line, err := lines.ReadString('\n'); err != nil || line != begin+"\n" {
		return errors.Join(fmt.Errorf("told %q, want %q", line, begin), err)
	}
	played, err := play(ctx)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(output).Encode(played); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, lines)
		ended <- err
	}()
	select {
	case err := <-failed:
		return err
	case err := <-ended:
		return err
	}
}

type play func(context.Context) (script.Played, error)

// prepare does what is not to be measured. What goes wrong beside the playing arrives at the channel.
func prepare(ctx context.Context, order Order) (play, <-chan error, error) {
	switch {
	case order.Provider != nil && order.Limit == nil:
		do, err := prepareProvider(ctx, order)
		return do, nil, err
	case order.Limit != nil && order.Provider == nil:
		return prepareLimit(ctx, order)
	}
	return nil, nil, errors.New("an order is for the provider or for the limit")
}

func prepareProvider(ctx context.Context, order Order) (play, error) {
	text, err := os.ReadFile(order.Provider.KeyFile)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s is not PEM", order.Provider.KeyFile)
	}
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	l, err := load.New(order.Script, order.Provider.URL, key)
	if err != nil {
		return nil, err
	}
	if order.Script.Senders > warmable {
		return l.Play, nil // a burst comes unannounced
	}
	return l.Play, l.Warm(ctx, key)
}

func prepareLimit(ctx context.Context, order Order) (play, <-chan error, error) {
	config, err := clientcmd.BuildConfigFromFlags("", order.Limit.Kubeconfig)
	if err != nil {
		return nil, nil, err
	}
	pipeline, err := ReadPipeline(order.Limit.PipelineFile)
	if err != nil {
		return nil, nil, err
	}
	l, err := limit.New(config, limit.Options{
		Script: order.Script, Namespace: order.Limit.Namespace, Pipeline: pipeline, JobsOnly: order.Limit.JobsOnly, Events: order.Limit.Events,
	})
	if err != nil {
		return nil, nil, err
	}
	if err := l.Prepare(ctx); err != nil {
		return nil, nil, err
	}
	follows, failed := make(chan struct{}), make(chan error, 1)
	go func() { failed <- l.Follow(ctx, func() { close(follows) }) }()
	select {
	case <-follows:
		return l.Play, failed, nil
	case err := <-failed:
		return nil, nil, err
	}
}

// ReadPipeline reads a RecordingPipeline from a YAML file.
func ReadPipeline(file string) (*v1alpha1.RecordingPipeline, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var pipeline v1alpha1.RecordingPipeline
	if err := yaml.UnmarshalStrict(content, &pipeline); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &pipeline, nil
}
