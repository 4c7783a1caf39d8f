// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// TestLogsNameTheRecording turns both binaries' level up while they run, takes a recording through them, and reads their logs: every line
// is JSON, and each that is about the recording, at any level, has its namespace and name where a search looks for them.
func TestLogsNameTheRecording(t *testing.T) {
	o := newOperator(t)
	managers, sidecars := harness.Address(t), harness.Address(t)
	o.startManager(t, "--diagnostics-bind-address", managers)
	o.startSidecar(t, "--diagnostics-bind-address", sidecars)
	setLevel(t, "manager", managers, "debug")
	setLevel(t, "sidecar", sidecars, "debug")
	name, webhooks := newSession(t)
	for _, w := range webhooks {
		o.mustSend(t, w, "recorded")
		o.mustSend(t, w, "duplicate")
	}
	complete(t, awaitJob(t, name))
	awaitProcessing(t, name, v1alpha1.ProcessingSucceeded)
	harness.Eventually(t, "the manager has told of the end", func(context.Context) error {
		if !strings.Contains(o.manager.Output.String(), `"processing":"Succeeded"`) {
			return errors.New("not yet")
		}
		return nil
	})
	for program, log := range map[string]string{"manager": o.manager.Output.String(), "sidecar": o.sidecar.Output.String()} {
		about := 0
		for line := range strings.Lines(log) {
			var fields map[string]any
			if err := json.Unmarshal([]byte(line), &fields); err != nil {
				t.Errorf("%s: not JSON: %s", program, line)
				continue
			}
			if !strings.Contains(line, name) {
				continue
			}
			about++
			if object, ok := fields["object"].(map[string]any); ok {
				fields = object // controller-runtime's line of a Kubernetes Event
			}
			if fields["namespace"] != namespace || fields["name"] != name {
				t.Errorf("%s: the namespace and the name are not where they belong: %s", program, line)
			}
		}
		if about == 0 {
			t.Errorf("%s: no line tells of %s", program, name)
		}
	}
	// Back at info, nothing is logged of what is right.
	setLevel(t, "sidecar", sidecars, "info")
	before := len(o.sidecar.Output.String())
	o.mustSend(t, webhooks[0], "duplicate")
	if after := o.sidecar.Output.String()[before:]; strings.Contains(after, "Request was answered") {
		t.Errorf("at info the log says %s", after)
	}
	checkNoProfiles(t, managers)
}

// setLevel sets the level as through `kubectl port-forward`.
func setLevel(t *testing.T, program, address, level string) {
	t.Helper()
	harness.Eventually(t, "the level of the "+program, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://"+address+"/loglevel", strings.NewReader(level))
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		if response.StatusCode != http.StatusOK {
			err = errors.New(response.Status)
		}
		return errors.Join(err, response.Body.Close())
	})
}

func checkNoProfiles(t *testing.T, address string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/debug/pprof/", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusNotFound {
		t.Errorf("without --pprof profiles are answered %s", response.Status)
	}
}
