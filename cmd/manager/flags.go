// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/controllers"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
	"github.com/meetingops/meeting-recording-operator/internal/relay"
	"github.com/meetingops/meeting-recording-operator/internal/retention"
	"github.com/meetingops/meeting-recording-operator/internal/startup"
	"github.com/meetingops/meeting-recording-operator/internal/tracing"
)

// sidecarMetricsPath is where the metrics of --sidecar-metrics-url are served.
const sidecarMetricsPath = "/metrics/sidecar"

// flags are the manager's flags.
type flags struct {
	namespaces     []string
	leaderElect    bool
	leaseNamespace string
	healthAddress  string
	metricsAddress string
	sidecarMetrics http.Handler // nil for none
	settings       planning.Settings
	keepRecordings time.Duration
	cloudEvents    cloudEvents
	tracing        tracing.Options
	server         startup.Options
}

// parse reads the arguments; flag.ErrHelp is returned where they ask for help, which is then written to the output.
func parse(args []string, output io.Writer) (flags, error) {
	var f flags
	err := f.server.Parse("manager", args, output, f.bind, f.check)
	return f, err
}

func (f *flags) bind(set *flag.FlagSet) {
	set.Func("namespace", "Namespace to work in. May be repeated. Default: all namespaces.", func(name string) error {
		f.namespaces = append(f.namespaces, name)
		return checkNamespace(name)
	})
	set.BoolVar(&f.leaderElect, "leader-elect", false, "Let only one replica work at a time, with a Lease.")
	set.Func("leader-elect-namespace", "Namespace of the Lease of --leader-elect. Default: the Pod's.", func(name string) error {
		f.leaseNamespace = name
		return checkNamespace(name)
	})
	set.StringVar(&f.healthAddress, "health-probe-bind-address", ":8083", "Address of /healthz and /readyz; 0 for none.")
	set.StringVar(&f.metricsAddress, "metrics-bind-address", ":8443",
		"Address of /metrics, over HTTPS for clients with RBAC for nonResourceURLs /metrics; 0 for none.")
	set.Func("sidecar-metrics-url", "URL of the metrics of the sidecar in the same Pod, such as http://127.0.0.1:8082/metrics, "+
		"to serve at /metrics/sidecar.", func(url string) (err error) {
		f.sidecarMetrics, err = relay.New(url, ctrl.Log.WithName("sidecar-metrics"))
		return err
	})
	set.DurationVar(&f.settings.StallAfter, "stall-after", 10*time.Minute,
		"Time without progress, such as a missing end, a Pod that does not start or a refused Job, until a recording is Stalled.")
	set.DurationVar(&f.settings.StallAfterStarted, "stall-after-started", 24*time.Hour,
		"Time after recording-started without an end until a recording is Stalled: the longest meeting.")
	set.DurationVar(&f.settings.ReorderWindow, "reorder-window", time.Minute,
		"Time in which a failed recording may still get a file; it is processed afterwards. The same as the sidecar's flag.")
	set.DurationVar(&f.keepRecordings, "keep-recordings", 0,
		"Time to keep recordings that no pipeline ran for, or whose pipelines were deleted, at least 24h; 0 keeps them. "+
			"Others have their pipelines' retention.keepRecordings.")
	f.cloudEvents.bind(set)
	f.tracing.Bind(set)
}

func checkNamespace(name string) error {
	if problems := validation.IsDNS1123Label(name); len(problems) > 0 {
		return fmt.Errorf("not a namespace name: %s", problems[0])
	}
	return nil
}

// check returns what is wrong with the flags, and how to fix it.
func (f *flags) check() error {
	for _, limit := range []struct {
		flag     string
		duration time.Duration
	}{
		{"--stall-after", f.settings.StallAfter},
		{"--stall-after-started", f.settings.StallAfterStarted},
		{"--reorder-window", f.settings.ReorderWindow},
	} {
		if limit.duration <= 0 {
			return fmt.Errorf("%s must be more than 0, such as 10m; it is %s", limit.flag, limit.duration)
		}
	}
	if f.sidecarMetrics != nil && f.metricsAddress == "0" {
		return errors.New("--sidecar-metrics-url needs --metrics-bind-address: the sidecar's metrics are served next to the manager's")
	}
	if f.keepRecordings != 0 && f.keepRecordings < retention.Quiet {
		return fmt.Errorf("--keep-recordings must be at least 24h, or 0 to keep recordings; it is %s", f.keepRecordings)
	}
	return f.cloudEvents.check()
}

// extraHandlers returns the other handlers of the metrics server, for readers who may get /metrics.
func (f flags) extraHandlers() map[string]http.Handler {
	if f.sidecarMetrics == nil {
		return nil
	}
	return map[string]http.Handler{sidecarMetricsPath: f.sidecarMetrics}
}

// managerOptions returns the manager's options for the flags.
func managerOptions(f flags) (ctrl.Options, error) {
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return ctrl.Options{}, fmt.Errorf("set up the scheme: %w", err)
	}
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return ctrl.Options{}, fmt.Errorf("set up the scheme: %w", err)
	}
	cached, err := controllers.CacheOptions(f.namespaces)
	if err != nil {
		return ctrl.Options{}, err
	}
	return ctrl.Options{
		Scheme:                        scheme,
		Cache:                         cached,
		HealthProbeBindAddress:        f.healthAddress,
		LeaderElection:                f.leaderElect,
		LeaseDuration:                 ptr.To(leaseDuration),
		RenewDeadline:                 ptr.To(renewDeadline),
		LeaderElectionReleaseOnCancel: true,                                  // the process ends when the manager does
		Metrics:                       ctrlmetrics.Options{BindAddress: "0"}, // which internal/metricsserver serves
	}, nil
}
