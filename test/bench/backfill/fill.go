// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"path"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/test/bench/controlplane"
	"github.com/meetingops/meeting-recording-operator/test/bench/script"
	"github.com/meetingops/meeting-recording-operator/test/harness/provider"
)

// fill has the API server hold all recordings but the last ones, which are missing, and returns the account that lists all of them.
func fill(ctx context.Context, api *controlplane.ControlPlane, s settings) (*provider.Account, error) {
	all := script.Script{Tag: "00000002", Recordings: s.recordings, PerSession: s.perSession, Senders: 1, Events: []string{script.Stopped}}
	if err := all.Check(); err != nil {
		return nil, err
	}
	account, ended := listed(all)
	template, err := record(ctx, api, ended)
	if err != nil {
		return nil, err
	}
	arrived := all
	arrived.Recordings -= s.missing
	if arrived.Recordings == 0 {
		return account, nil
	}
	return account, api.Fill(ctx, namespace, template, arrived)
}

// listed returns an account that lists the recordings, and when the last of them ended. They are spread over the lookback, but for its
// first hours and its last one.
func listed(all script.Script) (*provider.Account, time.Time) {
	account := provider.NewAccount()
	var last time.Time
	now := time.Now()
	for i := range all.Recordings {
		r := all.Recording(i)
		end := now.Add(-41*time.Hour + time.Duration(i)*(40*time.Hour/time.Duration(all.Recordings))).UTC().Truncate(time.Millisecond)
		if r.Segment == 1 {
			account.AddSession(provider.Session{ID: r.SessionID, RoomID: r.MeetingID, Start: end.Add(-time.Hour), End: end})
		}
		file := strings.TrimSuffix(path.Base(r.FilePath), path.Ext(r.FilePath))
		account.AddRecording(provider.Recording{ID: provider.ID('a', i), SessionID: r.SessionID, RoomID: r.MeetingID, FileID: file, Created: end})
		last = end
	}
	return account, last
}

// record writes one recording as the sidecar does, of which the others are copies, and returns its name. The provider does not list it.
func record(ctx context.Context, api *controlplane.ControlPlane, at time.Time) (string, error) {
	store, err := recorder.NewRESTStore(api.Config, recorder.NewMetrics(prometheus.NewRegistry()))
	if err != nil {
		return "", err
	}
	writer := &recorder.Writer{Store: store, Windows: lifecycle.Windows{Reorder: time.Minute, Redelivery: 10 * time.Second}}
	r := script.Script{Tag: "00000001"}.Recording(0)
	written := writer.Write(ctx, recorder.Session{Namespace: namespace, MeetingID: r.MeetingID, SessionID: r.SessionID}, []lifecycle.Event{{
		Type: v1alpha1.EventStopped, Source: v1alpha1.EventSourceWebhook, FilePath: r.FilePath, FileURL: r.FileURL, ReceivedAt: at,
	}})
	return r.Name, errors.Join(written[0].Err)
}
