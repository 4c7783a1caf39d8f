// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backfill

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/harness/provider"
)

// TestRefreshesExpiredAddresses while something may still need them.
func TestRefreshesExpiredAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		all := w.session(1, 3, 10*time.Hour)
		sign := func(file string) string {
			return "https://h.example/" + file + "?X-Amz-Date=" + time.Now().UTC().Format(signedTime) + "&X-Amz-Expires=3600"
		}
		for i := range all {
			all[i].URL = sign(all[i].FileID)
			if i == 2 {
				all[i].URL = "https://h.example/stays.mp4"
			}
			w.cluster.webhook(t, all[i])
		}
		w.cluster.finished[all[1].FileID] = true
		b := w.start(t)
		round := func() Summary {
			t.Helper()
			for _, r := range all[:2] {
				change(t, w, r, func(r *provider.Recording) { r.URL = sign(r.FileID) })
			}
			summary, err := b.Round(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return summary
		}
		if got := round().Found; got[Present] != 3 || w.cluster.records != 3 {
			t.Errorf("before it expires: %v", got)
		}
		<-time.After(time.Hour)
		if got := round().Found; got[Refreshed] != 1 || got[Present] != 2 {
			t.Errorf("after it expired: %v", got)
		}
		status := w.cluster.chains[[2]string{all[0].RoomID, all[0].SessionID}][0].Status
		if status.File.URL != sign(all[0].FileID) || status.Events[0].Deliveries != 1 || status.File.Path != all[0].WebhookPath() {
			t.Errorf("%+v", status)
		}
		if got := round().Found; got[Refreshed] != 0 {
			t.Errorf("again: %v", got)
		}
	})
}

// TestTwoAddressesOfOneFile: of two entries the one counts whose address has not expired, and nothing is written again and again.
func TestTwoAddressesOfOneFile(t *testing.T) {
	const expired, older = "https://h.example/f?Expires=900000000", "https://h.example/f?Expires=800000000"
	fresh := "https://h.example/f?Expires=4000000000"
	for _, tc := range []struct {
		name           string
		webhook        string
		listed         [2]string
		want           string
		records, again int
	}{
		{"missing, the expired one first", "", [2]string{expired, fresh}, fresh, 2, 0},
		{"missing, the fresh one first", "", [2]string{fresh, expired}, fresh, 1, 0},
		{"missing, both expired", "", [2]string{expired, older}, expired, 1, 0},
		{"present, the expired one first", older, [2]string{expired, fresh}, fresh, 1, 0},
		{"present, the fresh one first", older, [2]string{fresh, expired}, fresh, 1, 0},
		{"present, the same one first", expired, [2]string{expired, fresh}, fresh, 1, 0},
		{"present, both expired", older, [2]string{expired, older}, older, 0, 0},
		{"present, one that never expires", expired, [2]string{older, "https://h.example/f"}, "https://h.example/f", 1, 0},
		{"present and fresh", fresh, [2]string{expired, "https://h.example/f"}, fresh, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				<-time.After(time.Until(time.Unix(1_000_000_000, 0)))
				w := newWorld()
				all := w.session(1, 2, 2*time.Hour)
				file := all[0].FileID
				for i, r := range all {
					change(t, w, r, func(r *provider.Recording) { r.FileID, r.URL = file, tc.listed[i] })
				}
				if all[0].URL = tc.webhook; tc.webhook != "" {
					w.cluster.webhook(t, all[0])
					w.cluster.records = 0
				}
				b := w.start(t)
				for _, records := range []int{tc.records, tc.again} {
					if _, err := b.Round(t.Context()); err != nil {
						t.Fatal(err)
					}
					chain := w.cluster.chains[[2]string{all[0].RoomID, all[0].SessionID}]
					if len(chain) != 1 || chain[0].Status.File.URL != tc.want || w.cluster.records != records {
						t.Errorf("%d objects, address %s, %d writes; want 1, %s, %d", len(chain), chain[0].Status.File.URL, w.cluster.records, tc.want, records)
					}
					w.cluster.records = 0
					<-time.After(7 * time.Hour)
				}
			})
		})
	}
}

func TestExpiry(t *testing.T) {
	at := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for address, want := range map[string]time.Time{
		"https://h/a?X-Amz-Date=20261129T110000Z&X-Amz-Expires=3600":   at,
		"https://h/a?X-Goog-Date=20261129T110000Z&X-Goog-Expires=3600": at,
		"https://h/a?Expires=1795953600&Signature=x":                   at,
		"https://h/a?sv=1&se=2026-11-29T13:00:00%2B01:00&sig=x":        at,
		"https://h/a?se=2026-11-29T13:00:00Z":                          {},
		"https://h/a?X-Amz-Date=soon&X-Amz-Expires=3600":               {},
		"https://h/a": {}, "": {}, "://": {},
	} {
		if got, ok := expiry(address); !got.Equal(want) || ok == want.IsZero() {
			t.Errorf("expiry(%q) = %v, %t; want %v", address, got, ok, want)
		}
	}
}
