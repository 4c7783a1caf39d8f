// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/controllers"
)

// What a step found out is stored whole, in no way of the writes that follow, and stays when the Job is gone. The values are those
// whose spelling in JSON is not the same everywhere.
func TestValuesOutliveTheJob(t *testing.T) {
	ns := namespace(t)
	newPipeline(t, ns, "default", "probe", "archive")
	op := start(t, ns, nil)
	recording := newRecording(t, ns, "rec")
	arrives(t, recording, v1alpha1.EventStopped, 0)
	expect(t, recording, v1alpha1.ProcessingRunning, processingNow, "InProgress")

	probe := jobOf(t, recording, "default", "probe")
	exits(t, probe, 0, `{"outputs":[{"name":"report","values":{"duration":63.50,"width":1280.0,"huge":1e300,"tiny":1e-9,
		"large":9007199254740993,"title":"<&>\u2028é\n","audio":true,"none":""}}]}`)
	eventually(t, "the outcome of probe", func() error {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(recording), recording); err != nil {
			return err
		}
		return isState(recording.Status.Processing.Steps[0].State, v1alpha1.StepSucceeded)
	})
	if err := admin.Delete(t.Context(), probe, client.PropagationPolicy("Background")); err != nil {
		t.Fatal(err)
	}
	exits(t, jobOf(t, recording, "default", "archive"), 0, "")
	expect(t, recording, v1alpha1.ProcessingSucceeded, processed, "Current")

	want := map[string]any{
		"duration": json.Number("63.5"), "width": json.Number("1280"), "huge": json.Number("1e+300"), "tiny": json.Number("1e-9"),
		"large": json.Number("9007199254740993"), "title": "<&>\u2028é\n", "audio": true, "none": "",
	}
	made := recording.Status.Processing.Steps[0].Outputs
	if len(made) != 1 || made[0].Name != "report" || made[0].URL != "" || made[0].Values == nil {
		t.Fatalf("outputs are %+v", made)
	}
	var got map[string]any
	decoder := json.NewDecoder(strings.NewReader(string(made[0].Values.Raw)))
	decoder.UseNumber()
	if err := decoder.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("values (-want +got)\n%s", diff)
	}
	if patches := op.wire.counted()["PATCH meetingrecordings/status"]; patches != 3 {
		t.Errorf("%d patches of the status, want 3: running, the first outcome, the second", patches)
	}
}

// What a Job says of its outputs and cannot be understood fails the step, and the recording's conditions name the field to fix.
func TestMalformedOutputs(t *testing.T) {
	ns := namespace(t)
	newPipeline(t, ns, "default", "probe")
	start(t, ns, nil)
	recording := newRecording(t, ns, "rec")
	arrives(t, recording, v1alpha1.EventStopped, 0)
	exits(t, jobOf(t, recording, "default", "probe"), 0, `{"outputs":[{"name":"report","values":{"codecs":["h264"]}}]}`)
	expect(t, recording, v1alpha1.ProcessingFailed, failedPermanently, "Failed")
	for _, condition := range recording.Status.Conditions {
		if !strings.Contains(condition.Message, "container main: outputs[0].values.codecs: must be a number, a string or a boolean, not a list") {
			t.Errorf("condition %s says %q", condition.Type, condition.Message)
		}
	}
}

func isState(got, want v1alpha1.StepState) error {
	if got != want {
		return errors.New("it is " + string(got))
	}
	return nil
}

// The Pods of a Job that has ended come from the API server's watch cache; where versions of Pods and of Jobs have nothing to do with each other, as
// with an etcd for each, from etcd.
func TestPodsOfAnotherEtcd(t *testing.T) {
	for name, apart := range map[string]bool{"one etcd": false, "one for each": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ns := namespace(t)
			newPipelineAccepted(t, ns)
			var cached, consistent atomic.Int32
			start(t, ns, func(_ *controllers.Options, w *wire) {
				w.tamper = func(request *http.Request, kind string, next http.RoundTripper) (*http.Response, error) {
					switch query := request.URL.Query(); {
					case kind != "pods":
					case query.Get("resourceVersion") == "":
						consistent.Add(1)
					case query.Get("resourceVersionMatch") != "NotOlderThan":
						t.Errorf("asked for %v", query)
					default:
						cached.Add(1)
						if apart {
							return answer(request, http.StatusGatewayTimeout, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Timeout","code":504,`+
								`"message":"Too large resource version: 9, current: 1","details":{"causes":[{"reason":"ResourceVersionTooLarge","message":"Too large resource version"}]}}`), nil
						}
					}
					return next.RoundTrip(request)
				}
			})
			recording := newRecording(t, ns, "rec")
			arrives(t, recording, v1alpha1.EventStopped, 0)
			exits(t, jobOf(t, recording, "default", "archive"), 0, `{"outputs":[{"name":"a","url":"x:y"}]}`)
			expect(t, recording, v1alpha1.ProcessingSucceeded, processed, "Current")
			if len(recording.Status.Processing.Steps[0].Outputs) != 1 {
				t.Error("the recording has no outputs")
			}
			if got := consistent.Load() > 0; cached.Load() == 0 || got != apart {
				t.Errorf("%d lists from the watch cache, %d from etcd", cached.Load(), consistent.Load())
			}
		})
	}
}
