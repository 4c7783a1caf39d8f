// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

// TestSpooledEventHasEverything: no field of an event is lost in the spool, but for what is true of each event that is read from it.
func TestSpooledEventHasEverything(t *testing.T) {
	ev := recorder.Event{Session: recorder.Session{Namespace: "a", MeetingID: "b", SessionID: "c"}}
	fields := reflect.ValueOf(&ev.Event).Elem()
	fill(t, fields, "x")
	r := SpooledEvent{Event: ev}.Record(spool.Waiting)
	back, err := Decode(r)
	if diff := cmp.Diff(ev, back.Event); diff != "" || err != nil {
		t.Errorf("(-want +got):\n%s%v", diff, err)
	}
}

// fill gives every field of a struct a value of its own.
func fill(t *testing.T, v reflect.Value, text string) {
	t.Helper()
	for i := range v.NumField() {
		field := v.Field(i)
		if v.Type().Field(i).Tag.Get("json") == "-" {
			continue
		}
		switch field.Kind() {
		case reflect.String:
			field.SetString(fmt.Sprint(text, i))
		case reflect.Int32:
			field.SetInt(int64(i + 1))
		case reflect.Struct:
			if field.Type() == reflect.TypeFor[time.Time]() {
				field.Set(reflect.ValueOf(time.Date(2026, 11, 23, 12, i, 0, 0, time.UTC)))
				continue
			}
			fill(t, field, text+".")
		case reflect.Pointer:
			field.Set(reflect.New(field.Type().Elem()))
			fill(t, field.Elem(), text+".")
		default:
			t.Fatalf("teach this test to fill %s", field.Type())
		}
	}
}
