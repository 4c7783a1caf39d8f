// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/cli/view"
)

type logsOptions struct {
	*options
	follow    bool
	previous  bool
	container string
	tail      int64
}

func newLogsCommand(o *options) *cobra.Command {
	l := &logsOptions{options: o}
	cmd := &cobra.Command{
		Use:     "logs NAME [STEP]",
		GroupID: groupInspect,
		Short:   "Print the logs of a recording's steps",
		Long: `Print the logs of the newest Pod of a step, or of every step that has run.

If the Pod is gone, it prints what the status has of the step, and says so.`,
		Example: `  kubectl recording logs NAME
  kubectl recording logs NAME archive -f
  kubectl recording logs NAME web/probe --previous`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || len(args) > 2 {
				return fmt.Errorf("name a recording, and a step if you like: %s", cmd.UseLine())
			}
			return nil
		},
		ValidArgsFunction: l.complete,
		RunE: func(cmd *cobra.Command, args []string) error {
			return l.run(cmd.Context(), args[0], strings.Join(args[1:], ""))
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&l.follow, "follow", "f", false, "Print new lines as they come.")
	flags.BoolVarP(&l.previous, "previous", "p", false, "Print the log of the container before its last restart.")
	flags.StringVarP(&l.container, "container", "c", "", "Container to print; all by default.")
	flags.Int64Var(&l.tail, "tail", -1, "Last lines to print; all by default.")
	return cmd
}

func (l *logsOptions) complete(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return l.completeSteps(cmd, args, typed)
}

// completeSteps completes the name of a recording, and then those of its steps that are not named yet.
func (o *options) completeSteps(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return o.completeNames(cmd, args, typed)
	}
	namespace, c, err := o.target()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	recording, err := o.recording(cmd.Context(), c, namespace, args[0])
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return without(stepNames(recording), args[1:]), cobra.ShellCompDirectiveNoFileComp
}

func stepNames(r *v1alpha1.MeetingRecording) []string {
	var names []string
	for _, step := range r.Status.Processing.Steps {
		names = append(names, step.Pipeline+"/"+step.Step)
	}
	return names
}

// findSteps returns the steps that a name stands for: pipeline/step, or step where only one pipeline has it; all for "".
func findSteps(r *v1alpha1.MeetingRecording, name string) ([]v1alpha1.StepStatus, error) {
	if len(r.Status.Processing.Steps) == 0 {
		return nil, fmt.Errorf("recording %s has no steps yet: kubectl recording why %s says why", r.Name, r.Name)
	}
	var found []v1alpha1.StepStatus
	for _, step := range r.Status.Processing.Steps {
		if name == "" || name == step.Step || name == step.Pipeline+"/"+step.Step {
			found = append(found, step)
		}
	}
	switch {
	case len(found) == 0:
		return nil, fmt.Errorf("recording %s has no step %q: it has %s", r.Name, name, strings.Join(stepNames(r), ", "))
	case len(found) > 1 && name != "":
		return nil, fmt.Errorf("several pipelines have a step %q: use PIPELINE/STEP, one of %s", name, strings.Join(stepNames(r), ", "))
	}
	return found, nil
}

func (l *logsOptions) run(ctx context.Context, name, stepName string) error {
	namespace, c, err := l.target()
	if err != nil {
		return err
	}
	recording, err := l.recording(ctx, c, namespace, name)
	if err != nil {
		return err
	}
	steps, err := findSteps(recording, stepName)
	if err != nil {
		return err
	}
	config, err := l.restConfig()
	if err != nil {
		return err
	}
	clientset, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("connect to the cluster: %w", err)
	}
	gathered := gather(ctx, c, recording)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if gathered.jobs == nil || gathered.pods == nil {
		return errors.New(strings.Join(gathered.incomplete, "\n"))
	}
	// A step whose log cannot be read, such as one whose container waits for its image, does not hide the others.
	var failures []error
	for i := range steps {
		err := l.step(ctx, clientset, &steps[i], gathered.pods[steps[i].JobName], len(steps) > 1)
		if ctx.Err() != nil || isClosedPipe(err) {
			return cmp.Or(err, ctx.Err())
		}
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}

