// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command manager runs the controllers: it watches MeetingRecordings and runs the Jobs of the RecordingPipelines that match.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/go-logr/logr"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	toolscache "k8s.io/client-go/tools/cache"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/controllers"
	"github.com/meetingops/meeting-recording-operator/controllers/recording"
	"github.com/meetingops/meeting-recording-operator/internal/apicheck"
	"github.com/meetingops/meeting-recording-operator/internal/diagnostics"
	"github.com/meetingops/meeting-recording-operator/internal/kube"
	"github.com/meetingops/meeting-recording-operator/internal/metricsserver"
	"github.com/meetingops/meeting-recording-operator/internal/startup"
	"github.com/meetingops/meeting-recording-operator/internal/tracing"
	"github.com/meetingops/meeting-recording-operator/internal/version"
)

func main() {
	os.Exit(run(ctrl.SetupSignalHandler(), os.Args[1:], os.Stdout, os.Stderr))
}

// run runs the manager until the context ends, and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags, err := parse(args, stderr)
	if err == nil {
		err = work(ctx, flags, flags.server.Log(stderr))
	}
	return startup.Exit("manager", err, stdout, stderr)
}

func work(ctx context.Context, flags flags, log logr.Logger) error {
	defer flags.server.Diagnose(ctx, log)()
	log.Info("Starting", "version", version.String(), "namespaces", flags.namespaces)
	return manage(ctx, flags, log)
}

// registerBuild is for controller-runtime's registry, of which there is one in a process.
var registerBuild sync.Once

// manage sets the manager up and runs it until the context ends.
func manage(ctx context.Context, flags flags, logger logr.Logger) error {
	tracer, err := tracing.Start(ctx, "meeting-recording-manager", flags.tracing, logger.WithName("tracing"))
	if err != nil {
		return err
	}
	defer func() {
		if err := tracer.Stop(); err != nil {
			logger.Error(err, "Last spans not exported")
		}
	}()
	cfg, err := config.GetConfig()
	if err != nil {
		return fmt.Errorf("no API server: set --kubeconfig or KUBECONFIG outside a cluster: %w", err)
	}
	cfg.QPS = -1                  // the API server's priority and fairness limits us; client-go's 5 requests a second would be the bottleneck
	cfg.DisableCompression = true // it would cost the API server's CPU, which is the limit, and save what nobody lacks
	cfg.UserAgent = "meeting-recording-manager/" + version.String()
	options, err := managerOptions(flags)
	if err != nil {
		return err
	}
	options.Logger = logger
	registerBuild.Do(func() { diagnostics.RegisterBuild(metrics.Registry, "manager") })
	recordings := controllers.Options{
		Options:        recording.Options{Settings: flags.settings, Tracer: tracer},
		Namespaces:     flags.namespaces,
		KeepRecordings: flags.keepRecordings,
	}
	if recordings.Delivery, err = flags.cloudEvents.delivery(); err != nil {
		return err
	}
	if flags.leaderElect {
		lease, err := newLease(cfg, flags.leaseNamespace)
		if err != nil {
			return err
		}
		options.LeaderElectionResourceLockInterface = lease
		options.LeaderElectionID = leaderElectionID // which names it in metrics
		recordings.Leading = lease.Term
	}
	if plain, err := discovery.NewDiscoveryClientForConfig(cfg); err != nil {
		return fmt.Errorf("make a client: %w", err)
	} else if _, err := plain.ServerVersionWithContext(ctx); err != nil {
		return fmt.Errorf("reach the API server: %w", err)
	}
	checker, err := apicheck.New(cfg, flags.namespaces, logger.WithName("namespaces"), cachedResources...)
	if err != nil {
		return err
	}
	checker.AlsoList(corev1.SchemeGroupVersion.WithResource("pods"))
	// A cache of a namespace that cannot be read would never sync, and stop the controllers for all.
	readable := checker.Check(ctx)
	if len(flags.namespaces) > 0 {
		recordings.Namespaces = readable
	}
	if options.Cache, err = controllers.CacheOptions(recordings.Namespaces); err != nil {
		return err
	}
	options.Cache.Mapper = kube.Mapper(options.Scheme)
	var stale apicheck.Caches
	options.Cache.DefaultWatchErrorHandler = stale.Failed
	options.Cache.NewInformer = comparedInformer(checker)
	mgr, err := ctrl.NewManager(cfg, options)
	if err != nil {
		return fmt.Errorf("set up the manager: %w", err)
	}
	if err := metricsserver.Add(ctx, mgr, flags.metricsAddress, flags.extraHandlers()); err != nil {
		return err
	}
	if len(readable) > 0 {
		if err := controllers.Setup(mgr, recordings); err != nil {
			return err
		}
	}
	err = errors.Join(mgr.Add(checker), mgr.AddHealthzCheck("ping", healthz.Ping), mgr.AddReadyzCheck("ping", healthz.Ping),
		mgr.AddReadyzCheck("namespaces", checker.Ready), mgr.AddReadyzCheck("caches", cachesSynced(mgr.GetCache(), &stale)))
	if err != nil {
		return fmt.Errorf("set up the health checks: %w", err)
	}
	return mgr.Start(ctx)
}

// cachedResources are what the manager caches.
var cachedResources = []schema.GroupVersionResource{
	v1alpha1.GroupVersion.WithResource("meetingrecordings"), v1alpha1.GroupVersion.WithResource("recordingpipelines"),
	batchv1.SchemeGroupVersion.WithResource("jobs"),
}

// comparedInformer returns the function with which the caches make informers. They list again after an outage. The informer of recordings
// reports etcd's revision to the checker.
func comparedInformer(checker *apicheck.Checker,
) func(toolscache.ListerWatcher, runtime.Object, time.Duration, toolscache.Indexers) toolscache.SharedIndexInformer {
	return func(source toolscache.ListerWatcher, example runtime.Object, resync time.Duration, indexers toolscache.Indexers) toolscache.SharedIndexInformer {
		informer := toolscache.NewSharedIndexInformer(kube.Relist(source), example, resync, indexers)
		if _, isRecording := example.(*v1alpha1.MeetingRecording); isRecording {
			checker.AlsoCompare(informer)
		}
		return informer
	}
}

// syncTimeout is how long a readiness probe waits for caches that are about to be synced.
const syncTimeout = 100 * time.Millisecond

// cachesSynced returns a check that fails until the caches have everything that they should have, and while one is stale.
func cachesSynced(caches cache.Cache, stale *apicheck.Caches) healthz.Checker {
	return func(request *http.Request) error {
		ctx, cancel := context.WithTimeout(request.Context(), syncTimeout)
		defer cancel()
		if !caches.WaitForCacheSync(ctx) {
			return errors.New("caches are not synced: the log says why")
		}
		return stale.Ready(request)
	}
}
