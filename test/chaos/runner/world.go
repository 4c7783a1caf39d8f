// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package runner brings up a cluster's API server and the operator's binaries as processes, sends them webhooks, has things go wrong, and
// watches what comes of it.
package runner

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/chaos/audit"
	"github.com/meetingops/meeting-recording-operator/test/chaos/plan"
	"github.com/meetingops/meeting-recording-operator/test/harness"
	"github.com/meetingops/meeting-recording-operator/test/harness/provider"
)

// Options say where things are.
type Options struct {
	// Root is the folder of the project, with its binaries in bin and the control plane's in Assets.
	Root, Assets string
	// Folder is where logs and data go. It must exist.
	Folder string
	// Acknowledge is the sidecars' --acknowledge.
	Acknowledge string
	// Backfill runs backfill, too.
	Backfill bool
	// Out reports the run's progress, one line each.
	Out func(format string, args ...any)
}

// world is everything that runs.
type world struct {
	Options
	control  *ControlPlane
	provider *harness.Provider
	account  *provider.Account
	client   client.WithWatch
	observer *observer
	kubelet  *kubelet
	// processes are all, by name; links lead to sidecars ("webhooks of") and to the API server ("API of"); disks are those of
	// the spools, whose folders spools has.
	processes map[string]*Process
	links     map[string]*link
	disks     map[string]*disk
	spools    map[string]string
	skews     spans
	// keyFile and keyURL have the provider's key.
	keyFile, keyURL string
	apiURL          string
	// webhooks, health and metrics are addresses of sidecars, by name.
	webhooks, health, metrics map[string]string
}

// sidecars and managers are the programs of ours.
var (
	sidecars = []string{plan.SidecarA, plan.SidecarB}
	managers = []string{plan.ManagerA, plan.ManagerB}
)

// newWorld brings everything up. It ends with ctx, and close waits for that.
func newWorld(ctx context.Context, options Options) (*world, error) {
	w := &world{
		Options: options, observer: newObserver(), processes: map[string]*Process{}, links: map[string]*link{}, disks: map[string]*disk{},
		spools:   map[string]string{},
		webhooks: map[string]string{}, health: map[string]string{}, metrics: map[string]string{},
	}
	var err error
	if w.control, err = startControlPlane(ctx, w.Folder, w.Assets, w.Root); w.control != nil {
		w.processes[plan.APIServer], w.processes[plan.Etcd] = w.control.APIServer, w.control.Etcd
	}
	if err != nil {
		return w, err
	}
	if err := v1alpha1.AddToScheme(clientgoscheme.Scheme); err != nil {
		return w, err
	}
	if w.client, err = client.NewWithWatch(w.control.Config, client.Options{Scheme: clientgoscheme.Scheme}); err != nil {
		return w, err
	}
	if err := w.startProvider(ctx); err != nil {
		return w, err
	}
	w.kubelet = newKubelet(w.client)
	for _, name := range sidecars {
		if err := w.startSidecar(ctx, name); err != nil {
			return w, err
		}
	}
	for _, name := range managers {
		if err := w.startManager(ctx, name); err != nil {
			return w, err
		}
	}
	if w.Backfill {
		if err := w.startBackfill(ctx); err != nil {
			return w, err
		}
	}
	return w, w.awaitPrograms(ctx)
}

// startProvider writes the provider's key to a file, and serves it.
func (w *world) startProvider(ctx context.Context) error {
	w.provider = harness.NewProvider()
	w.provider.Client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32, IdleConnTimeout: 5 * time.Second}}
	w.keyFile = filepath.Join(w.Folder, "public.pem")
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	w.apiURL = "http://" + listener.Addr().String()
	w.keyURL = w.apiURL + "/v2/public/rsa-public-key"
	w.account = provider.NewAccount()
	mux := http.NewServeMux()
	mux.Handle("/v2/public/rsa-public-key", w.provider)
	mux.Handle("/", w.account)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return w.provider.WriteKey(w.keyFile)
}

