// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package events_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/meetingops/meeting-recording-operator/events"
)

// exampleServer is an events server whose room has one recording.
func exampleServer() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = fmt.Fprint(w, `event: recordingStateChanged
data: {"recording":{"name":"r","namespace":"meetings","meetingID":"abcd-efgh-ijkl","segment":1},"status":"RECORDING_STARTED","snapshot":true}

id: 7
event: ready
data: {}

id: 8
event: recordingStateChanged
data: {"recording":{"name":"r","namespace":"meetings","meetingID":"abcd-efgh-ijkl","segment":1},"status":"RECORDING_STOPPING"}

id: 9
event: recordingStateChanged
data: {"recording":{"name":"r","namespace":"meetings","meetingID":"abcd-efgh-ijkl","segment":1},"status":"RECORDING_STOPPED","file":{"path":"p"}}

id: 10
event: outputReady
data: {"recording":{"name":"r","namespace":"meetings"},"pipeline":"archive","step":"copy","name":"archive","url":"s3://bucket/p"}

`)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
}

func ExampleRoom_On() {
	server := exampleServer()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	client, err := events.NewClient(server.URL, events.WithToken(func(context.Context) (string, error) { return "token", nil }))
	if err != nil {
		fmt.Println(err)
		return
	}
	room := client.Room("meetings", "abcd-efgh-ijkl")
	room.On(events.RecordingStateChanged, func(status events.Status) { fmt.Println(status) })
	room.OnOutputReady(func(output events.Output) {
		fmt.Println(output.Name, output.URL)
		cancel() // it is all that this example wants
	})
	fmt.Println(room.Run(ctx))
	// Output:
	// RECORDING_STARTED
	// RECORDING_STOPPING
	// RECORDING_STOPPED
	// archive s3://bucket/p
	// context canceled
}
