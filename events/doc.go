// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package events is a client of the operator's events server, which streams changes of recordings to apps and back ends.
//
// It resembles room.on("recordingStateChanged", ...) of the provider's SDKs, for everyone who may list and watch MeetingRecordings of the
// namespace:
//
//	client, err := events.NewClient("https://recordings.example.com", events.WithTokenFile("/var/run/secrets/events/token"))
//	room := client.Room("meetings", "abcd-efgh-ijkl")
//	room.On(events.RecordingStateChanged, func(status events.Status) { ... })
//	err = room.Run(ctx)
//
// The token file is a projected ServiceAccount token with the audience TokenAudience. The account needs list and watch of meetingrecordings in the
// namespace.
//
// A room begins with the current state, and continues with changes. When the connection breaks, the client reconnects and resumes: no
// change is missed or reported twice. If that is not possible, because the changes are older than the API server's history, OnReset is
// called and the current state follows.
package events
