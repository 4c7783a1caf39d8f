// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/processing/acceptance"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
)

// agreed is what kstatus must say where Argo CD says what is before it: Suspended is a word that only Argo CD has.
var agreed = map[string]status.Status{
	"Healthy": status.CurrentStatus, "Progressing": status.InProgressStatus, "Degraded": status.FailedStatus,
	"Suspended": status.InProgressStatus,
}

// evaluate runs both engines, checks that they agree, and returns Argo CD's word.
func evaluate(t *testing.T, object any, kind string) (string, status.Status) {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		t.Fatal(err)
	}
	stored := &unstructured.Unstructured{Object: content}
	stored.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	health := argoHealth(t, healthScript(t), stored)
	computed, err := status.Compute(stored)
	if err != nil {
		t.Fatal(err)
	}
	want := agreed[health.status]
	if stored.GetDeletionTimestamp() != nil {
		want = status.TerminatingStatus
	}
	if computed.Status != want {
		t.Errorf("Argo CD says %s, kstatus %s (%s): they disagree", health.status, computed.Status, computed.Message)
	}
	return health.status, computed.Status
}

// recordings are all situations of a MeetingRecording, and what Argo CD is to say of them.
func recordings(t *testing.T) map[string]struct {
	*situation
	want string
} {
	const stopped, started, failed = v1alpha1.RecordingStopped, v1alpha1.RecordingStarted, v1alpha1.RecordingFailed
	type judged = struct {
		*situation
		want string
	}
	ran := func() *situation {
		return recorded(t, stopped, time.Minute).with("a").job("a", 1, active()).decided(t)
	}
	lost := func() *situation { return ran().job("a", 1, ended(outcomes.JobFailed)).decided(t) }
	tooMany := recorded(t, stopped, 0)
	for range 9 {
		var steps []string
		for i := range 32 {
			steps = append(steps, "s"+strconv.Itoa(i))
		}
		tooMany.with(steps...)
	}
	behind := ran().job("a", 1, ended(outcomes.JobSucceeded)).decided(t).rerun("again")
	deleted := ran()
	deleted.Recording.DeletionTimestamp = &metav1.Time{Time: noon}
	return map[string]judged{
		"new, with nothing but defaults": {recorded(t, "", 0), "Progressing"},
		"new, suspended":                 {recorded(t, "", 0).suspended().decided(t), "Progressing"},
		"nothing came for a day":         {recorded(t, "", 24*time.Hour).decided(t), "Degraded"},
		"about to record":                {recorded(t, v1alpha1.RecordingStarting, time.Minute).decided(t), "Progressing"},
		"records":                        {recorded(t, started, time.Hour).decided(t), "Progressing"},
		"records, and will be held":      {recorded(t, started, time.Hour).suspended().decided(t), "Progressing"},
		"finishes the file":              {recorded(t, v1alpha1.RecordingStopping, time.Minute).decided(t), "Progressing"},
		"its end never came":             {recorded(t, v1alpha1.RecordingStopping, time.Hour).decided(t), "Degraded"},

		"ended, not seen yet":                  {recorded(t, stopped, 0).with("a"), "Progressing"},
		"ended, nothing matches":               {recorded(t, stopped, 0).decided(t), "Healthy"},
		"ended, held":                          {recorded(t, stopped, 0).with("a").suspended().decided(t), "Suspended"},
		"ended, too many steps":                {tooMany.decided(t), "Degraded"},
		"failed, a file may yet come":          {recorded(t, failed, time.Second).decided(t), "Progressing"},
		"failed, nothing to do for that":       {recorded(t, failed, time.Hour).with("a").decided(t), "Healthy"},
		"Jobs at work":                         {ran(), "Progressing"},
		"waits for its turn":                   {recorded(t, stopped, 0).with("a").queued("a").decided(t), "Progressing"},
		"Job is refused":                       {recorded(t, stopped, 0).with("a").job("a", 1, refused(time.Second)).decided(t), "Progressing"},
		"Job has been refused for long":        {recorded(t, stopped, 0).with("a").job("a", 1, refused(time.Hour)).decided(t), "Degraded"},
		"Job's name is taken":                  {recorded(t, stopped, 0).with("a").job("a", 1, outcomes.Observation{State: outcomes.JobTaken, Message: "taken"}).decided(t), "Degraded"},
		"Pod does not start":                   {recorded(t, stopped, 0).with("a").job("a", 1, notStarting(time.Second)).decided(t), "Progressing"},
		"Pod has not started for long":         {recorded(t, stopped, 0).with("a").job("a", 1, notStarting(time.Hour)).decided(t), "Degraded"},
		"one step ended, the next runs":        {recorded(t, stopped, 0).with("a", "b").needing().job("a", 1, ended(outcomes.JobSucceeded)).job("b", 1, active()).decided(t), "Progressing"},
		"one step ended, the next is held":     {recorded(t, stopped, 0).with("a", "b").needing().job("a", 1, active()).decided(t).suspended().job("a", 1, ended(outcomes.JobSucceeded)).decided(t), "Suspended"},
		"every step succeeded":                 {ran().job("a", 1, ended(outcomes.JobSucceeded)).decided(t), "Healthy"},
		"a step failed":                        {lost(), "Degraded"},
		"a step failed, another is skipped":    {recorded(t, stopped, 0).with("a", "b").needing().job("a", 1, ended(outcomes.JobFailed)).decided(t), "Degraded"},
		"asked to run again, not acted on yet": {behind, "Progressing"},
		"runs again":                           {lost().rerun("again").job("a", 2, active()).decided(t), "Progressing"},
		"is being deleted":                     {deleted, "Progressing"},
	}
}

