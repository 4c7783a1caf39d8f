// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package stage sets up a control plane with the operator, has scripts played on it, and measures what that takes.
package stage

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/bench/controlplane"
	"github.com/meetingops/meeting-recording-operator/test/bench/ours"
	"github.com/meetingops/meeting-recording-operator/test/bench/player"
	"github.com/meetingops/meeting-recording-operator/test/bench/proc"
	"github.com/meetingops/meeting-recording-operator/test/bench/script"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// OursNamespace is the operator's, LimitNamespace the limit's: neither sees what the other writes.
const (
	OursNamespace  = "bench-ours"
	LimitNamespace = "bench-limit"
)

// Options say where things are.
type Options struct {
	// Root is the project's folder, Assets that of the control plane's binaries; the operator's are in Root/bin.
	Root, Assets string
	// Folder is where data and logs go: on a disk, or etcd's fsync costs nothing.
	Folder string
	// LimitEvents has the limit write the two Kubernetes Events of a recording, as the operator does.
	LimitEvents bool
}

// Stage is a control plane with the operator.
type Stage struct {
	Options
	Control *controlplane.ControlPlane
	Manager *harness.Program
	Sidecar *ours.Sidecar
	// Spool is a second sidecar, with --acknowledge=spool; nil where the binary lacks that flag.
	Spool *ours.Sidecar

	programs        ours.Programs
	limitKubeconfig string
	pipelineFile    string
	keyFile         string
	client          client.Client
	tags            uint32
}

// New sets a stage up in the folder, which it makes. What was started is returned also with an error, to be closed. The manager is not
// started yet.
func New(ctx context.Context, options Options) (s *Stage, err error) {
	s = &Stage{Options: options}
	if err := os.MkdirAll(s.Folder, 0o700); err != nil {
		return s, err
	}
	if err := proc.CheckDisk(s.Folder); err != nil {
		return s, err
	}
	s.programs = ours.Programs{Bin: filepath.Join(s.Root, "bin"), Folder: s.Folder, Namespace: OursNamespace}
	s.programs.Key = harness.NewKey()
	s.keyFile = filepath.Join(s.Folder, "provider.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(s.programs.Key)})
	if err := os.WriteFile(s.keyFile, text, 0o600); err != nil {
		return s, err
	}
	if s.Control, err = controlplane.Start(ctx, s.Folder, s.Assets, s.Root); err != nil {
		return s, err
	}
	if s.limitKubeconfig, err = s.Control.AddNamespace(ctx, LimitNamespace); err != nil {
		return s, err
	}
	if s.programs.Kubeconfig, err = s.Control.AddNamespace(ctx, OursNamespace); err != nil {
		return s, err
	}
	if err := s.addPipeline(ctx); err != nil {
		return s, err
	}
	return s, s.startSidecars(ctx)
}

// addPipeline adds the pipeline that config/default installs, and keeps it in a file for the limit.
func (s *Stage) addPipeline(ctx context.Context) error {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return err
	}
	var err error
	if s.client, err = client.New(s.Control.Config, client.Options{Scheme: scheme}); err != nil {
		return err
	}
	pipeline, err := player.ReadPipeline(filepath.Join(s.Root, "config", "pipelines", "archive.yaml"))
	if err != nil {
		return err
	}
	pipeline.Namespace = OursNamespace
	if err := s.client.Create(ctx, pipeline); err != nil {
		return fmt.Errorf("create the pipeline: %w", err)
	}
	text, err := yaml.Marshal(pipeline) // as the API server has it, with defaults
	if err != nil {
		return err
	}
	s.pipelineFile = filepath.Join(s.Folder, "pipeline.yaml")
	return os.WriteFile(s.pipelineFile, text, 0o600)
}

func (s *Stage) startSidecars(ctx context.Context) (err error) {
	if s.Sidecar, err = s.programs.StartSidecar(ctx, "sidecar"); err != nil {
		return err
	}
	s.Spool, err = s.programs.StartSidecar(ctx, "sidecar-spool", "--acknowledge=spool")
	return err
}

// StartManager starts the manager.
func (s *Stage) StartManager(ctx context.Context) (err error) {
	s.Manager, err = s.programs.StartManager(ctx, "manager")
	return err
}

// StopManager ends the manager.
func (s *Stage) StopManager() {
	if s.Manager != nil {
		s.Manager.Stop()
		s.Manager = nil
	}
}

// Close ends everything, and removes etcd's data. Logs stay.
func (s *Stage) Close() error {
	s.StopManager()
	for _, sidecar := range []*ours.Sidecar{s.Sidecar, s.Spool} {
		if sidecar != nil && sidecar.Program != nil {
			sidecar.Stop()
		}
	}
	if s.Control != nil {
		s.Control.Stop()
	}
	return os.RemoveAll(filepath.Join(s.Folder, "etcd"))
}

// Last returns the name of a recording of the last script.
func (s *Stage) Last(recording int) string { return s.script(s.tags).Recording(recording).Name }

// NextScript returns a script whose recordings are unlike all others.
func (s *Stage) NextScript() script.Script {
	s.tags++
	return s.script(s.tags)
}

func (s *Stage) script(tag uint32) script.Script { return script.Script{Tag: fmt.Sprintf("%08x", tag)} }
