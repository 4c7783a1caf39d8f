// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limit

import (
	"context"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// note is a Kubernetes Event to be.
type note struct {
	about        *v1alpha1.MeetingRecording
	reason, text string
}

// tell writes Kubernetes Events, one after the other and beside everything else.
func (l *Limit) tell(ctx context.Context) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	for {
		select {
		case n := <-l.events:
			if !l.Events {
				continue
			}
			if _, err := l.clients.EventsV1().Events(l.Namespace).Create(ctx, n.event(host), metav1.CreateOptions{}); err != nil {
				return fmt.Errorf("report %s: %w", n.about.Name, err)
			}
		case <-ctx.Done():
			return nil
		}
	}
}

func (n note) event(host string) *eventsv1.Event {
	now := metav1.NowMicro()
	return &eventsv1.Event{
		ObjectMeta:          metav1.ObjectMeta{Name: fmt.Sprintf("%s.%x", n.about.Name, now.UnixNano()), Namespace: n.about.Namespace},
		EventTime:           now,
		ReportingController: controllerManager, ReportingInstance: controllerManager + "-" + host,
		Action: "Process", Reason: n.reason, Note: n.text, Type: corev1.EventTypeNormal,
		Regarding: corev1.ObjectReference{
			APIVersion: v1alpha1.GroupVersion.String(), Kind: "MeetingRecording", Namespace: n.about.Namespace, Name: n.about.Name,
			UID: n.about.UID, ResourceVersion: n.about.ResourceVersion,
		},
	}
}