// Every situation of a recording: Argo CD and kstatus agree, and nothing that the API can say is left out.
func TestRecordings(t *testing.T) {
	seen := findings{}
	states, provider, steps := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for name, test := range recordings(t) {
		t.Run(name, func(t *testing.T) {
			recording := test.Recording
			got, computed := evaluate(t, recording, "MeetingRecording")
			if got != test.want {
				t.Errorf("Argo CD says %s, want %s: %+v", got, test.want, recording.Status.Conditions)
			}
			states[string(recording.Status.Processing.State)] = true
			provider[string(recording.Status.Recording.State)] = true
			for _, step := range recording.Status.Processing.Steps {
				steps[string(step.State)] = true
			}
			if recording.Status.ObservedGeneration == recording.Generation && recording.DeletionTimestamp == nil {
				seen.add(recording.Status.Conditions, got, computed)
			}
		})
	}
	complete(t, "status.processing.state", states, enumOf(t, "meetingrecordings", "status", "processing", "state"))
	complete(t, "status.recording.state", provider, append(enumOf(t, "meetingrecordings", "status", "recording", "state"), ""))
	complete(t, "status.processing.steps[].state", steps, enumOf(t, "meetingrecordings", "status", "processing", "steps", "state"))
	complete(t, "reasons of a MeetingRecording", seen.reasons(), reasonsOf(t, "Reasons of a MeetingRecording's"))
	seen.areDocumented(t, "MeetingRecording")
}

