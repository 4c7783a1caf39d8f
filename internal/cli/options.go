// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/kube"
)

// pageSize is how many objects one list request returns. kubectl uses the same.
const pageSize = 500

// scheme has the kinds that the plugin reads.
var scheme = func() *runtime.Scheme {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(s); err != nil {
			panic(err) // the kinds are compiled in: they cannot conflict
		}
	}
	return s
}()

// options are what all commands share: streams and the flags of kubectl.
type options struct {
	genericiooptions.IOStreams
	config *genericclioptions.ConfigFlags
}

func (o *options) namespace() (string, error) {
	namespace, _, err := o.config.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return "", fmt.Errorf("read kubeconfig: %w", err)
	}
	return namespace, nil
}

func (o *options) restConfig() (*rest.Config, error) {
	config, err := o.config.ToRESTConfig()
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig: %w", err)
	}
	// A command ends soon: no client-side rate limit, and warnings once on standard error.
	config.QPS, config.Burst = -1, -1
	config.WarningHandler = rest.NewWarningWriter(o.ErrOut, rest.WarningWriterOptions{Deduplicate: true})
	return config, nil
}

// client returns a client without a cache.
func (o *options) client() (client.WithWatch, error) {
	config, err := o.restConfig()
	if err != nil {
		return nil, err
	}
	c, err := client.NewWithWatch(config, client.Options{Scheme: scheme, Mapper: kube.Mapper(scheme)})
	if err != nil {
		return nil, fmt.Errorf("connect to the cluster: %w", err)
	}
	return c, nil
}

// target is the namespace and the client of a command.
func (o *options) target() (string, client.WithWatch, error) {
	namespace, err := o.namespace()
	if err != nil {
		return "", nil, err
	}
	c, err := o.client()
	return namespace, c, err
}

// recording reads one MeetingRecording.
func (o *options) recording(ctx context.Context, c client.Client, namespace, name string) (*v1alpha1.MeetingRecording, error) {
	recording := &v1alpha1.MeetingRecording{}
	err := c.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, recording)
	if apierrors.IsNotFound(err) && !isMissingKind(err) {
		return nil, notFound(ctx, c, namespace, name)
	}
	if err != nil {
		return nil, explain(err, "get", "meetingrecordings", namespace)
	}
	return recording, nil
}

// notFound returns an error that suggests recordings with similar names.
func notFound(ctx context.Context, c client.Client, namespace, name string) error {
	problem := fmt.Sprintf("recording %q not found in namespace %q", name, namespace)
	names, err := recordingNames(ctx, c, mostSuggested, client.InNamespace(namespace))
	if err != nil {
		return errors.New(problem) // without the permission to list there is nothing to suggest
	}
	if similar := mostSimilar(name, names); len(similar) > 0 {
		problem += ". Did you mean:"
		for _, s := range similar {
			problem += "\n  " + s
		}
	} else if len(names) == 0 {
		problem += ": the namespace has no recordings. List all with: kubectl recording list -A"
	}
	return errors.New(problem)
}

// mostSuggested is how many names are read to suggest and complete some.
const mostSuggested = 10_000

// recordingNames returns the names of the recordings that the options select; only the first of them if there are very many.
func recordingNames(ctx context.Context, c client.Client, most int, options ...client.ListOption) ([]string, error) {
	var names []string
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("MeetingRecordingList"))
	_, err := eachPage(ctx, c, list, options, func(page *metav1.PartialObjectMetadataList) error {
		for _, item := range page.Items {
			names = append(names, item.Name)
		}
		if len(names) >= most {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return names, err
}

var errEnough = errors.New("enough")

// isMissingKind reports whether the API server does not know the kind at all: then it is not the API for the kind that answers 404.
func isMissingKind(err error) bool {
	if meta.IsNoMatchError(err) {
		return true
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Reason != metav1.StatusReasonNotFound {
		return false
	}
	details := status.Status().Details
	return details == nil || details.Name == "" || slices.ContainsFunc(details.Causes, func(cause metav1.StatusCause) bool {
		return cause.Type == metav1.CauseTypeUnexpectedServerResponse
	})
}

// olderSchema finds what the API server says of a field of ours that it does not know, or cannot select by.
var olderSchema = regexp.MustCompile(`unknown field "[^"]*"|field label not supported: \S+`)

// explain adds what to do to an error of the API server.
func explain(err error, verb, resource, namespace string) error {
	where := ""
	if namespace != "" {
		where = fmt.Sprintf(" in namespace %q", namespace)
	}
	switch {
	case err == nil:
		return nil
	case isMissingKind(err):
		return fmt.Errorf("%s %s: the cluster does not have the operator's CRDs: install them with kubectl apply -k config/crd", verb, resource)
	case olderSchema.MatchString(err.Error()):
		return fmt.Errorf("%s %s: the cluster's CRDs are older than this plugin: upgrade them with kubectl apply -k config/crd: %s",
			verb, resource, olderSchema.FindString(err.Error()))
	case apierrors.IsForbidden(err):
		return fmt.Errorf("%s %s: you lack the permission to %s %s%s: %w", verb, resource, verb, resource, where, err)
	case apierrors.IsUnauthorized(err):
		return fmt.Errorf("%s %s: the cluster does not accept your credentials: log in again: %w", verb, resource, err)
	}
	return fmt.Errorf("%s %s%s: %w", verb, resource, where, err)
}

// completeName completes the name of one recording.
func (o *options) completeName(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return o.completeNames(cmd, args, typed)
}

// completeNames completes names of recordings that are not named yet.
func (o *options) completeNames(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	namespace, c, err := o.target()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	names, err := recordingNames(cmd.Context(), c, mostSuggested, client.InNamespace(namespace))
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return without(names, args), cobra.ShellCompDirectiveNoFileComp
}

func without(names, given []string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(given, name) })
}

// completeFlags completes the namespace.
func completeFlags(root *cobra.Command, o *options) {
	// It fails only for a flag that does not exist.
	_ = root.RegisterFlagCompletionFunc("namespace", func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		c, err := o.client()
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(runtimeKind("v1", "NamespaceList"))
		if err := c.List(cmd.Context(), list, client.Limit(pageSize)); err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		var names []string
		for _, item := range list.Items {
			names = append(names, item.Name)
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	})
}

// parameterCodec encodes the options of a Pod's subresources.
var parameterCodec = runtime.NewParameterCodec(scheme)
