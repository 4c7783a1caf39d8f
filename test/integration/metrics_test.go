// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/events"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// scrapesFolder has what the binaries exposed once, on which hack/monitoring tries dashboards and alerts. With UPDATE_SCRAPES=1 it is
// written again.
const scrapesFolder = "../../hack/monitoring/testdata/"

// foreign are the families that are not ours, by how their names begin: docs/reference/metrics.md names them so.
var foreign = map[string][]string{
	"sidecar": {"go_", "process_"},
	"manager": {"go_", "process_", "controller_runtime_", "workqueue_", "rest_client_", "leader_election_", "certwatcher_"},
	"events":  {"go_", "process_", "controller_runtime_", "workqueue_", "rest_client_", "leader_election_", "certwatcher_"},
}

// TestMetrics runs a recording through the binaries, and compares what they expose with docs/reference/metrics.md and with the scrapes that
// dashboards and alerts are tried on, each in both directions.
func TestMetrics(t *testing.T) {
	scrapes := exposeEverything(t)
	document, err := os.ReadFile(harness.Path("docs", "reference", "metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, component := range []string{"sidecar", "manager", "events"} {
		exposed := signatures(t, component, scrapes[component])
		documented := documentedMetrics(t, string(document), component)
		compare(t, component+" and docs/reference/metrics.md", exposed, documented)
		file := scrapesFolder + component + ".prom"
		if os.Getenv("UPDATE_SCRAPES") != "" {
			if err := os.WriteFile(file, scrapes[component], 0o600); err != nil {
				t.Fatal(err)
			}
		}
		kept, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		compare(t, component+" and "+file+" (write it anew with UPDATE_SCRAPES=1)", exposed, signatures(t, component, kept))
	}
}

// signature is a metric's type and labels, as docs/reference/metrics.md has them.
type signature struct {
	kind   string
	labels []string
}

func compare(t *testing.T, what string, got, want map[string]signature) {
	t.Helper()
	for name, signature := range got {
		if other, ok := want[name]; !ok {
			t.Errorf("%s: the binary alone has %s", what, name)
		} else if other.kind != signature.kind || !slices.Equal(other.labels, signature.labels) {
			t.Errorf("%s: %s is %v, and %v there", what, name, signature, other)
		}
	}
	for name := range want {
		if _, ok := got[name]; !ok {
			t.Errorf("%s: the binary lacks %s", what, name)
		}
	}
}

// signatures returns those of the families of a scrape that are ours. Every other must be of those that the document names by prefix.
func signatures(t *testing.T, component string, scrape []byte) map[string]signature {
	t.Helper()
	ours := make(map[string]signature)
	for name, family := range families(t, scrape) {
		if !strings.HasPrefix(name, "meetingrecording_") {
			if !slices.ContainsFunc(foreign[component], func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
				t.Errorf("%s exposes %s, which docs/reference/metrics.md knows nothing of", component, name)
			}
			continue
		}
		ours[name] = signature{strings.ToLower(family.GetType().String()), labelsOf(family)}
	}
	return ours
}

func labelsOf(family *dto.MetricFamily) []string {
	var labels []string
	for _, metric := range family.GetMetric() {
		for _, label := range metric.GetLabel() {
			labels = append(labels, label.GetName())
		}
	}
	slices.Sort(labels)
	return slices.Compact(labels)
}

var (
	metricRow = regexp.MustCompile("(?m)^\\| `(meetingrecording_[a-z_]+)` \\| (counter|gauge|histogram) \\|([^|]*)\\|")
	// labelName is the name of a label, outside the brackets that tell its values.
	labelName = regexp.MustCompile("`([a-z]+)`")
	inBracket = regexp.MustCompile(`\([^)]*\)`)
)

// documentedMetrics returns the table in a component's part of docs/reference/metrics.md.
func documentedMetrics(t *testing.T, document, component string) map[string]signature {
	t.Helper()
	_, part, found := strings.Cut(document, "\n## "+component+"\n")
	if !found {
		t.Fatalf("docs/reference/metrics.md has no part on the %s", component)
	}
	part, _, _ = strings.Cut(part, "\n## ")
	documented := make(map[string]signature)
	for _, row := range metricRow.FindAllStringSubmatch(part, -1) {
		var labels []string
		for _, label := range labelName.FindAllStringSubmatch(inBracket.ReplaceAllString(row[3], ""), -1) {
			labels = append(labels, label[1])
		}
		slices.Sort(labels)
		documented[row[1]] = signature{row[2], labels}
	}
	for _, prefix := range foreign[component] {
		if !strings.Contains(part, "`"+prefix+"*`") {
			t.Errorf("docs/reference/metrics.md does not list the %s's %s*", component, prefix)
		}
	}
	return documented
}

// exposeEverything runs a recording, a forged webhook, a queue and a stream through the binaries, and returns their metrics.
func exposeEverything(t *testing.T) map[string][]byte {
	t.Helper()
	queued := pipelineWithQueue(t)
	o := newOperator(t)
	managers, sidecars := harness.Address(t), harness.Address(t)
	o.startManager(t, "--metrics-bind-address", managers, "--leader-elect", "--leader-elect-namespace", operatorNamespace)
	o.startSidecar(t, "--metrics-bind-address", sidecars, "--spool-dir", t.TempDir())
	token := scraperToken(t)
	bind(t, "metrics-test-viewer", "meeting-recording-viewer", "metrics-test")
	live := startEvents(t, o)
	live.listen(t, api.MustToken(t, operatorNamespace, "metrics-test", events.TokenAudience))
	name, webhooks := newSession(t)
	for _, w := range webhooks {
		o.mustSend(t, w, "recorded")
	}
	complete(t, awaitJob(t, name))
	awaitProcessing(t, name, v1alpha1.ProcessingSucceeded)
	forged, err := harness.NewProvider().Send(t.Context(), "http://"+o.webhooks+harness.WebhookPath, webhooks[0].Body())
	if err != nil || forged.Status != http.StatusUnauthorized {
		t.Fatalf("a forged webhook was answered %+v, %v", forged, err)
	}
	scrapes := make(map[string][]byte)
	harness.Eventually(t, "all has been counted", func(ctx context.Context) (err error) {
		if scrapes["sidecar"], err = scrape(ctx, "http://"+sidecars+"/metrics", ""); err != nil {
			return err
		}
		if scrapes["manager"], err = scrape(ctx, "https://"+managers+"/metrics", token); err != nil {
			return err
		}
		if scrapes["events"], err = scrape(ctx, "https://"+live.metrics+"/metrics", token); err != nil {
			return err
		}
		if !bytes.Contains(scrapes["manager"], []byte(`meetingrecording_queue_active_jobs{namespace="`+namespace+`",pipeline="`+queued+`"} 0`)) ||
			!bytes.Contains(scrapes["manager"], []byte(`meetingrecording_recordings_processed_total{outcome="succeeded"} 1`)) ||
			!bytes.Contains(scrapes["events"], []byte(`meetingrecording_events_sent_total{event="outputReady"} `)) {
			return errors.New("not yet")
		}
		return nil
	})
	if !bytes.Contains(scrapes["manager"], []byte("leader_election_master_status{")) {
		t.Error("the manager does not tell whether it leads, which an alert is made of")
	}
	scrapes["sidecar"] = joinScrapes(t, scrapes["sidecar"], exposeRoutes(t))
	return scrapes
}

// pipelineWithQueue creates a pipeline with a bound, of which no recording is, until the test ends.
func pipelineWithQueue(t *testing.T) (name string) {
	t.Helper()
	archive := &v1alpha1.RecordingPipeline{}
	if err := api.Client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: pipelineName}, archive); err != nil {
		t.Fatal(err)
	}
	pipeline := &v1alpha1.RecordingPipeline{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "metrics-queue"},
		Spec:       *archive.Spec.DeepCopy(),
	}
	pipeline.Spec.MaxConcurrent = ptr.To[int32](1)
	pipeline.Spec.Selector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"metrics": "none"}}
	if err := api.Client.Create(t.Context(), pipeline); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := api.Client.Delete(context.Background(), pipeline); err != nil {
			t.Error(err)
		}
	})
	return pipeline.Name
}

// scraperToken returns the token of a ServiceAccount that may get /metrics, as a Prometheus' may.
func scraperToken(t *testing.T) string {
	t.Helper()
	for _, object := range []client.Object{
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: operatorNamespace, Name: "metrics-test"}},
		&rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: "metrics-test"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "meeting-recording-metrics-reader"},
			Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: operatorNamespace, Name: "metrics-test"}},
		},
	} {
		if err := api.Client.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := api.Client.Delete(context.Background(), object); err != nil {
				t.Error(err)
			}
		})
	}
	clients, err := kubernetes.NewForConfig(api.Config)
	if err != nil {
		t.Fatal(err)
	}
	token, err := clients.CoreV1().ServiceAccounts(operatorNamespace).CreateToken(t.Context(), "metrics-test", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return token.Status.Token
}

func scrape(ctx context.Context, url, token string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "text/plain;version=0.0.4")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("answered %s: %s", response.Status, body)
	}
	return body, err
}
