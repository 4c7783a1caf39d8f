// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

// Recorder makes events durable. It may be called concurrently.
type Recorder interface {
	// Record returns once the event is durable, or with an error if that was not
	// possible in time. A *RejectedError means that it never will be; after any
	// other error the same event may succeed later. An event whose write was
	// under way when time ran out may be durable in spite of the error:
	// recording it again is one more delivery, and loses nothing.
	Record(ctx context.Context, ev recorder.Event) (recorder.Outcome, error)
}

// eventTypes translates the provider's names.
var eventTypes = map[videosdk.EventType]v1alpha1.EventType{
	videosdk.RecordingStarting: v1alpha1.EventStarting,
	videosdk.RecordingStarted:  v1alpha1.EventStarted,
	videosdk.RecordingStopping: v1alpha1.EventStopping,
	videosdk.RecordingStopped:  v1alpha1.EventStopped,
	videosdk.RecordingFailed:   v1alpha1.EventFailed,
	videosdk.SessionEnded:      lifecycle.SessionEnded,
}

// newEvent returns the delivery of a recognised event of the provider.
func newEvent(x *exchange) recorder.Event {
	from := x.event
	return recorder.Event{
		Session: recorder.Session{Namespace: x.namespace, MeetingID: from.MeetingID, SessionID: from.SessionID},
		Event: lifecycle.Event{
			Type:       eventTypes[from.Type],
			Source:     v1alpha1.EventSourceWebhook,
			ID:         from.ID,
			FilePath:   from.FilePath,
			FileURL:    from.FileURL,
			Encryption: encryptionOf(from.Encryption),
			ReceivedAt: x.arrived,
		},
	}
}

func encryptionOf(from videosdk.Encryption) *v1alpha1.FileEncryption {
	if !from.Encrypted {
		return nil
	}
	return &v1alpha1.FileEncryption{KeyURL: from.KeyURL, MetadataURL: from.MetadataURL}
}
