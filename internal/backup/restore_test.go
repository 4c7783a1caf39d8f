// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// TestOvertaken: an event that is stored after the recording was created and before its status is written stays, and the lost status is no
// success. A change without an event, such as a label, loses nothing.
func TestOvertaken(t *testing.T) {
	for name, test := range map[string]struct {
		state v1alpha1.RecordingState
		want  Result
	}{
		"an event": {v1alpha1.RecordingStarted, Result{Outcome: Failed, Err: errOvertaken}},
		"a label":  {"", Result{Outcome: Restored}},
	} {
		t.Run(name, func(t *testing.T) {
			scheme := runtime.NewScheme()
			if err := v1alpha1.AddToScheme(scheme); err != nil {
				t.Fatal(err)
			}
			overtaken := false
			c := fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(&v1alpha1.MeetingRecording{}).WithInterceptorFuncs(interceptor.Funcs{
				SubResourceUpdate: func(ctx context.Context, c client.Client, subresource string, object client.Object, options ...client.SubResourceUpdateOption) error {
					if !overtaken {
						overtaken = true
						other := &v1alpha1.MeetingRecording{}
						if err := c.Get(ctx, client.ObjectKeyFromObject(object), other); err != nil {
							return err
						}
						other.Labels = map[string]string{"team": "sales"}
						if err := c.Update(ctx, other); err != nil {
							return err
						}
						other.Status.Recording.State = test.state
						if err := c.Status().Update(ctx, other); err != nil {
							return err
						}
					}
					return c.SubResource(subresource).Update(ctx, object, options...)
				},
			}).Build()
			stopped := recording("a")
			stopped.Object["status"] = map[string]any{"recording": map[string]any{"state": "Stopped"},
				"processing": map[string]any{"steps": []any{map[string]any{"pipeline": "web", "step": "archive", "state": "Succeeded", "attempt": int64(1)}}}}
			var file strings.Builder
			w, err := NewWriter(&file, "n", time.Unix(0, 0))
			if err == nil {
				err = w.Write(stopped)
			}
			if err == nil {
				_, err = w.Close()
			}
			if err != nil {
				t.Fatal(err)
			}
			reader, err := NewReader(strings.NewReader(file.String()))
			if err != nil {
				t.Fatal(err)
			}
			var got Result
			if err := Restore(t.Context(), c, reader, Options{Report: func(r Result) { got = r }}); err != nil {
				t.Fatal(err)
			}
			if got.Outcome != test.want.Outcome || !errors.Is(got.Err, test.want.Err) {
				t.Errorf("got %+v", got)
			}
		})
	}
}