// step prints the log of the newest Pod of a step.
func (l *logsOptions) step(ctx context.Context, clientset kubernetes.Interface, step *v1alpha1.StepStatus, pods []corev1.Pod, named bool) error {
	if named {
		if _, err := fmt.Fprintf(l.Out, "==> %s/%s (%s) <==\n", step.Pipeline, step.Step, step.State); err != nil {
			return err
		}
	}
	if len(pods) == 0 {
		return l.kept(step)
	}
	pod := slices.MaxFunc(pods, func(a, b corev1.Pod) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	containers := containerNames(&pod)
	if l.container != "" {
		if !slices.Contains(containers, l.container) {
			return fmt.Errorf("pod %s has no container %q: it has %s", pod.Name, l.container, strings.Join(containers, ", "))
		}
		containers = []string{l.container}
	}
	// Containers that run at the same time are followed at the same time; init containers end before.
	followed, ctx := errgroup.WithContext(ctx)
	out := &lockedWriter{Writer: l.Out}
	for _, container := range containers {
		prefix := ""
		if len(containers) > 1 {
			prefix = container + ": "
		}
		printLog := func() error { return l.printContainer(ctx, clientset, &pod, container, prefix, out) }
		if l.follow && !endsFirst(&pod, container) {
			followed.Go(printLog)
		} else if err := printLog(); err != nil {
			return err
		}
	}
	return followed.Wait()
}

// endsFirst reports whether the container ends before the Pod's others start.
func endsFirst(pod *corev1.Pod, name string) bool {
	return slices.ContainsFunc(pod.Spec.InitContainers, func(c corev1.Container) bool {
		return c.Name == name && (c.RestartPolicy == nil || *c.RestartPolicy != corev1.ContainerRestartPolicyAlways)
	})
}

// lockedWriter writes what several containers print at once, each write whole.
type lockedWriter struct {
	io.Writer
	mu sync.Mutex
}

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.Writer.Write(p)
}

func containerNames(pod *corev1.Pod) []string {
	var names []string
	for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		names = append(names, container.Name)
	}
	return names
}

func (l *logsOptions) printContainer(ctx context.Context, clientset kubernetes.Interface, pod *corev1.Pod, container, prefix string, out io.Writer) (err error) {
	options := &corev1.PodLogOptions{Container: container, Follow: l.follow, Previous: l.previous}
	if l.tail >= 0 {
		options.TailLines = &l.tail
	}
	stream, err := clientset.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, options).Stream(ctx)
	if err != nil {
		return explain(err, "get", "pods/log", pod.Namespace)
	}
	defer func() { err = errors.Join(err, stream.Close()) }()
	if prefix == "" {
		_, err = io.Copy(out, stream)
		return err
	}
	lines := bufio.NewReader(stream)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			if _, err := io.WriteString(out, prefix+strings.TrimSuffix(line, "\n")+"\n"); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read the log of pod %s: %w", pod.Name, err)
		}
	}
}

// kept prints what the status has of a step whose Pod is gone.
func (l *logsOptions) kept(step *v1alpha1.StepStatus) error {
	var text strings.Builder
	if step.JobName == "" {
		fmt.Fprintf(&text, "Step %s/%s has not run (%s).\n", step.Pipeline, step.Step, step.State)
	} else {
		fmt.Fprintf(&text, "The Pod of job/%s is gone, and its log with it. The status has:\n", step.JobName)
	}
	fmt.Fprintf(&text, "  state:   %s, attempt %d\n", step.State, step.Attempt)
	if step.Message != "" {
		fmt.Fprintf(&text, "  message: %s\n", view.Clean(step.Message))
	}
	for _, output := range step.Outputs {
		fmt.Fprintf(&text, "  output:  %s %s\n", view.Clean(output.Name), view.Clean(output.URL))
	}
	_, err := io.WriteString(l.Out, text.String())
	return err
}
