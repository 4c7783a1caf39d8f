// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/meetingops/meeting-recording-operator/internal/cli"
	"github.com/meetingops/meeting-recording-operator/test/harness/controlplane"
)

var api *controlplane.ControlPlane

// withControlPlane runs the tests with a control plane; testscript does not start one for the commands of scripts.
type withControlPlane struct{ m *testing.M }

func (w withControlPlane) Run() int {
	controlplane.Main(w.m, func(c *controlplane.ControlPlane) error {
		api = c
		return c.StartKubelet(nodeName, kubelet)
	})
	return 0 // Main exits
}

func TestMain(m *testing.M) {
	testscript.Main(withControlPlane{m}, map[string]func(){
		"recording": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
			code := cli.Run(ctx, os.Args[1:], genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr})
			stop()
			os.Exit(code)
		},
		"xdg-open": browse,
	})
}

// TestScripts runs testdata/*.txtar, each in a namespace of its own.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			namespace := api.Namespace(t)
			kubeconfig := filepath.Join(env.WorkDir, "kubeconfig")
			text, err := os.ReadFile(api.Kubeconfig)
			if err != nil {
				return err
			}
			env.Setenv("KUBECONFIG", kubeconfig)
			env.Setenv("NAMESPACE", namespace)
			env.Setenv("NO_COLOR", "1")
			return os.WriteFile(kubeconfig, text, 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"apply": apply, "show": show, "nobody": nobody, "sidecar": sidecar(t), "backfill": backfill(t), "capture": capture, "kubectl": kubectl, "events": eventsServer(t),
			"manager": func(ts *testscript.TestScript, _ bool, _ []string) { startManager(t, ts.Getenv("NAMESPACE")) },
		},
	})
}

// apply creates the objects of a file in the script's namespace, with their status. "$NAMESPACE" and "$UID:KIND/NAME" in it are
// replaced.
func apply(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: apply FILE")
	}
	for document := range strings.SplitSeq(ts.ReadFile(args[0]), "\n---\n") {
		ts.Check(applyOne(ts, document))
	}
}

var uidOf = regexp.MustCompile(`UID:([A-Za-z]+)/([a-z0-9-]+)`)

func applyOne(ts *testscript.TestScript, document string) error {
	namespace := ts.Getenv("NAMESPACE")
	document = uidOf.ReplaceAllStringFunc(strings.ReplaceAll(document, "$NAMESPACE", namespace), func(match string) string {
		parts := uidOf.FindStringSubmatch(match)
		owner := &unstructured.Unstructured{}
		owner.SetGroupVersionKind(kinds[parts[1]])
		ts.Check(api.Client.Get(context.Background(), client.ObjectKey{Namespace: namespace, Name: parts[2]}, owner))
		return string(owner.GetUID())
	})
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
		return fmt.Errorf("%w in %s", err, document)
	}
	if object.GetKind() != "Namespace" {
		object.SetNamespace(namespace)
	}
	status := object.Object["status"]
	if err := api.Client.Create(context.Background(), object); err != nil || status == nil {
		return err
	}
	object.Object["status"] = status
	return api.Client.Status().Update(context.Background(), object)
}

var kinds = map[string]schema.GroupVersionKind{
	"MeetingRecording": {Group: "recording.meetingops.dev", Version: "v1alpha1", Kind: "MeetingRecording"},
	"Job":              {Group: "batch", Version: "v1", Kind: "Job"},
}

// show prints a field of a recording: show NAME JSONPATH.
func show(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: show NAME JSONPATH")
	}
	out, err := api.Kubectl("-n", ts.Getenv("NAMESPACE"), "get", "mrec", args[0], "-o", "jsonpath="+args[1])
	ts.Check(err)
	_, err = fmt.Fprintln(ts.Stdout(), out)
	ts.Check(err)
}

// kubectl runs kubectl in the script's namespace and prints its output.
func kubectl(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("kubectl is to succeed")
	}
	out, err := api.Kubectl(append([]string{"-n", ts.Getenv("NAMESPACE")}, args...)...)
	ts.Check(err)
	_, err = fmt.Fprintln(ts.Stdout(), out)
	ts.Check(err)
}

// capture sets a variable to what the first group of an expression matches in the last command's output: capture VARIABLE EXPRESSION.
func capture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: capture VARIABLE EXPRESSION")
	}
	found := regexp.MustCompile("(?m)" + args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if found == nil {
		ts.Fatalf("no match for %s in %s", args[1], ts.ReadFile("stdout"))
	}
	ts.Setenv(args[0], found[1])
}

// nobody replaces the kubeconfig by that of somebody without any permission.
func nobody(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: nobody")
	}
	namespace := ts.Getenv("NAMESPACE")
	account := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ServiceAccount", "metadata": map[string]any{"name": "nobody", "namespace": namespace},
	}}
	ts.Check(api.Client.Create(context.Background(), account))
	token, err := controlplane.Token(context.Background(), api.Config, namespace, "nobody")
	ts.Check(errors.Join(err, os.Remove(ts.Getenv("KUBECONFIG"))))
	ts.Check(controlplane.WriteKubeconfig(ts.Getenv("KUBECONFIG"), api.Config.Host, token))
}