func (w *world) startSidecar(ctx context.Context, name string) error {
	kubeconfig, err := w.kubeconfig(ctx, name, "sidecar")
	if err != nil {
		return err
	}
	spool := filepath.Join(w.Folder, "spool-"+name)
	if err := os.Mkdir(spool, 0o700); err != nil {
		return err
	}
	w.spools[name] = spool
	if w.disks[name], err = newDisk(spool); err != nil {
		return err
	}
	addresses, err := harness.FreeAddresses(3)
	if err != nil {
		return err
	}
	w.webhooks[name], w.health[name], w.metrics[name] = addresses[0], addresses[1], addresses[2]
	args := []string{
		"--kubeconfig", kubeconfig, "--namespace", namespace, "--spool-dir", spool, "--acknowledge", w.Acknowledge,
		"--webhook-bind-address", w.webhooks[name], "--health-probe-bind-address", w.health[name], "--metrics-bind-address", w.metrics[name],
	}
	if name == plan.SidecarA {
		args = append(args, "--public-key-url", w.keyURL)
	} else {
		args = append(args, "--public-key-file", w.keyFile)
	}
	if w.disks[name] == nil {
		args = append(args, "--spool-max-bytes", "1Mi")
	}
	if w.links["webhooks of "+name], err = newLink(name, w.webhooks[name]); err != nil {
		return err
	}
	return w.startProgram(name, "chaos-sidecar", args...)
}

func (w *world) startManager(ctx context.Context, name string) error {
	kubeconfig, err := w.kubeconfig(ctx, name, "manager")
	if err != nil {
		return err
	}
	if w.health[name], err = harness.FreeAddress(); err != nil {
		return err
	}
	return w.startProgram(name, "manager", "--kubeconfig", kubeconfig, "--namespace", namespace, "--leader-elect",
		"--leader-elect-namespace", operatorNamespace, "--metrics-bind-address", "0", "--health-probe-bind-address", w.health[name],
		"--stall-after", "24h") // or recordings that are never ended have it write just when the end waits for quiet
}

func (w *world) kubeconfig(ctx context.Context, name, binary string) (string, error) {
	way, err := newLink(name, strings.TrimPrefix(w.control.Config.Host, "https://"))
	if err != nil {
		return "", err
	}
	w.links["API of "+name] = way
	return w.control.accountKubeconfig(ctx, name, binary, way.address())
}

func (w *world) startProgram(name, binary string, args ...string) error {
	process := newProcess(name, w.Folder, w.binary(binary), args...)
	w.processes[name] = process
	return process.Start()
}

// binary is the path of a program of ours.
func (w *world) binary(name string) string { return filepath.Join(w.Root, "bin", name) }

// awaitPrograms waits until all of ours are well.
func (w *world) awaitPrograms(ctx context.Context) error {
	for name := range w.health {
		if err := w.awaitOK(ctx, name, "/readyz"); err != nil {
			return err
		}
	}
	return nil
}

// awaitOK waits until a program answers 200 at a path of its health address.
func (w *world) awaitOK(ctx context.Context, name, path string) error {
	return harness.Await(ctx, patience, name+" is well", func(ctx context.Context) error {
		return harness.CheckOK(ctx, "http://"+w.health[name]+path)
	})
}

// watch has the observer and the kubelet work until ctx is done.
func (w *world) watch(ctx context.Context) {
	w.observer.onRecording = func(recording *v1alpha1.MeetingRecording) { w.kubelet.tidy(ctx, recording) }
	go w.observer.run(ctx, w.client)
}

// close ends everything, and keeps what is in the spools among the logs.
func (w *world) close() {
	for _, process := range w.processes {
		process.Kill()
	}
	for _, way := range w.links {
		way.proxy.Stop()
	}
	for name, d := range w.disks {
		if d == nil {
			continue
		}
		if err := keepSpool(w.spools[name], filepath.Join(w.Folder, "kept-spool-"+name)); err != nil {
			w.Out("the spool of %s is not kept: %v", name, err)
		}
		if err := d.release(); err != nil {
			w.Out("the disk of %s is not released: %v", name, err)
		}
	}
}

// keepSpool copies the files of a spool's store to a new folder.
func keepSpool(spool, folder string) error {
	files, err := filepath.Glob(filepath.Join(spool, "*[0-9].spool"))
	if err != nil {
		return err
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(file)), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// objects returns all MeetingRecordings as etcd has them.
func (w *world) objects(ctx context.Context) ([]v1alpha1.MeetingRecording, error) {
	var list v1alpha1.MeetingRecordingList
	err := harness.Await(ctx, time.Minute, "the recordings are listed", func(ctx context.Context) error {
		return w.client.List(ctx, &list, client.InNamespace(namespace))
	})
	return list.Items, err
}

// steps are those of the pipelines that config/pipelines has for a recording that has stopped.
func (w *world) steps(ctx context.Context) ([]audit.Step, error) {
	var list v1alpha1.RecordingPipelineList
	if err := w.client.List(ctx, &list, client.InNamespace(namespace)); err != nil {
		return nil, err
	}
	var steps []audit.Step
	for _, pipeline := range list.Items {
		for _, step := range pipeline.Spec.Steps {
			steps = append(steps, audit.Step{Pipeline: pipeline.Name, Name: step.Name})
		}
	}
	return steps, nil
}
