// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package events tells apps and back ends, live, how far recordings are: a client of the operator's events server.
//
// It is what room.on("recordingStateChanged", ...) of the provider's SDKs is to participants, for everybody who may list and
// watch MeetingRecordings of the namespace:
//
//	client, err := events.NewClient("https://recordings.example.com", events.WithTokenFile("/var/run/secrets/events/token"))
//	room := client.Room("meetings", "abcd-efgh-ijkl")
//	room.On(events.RecordingStateChanged, func(status events.Status) { ... })
//	err = room.Run(ctx)
//
// The token file is a projected ServiceAccount token with the audience TokenAudience. The account needs list and watch of meetingrecordings in the
// namespace.
//
// A room begins with the present state, and goes on with changes. When the connection breaks, it is made again and resumes where it
// was: no change is missed, and none is reported twice. Where that is not possible, because the server and the API server no longer have
// what came since, OnReset is called and the present state follows.
package events
