// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/bench/report"
)

// sameSize is by how much what the limit wrote may differ in size: ids are of the same length, times are not always.
const sameSize = 0.02

// CheckSame plays a few recordings in both modes, and returns an error unless the limit leaves the same objects behind as the operator,
// field by field and about as large: or it would be no limit. They warm everything up, too.
func (s *Stage) CheckSame(ctx context.Context, recordings int) error {
	var names []string
	for _, mode := range []report.Mode{report.Limit, report.Ours} {
		if _, err := s.Leg(ctx, Spec{Mode: mode, Scene: report.Lifecycle, Senders: 4, Recordings: recordings}); err != nil {
			return err
		}
		names = append(names, s.Last(0))
	}
	var errs []error
	for _, path := range []string{"/apis/" + v1alpha1.GroupVersion.String() + "/namespaces/%s/meetingrecordings/%s", "/apis/batch/v1/namespaces/%s/jobs?labelSelector=" + v1alpha1.LabelRecording + "=%s"} {
		limit, err := s.raw(ctx, fmt.Sprintf(path, LimitNamespace, names[0]))
		if err != nil {
			return err
		}
		ours, err := s.raw(ctx, fmt.Sprintf(path, OursNamespace, names[1]))
		if err != nil {
			return err
		}
		errs = append(errs, checkSame(limit, ours))
	}
	return errors.Join(errs...)
}

func (s *Stage) raw(ctx context.Context, uri string) ([]byte, error) {
	body, err := s.Control.Clients.RESTClient().Get().RequestURI(uri).SetHeader("Accept", "application/json").Do(ctx).Raw()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", uri, err)
	}
	return body, nil
}

// checkSame compares which fields two JSON texts have, and their sizes.
func checkSame(limit, ours []byte) error {
	limits, err := fieldsOf(limit)
	if err != nil {
		return err
	}
	mine, err := fieldsOf(ours)
	if err != nil {
		return err
	}
	var differ []string
	for field := range limits {
		if !mine[field] {
			differ = append(differ, "only the limit has "+field)
		}
	}
	for field := range mine {
		if !limits[field] {
			differ = append(differ, "only the operator has "+field)
		}
	}
	if size := float64(len(limit)) / float64(len(ours)); math.Abs(size-1) > sameSize {
		differ = append(differ, fmt.Sprintf("the limit's is %d bytes, the operator's %d", len(limit), len(ours)))
	}
	if len(differ) > 0 {
		slices.Sort(differ)
		return fmt.Errorf("the limit does not write what the operator writes; change package limit until it does:\n  %s", strings.Join(differ, "\n  "))
	}
	return nil
}

// fieldsOf returns the paths of all fields, but of who manages them: that names each entry of a list by its key.
func fieldsOf(text []byte) (map[string]bool, error) {
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return nil, err
	}
	fields := map[string]bool{}
	collect(fields, "", value)
	maps.DeleteFunc(fields, func(field string, _ bool) bool { return strings.Contains(field, ".managedFields") })
	return fields, nil
}

func collect(fields map[string]bool, path string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for key, field := range value {
			collect(fields, path+"."+key, field)
		}
	case []any:
		for i, field := range value {
			collect(fields, fmt.Sprintf("%s[%d]", path, i), field)
		}
	default:
		fields[path] = true
	}
}