// Every situation of a pipeline.
func TestPipelines(t *testing.T) {
	spec := map[string]any{"steps": []any{map[string]any{"name": "a", "template": map[string]any{}}}}
	pipeline := func(trials ...error) *v1alpha1.RecordingPipeline {
		p := defaulted[v1alpha1.RecordingPipeline](t, "recordingpipelines", spec)
		p.Status = acceptance.Accept(p, nil, trials, noon).Status
		return p
	}
	wrong := defaulted[v1alpha1.RecordingPipeline](t, "recordingpipelines", spec)
	wrong.Spec.Selector = &v1alpha1.LabelSelector{MatchExpressions: []v1alpha1.LabelSelectorRequirement{{Key: "team", Operator: "Is"}}}
	wrong.Status = acceptance.Accept(wrong, nil, nil, noon).Status
	changed := pipeline(nil)
	changed.Generation++
	deleted := pipeline(nil)
	deleted.DeletionTimestamp = &metav1.Time{Time: noon}

	seen := findings{}
	for name, test := range map[string]struct {
		*v1alpha1.RecordingPipeline
		want string
	}{
		"new, with nothing but defaults": {defaulted[v1alpha1.RecordingPipeline](t, "recordingpipelines", spec), "Progressing"},
		"accepted":                       {pipeline(nil), "Healthy"},
		"accepted, then changed":         {changed, "Progressing"},
		"template is invalid":            {pipeline(invalidImage()), "Degraded"},
		"makes no sense":                 {wrong, "Degraded"},
		"the trial was refused":          {pipeline(quotaExceeded()), "Progressing"},
		"is being deleted":               {deleted, "Progressing"},
	} {
		t.Run(name, func(t *testing.T) {
			got, computed := evaluate(t, test.RecordingPipeline, "RecordingPipeline")
			if got != test.want {
				t.Errorf("Argo CD says %s, want %s: %+v", got, test.want, test.Status.Conditions)
			}
			if test.Status.ObservedGeneration == test.Generation && test.DeletionTimestamp == nil {
				seen.add(test.Status.Conditions, got, computed)
			}
		})
	}
	complete(t, "reasons of a RecordingPipeline", seen.reasons(), reasonsOf(t, "Reasons of a RecordingPipeline's"))
	seen.areDocumented(t, "RecordingPipeline")
}

// complete fails where the API can say what no situation has.
func complete(t *testing.T, what string, seen map[string]bool, all []string) {
	t.Helper()
	if diff := cmp.Diff(slices.Sorted(slices.Values(all)), slices.Sorted(maps.Keys(seen))); diff != "" {
		t.Errorf("%s: add a situation for what the API can say (-API +situations)\n%s", what, diff)
	}
}

// findings are rows of the form "Reason Argo kstatus".
type findings map[string]bool

func (f findings) add(conditions []metav1.Condition, argo string, computed status.Status) {
	if ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady); ready != nil {
		f[ready.Reason+" "+argo+" "+string(computed)] = true
	}
}

func (f findings) reasons() map[string]bool {
	reasons := map[string]bool{}
	for row := range f {
		reason, _, _ := strings.Cut(row, " ")
		reasons[reason] = true
	}
	return reasons
}

var documentedRow = regexp.MustCompile("^\\| `(\\w+)` \\| .* \\| (\\w+) \\| (\\w+) \\|$")

// areDocumented compares with the table of docs/how-to/gitops.md that is under the kind's name.
func (f findings) areDocumented(t *testing.T, kind string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", "how-to", "gitops.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "\n| `Ready` of a "+kind+" ")
	if !found {
		t.Fatalf("docs/how-to/gitops.md has no table of a %s", kind)
	}
	table, _, _ = strings.Cut(table, "\n\n")
	var documented []string
	for line := range strings.Lines(table) {
		if row := documentedRow.FindStringSubmatch(strings.TrimSpace(line)); row != nil {
			documented = append(documented, strings.Join(row[1:], " "))
		}
	}
	slices.Sort(documented)
	if diff := cmp.Diff(documented, slices.Sorted(maps.Keys(f))); diff != "" {
		t.Errorf("docs/how-to/gitops.md says otherwise (-docs +engines)\n%s", diff)
	}
}

// reasonsOf lists the values of the constants in api/v1alpha1/conditions.go whose group begins with the words.
func reasonsOf(t *testing.T, words string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "api", "v1alpha1", "conditions.go"), nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var reasons []string
	for _, declaration := range file.Decls {
		group, ok := declaration.(*ast.GenDecl)
		if !ok || !strings.HasPrefix(group.Doc.Text(), words) {
			continue
		}
		for _, spec := range group.Specs {
			for _, value := range spec.(*ast.ValueSpec).Values {
				reason, err := strconv.Unquote(value.(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				reasons = append(reasons, reason)
			}
		}
	}
	if len(reasons) == 0 {
		t.Fatalf("no constants under %q", words)
	}
	return reasons
}
