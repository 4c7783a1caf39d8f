// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	coordinationv1 "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/controllers"
	"github.com/meetingops/meeting-recording-operator/controllers/delivery"
	"github.com/meetingops/meeting-recording-operator/controllers/recording"
	"github.com/meetingops/meeting-recording-operator/internal/apicheck"
	"github.com/meetingops/meeting-recording-operator/internal/kube"
	"github.com/meetingops/meeting-recording-operator/internal/leadership"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
)

// The Lease's times are those of the manager, four times as long: each renewal costs the simulation as much as a recording's write.
const (
	leaseDuration = time.Minute
	renewDeadline = 40 * time.Second
	retryPeriod   = 8 * time.Second
)

const (
	stallAfter        = 5 * time.Minute
	stallAfterStarted = 20 * time.Minute
	reorderWindow     = time.Minute
	redeliveryWindow  = 10 * time.Second
	sweepEvery        = 2 * time.Minute
)

var (
	scheme = newScheme()
	mapper = kube.Mapper(scheme)
)

func newScheme() *runtime.Scheme {
	s := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(s), v1alpha1.AddToScheme(s)); err != nil {
		panic(err)
	}
	return s
}

// startManager starts one with all its controllers, as cmd/manager does.
func (w *World) startManager(name string) *process {
	p := w.newProcess(name)
	mgr, err := w.newManager(p)
	if err != nil {
		w.broken("set up %s: %v", name, err)
		return p
	}
	p.ended.Go(func() {
		err := mgr.Start(p.ctx)
		if p.ctx.Err() == nil {
			w.story.tell("%s ends: %v", name, err)
			w.later(draw(name, "restart"), between(w.dice.of(draw(name, "backoff")), time.Second, 10*time.Second), func() { w.restart(name, p) })
		}
	})
	return p
}

func (w *World) newManager(p *process) (ctrl.Manager, error) {
	cacheOptions, err := controllers.CacheOptions([]string{namespace})
	if err != nil {
		return nil, err
	}
	cfg := p.config()
	checker, err := apicheck.New(cfg, []string{namespace}, w.logger(p.name), v1alpha1.GroupVersion.WithResource("meetingrecordings"))
	if err != nil {
		return nil, err
	}
	cacheOptions.NewInformer = func(lister cache.ListerWatcher, example runtime.Object, resync time.Duration, indexers cache.Indexers) cache.SharedIndexInformer {
		informer := newInformer(lister, example, resync, indexers)
		if _, isRecording := example.(*v1alpha1.MeetingRecording); isRecording {
			checker.AlsoCompare(informer)
		}
		return informer
	}
	options := ctrl.Options{
		Scheme: scheme, MapperProvider: func(*rest.Config, *http.Client) (meta.RESTMapper, error) { return mapper, nil },
		Cache: cacheOptions, Logger: w.logger(p.name),
		Metrics: metricsserver.Options{BindAddress: "0"}, HealthProbeBindAddress: "0",
		Controller: config.Controller{SkipNameValidation: ptr.To(true)}, GracefulShutdownTimeout: ptr.To(10 * time.Second),
	}
	settings := controllers.Options{
		Options: recording.Options{
			Settings: planning.Settings{StallAfter: stallAfter, StallAfterStarted: stallAfterStarted, ReorderWindow: reorderWindow}, Clock: p,
		},
		Namespaces: []string{namespace}, KeepRecordings: 36 * time.Hour, SweepEvery: sweepEvery,
	}
	if w.plan.Sink {
		settings.Delivery = delivery.DefaultOptions
		settings.Delivery.Sink = &sink{world: w, process: p}
	}
	if w.plan.Managers > 1 {
		lock, err := w.newLock(p, cfg)
		if err != nil {
			return nil, err
		}
		options.LeaderElection, options.LeaderElectionID, options.LeaderElectionResourceLockInterface = true, "simulation", lock
		options.LeaseDuration, options.RenewDeadline, options.RetryPeriod = ptr.To(leaseDuration), ptr.To(renewDeadline), ptr.To(retryPeriod)
		settings.Leading = lock.Term
	}
	mgr, err := ctrl.NewManager(cfg, options)
	if err != nil {
		return nil, err
	}
	if w.has(Restored) { // it lists every few seconds, which the other runs save
		if err := mgr.Add(checker); err != nil {
			return nil, err
		}
	}
	return mgr, controllers.Setup(mgr, settings)
}

func (w *World) newLock(p *process, cfg *rest.Config) (*leadership.Lock, error) {
	client, err := coordinationv1.NewForConfig(cfg)
	if err != nil {
		return nil, err
	}
	identity := fmt.Sprintf("%s-%d", p.name, w.lives(p.name))
	lease := &resourcelock.LeaseLock{
		LeaseMeta: metav1.ObjectMeta{Namespace: namespace, Name: "simulation"}, Client: client,
		LockConfig: resourcelock.ResourceLockConfig{Identity: identity},
	}
	return leadership.Guard(lease, renewDeadline, p), nil
}

func (w *World) logger(name string) logr.Logger {
	return logr.New(&storyLog{world: w, who: name})
}

// storyLog adds what a process logs to the story.
type storyLog struct {
	world  *World
	who    string
	values []any
}

// Init implements logr.LogSink.
func (l *storyLog) Init(logr.RuntimeInfo) {}

// Enabled implements logr.LogSink.
func (l *storyLog) Enabled(level int) bool { return level == 0 || l.world.verbose && level < 2 }

// Info implements logr.LogSink.
func (l *storyLog) Info(_ int, message string, values ...any) {
	if strings.HasPrefix(message, "Warning") { // controller-runtime's, of a mistake of ours
		l.world.broken("%s: %s", l.who, message)
	}
	if !l.world.verbose {
		return
	}
	l.world.story.tell("%s says: %s %v", l.who, message, append(l.values, values...))
}

// Error implements logr.LogSink.
func (l *storyLog) Error(err error, message string, values ...any) {
	if strings.Contains(message, "panic") {
		l.world.broken("%s: %s: %v %v", l.who, message, err, values)
	}
	if l.world.verbose {
		l.world.story.tell("%s says: %s: %v %v", l.who, message, err, append(l.values, values...))
	}
}

// WithValues implements logr.LogSink.
func (l *storyLog) WithValues(values ...any) logr.LogSink {
	return &storyLog{l.world, l.who, append(append([]any(nil), l.values...), values...)}
}

// WithName implements logr.LogSink.
func (l *storyLog) WithName(string) logr.LogSink { return l }
