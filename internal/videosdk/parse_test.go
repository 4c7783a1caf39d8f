// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	meeting = "jvsg-8rjn-j304"
	session = "613731342f27f56e4fc4b6d0"
	path    = "/encoded/videos/62d148951a1eb20029fc9b05.mp4"
	address = "https://cdn.videosdk.live" + path
)

func TestParseAcceptsTheProvidersExamples(t *testing.T) {
	for _, eventType := range RecordingEventTypes() {
		want := Event{Type: eventType, MeetingID: meeting, SessionID: session}
		if eventType == RecordingStopped {
			want.FilePath, want.FileURL = path, address
		}
		for _, extension := range []string{".txt", ".json"} {
			t.Run(string(eventType)+extension, func(t *testing.T) {
				body := readFixture(t, string(eventType)+extension)
				before := string(body)
				got, err := Parse(body)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("event (-want +got):\n%s", diff)
				}
				if string(body) != before {
					t.Error("Parse modified the body")
				}
			})
		}
	}
}

// stopped returns the body of a recording-stopped with these members of data
// beside the ids.
func stopped(members string) string {
	return fmt.Sprintf(`{"webhookType":"recording-stopped","data":{"meetingId":%q,"sessionId":%q%s}}`, meeting, session, members)
}

// started returns the body of a recording-started with this data.
func started(data string) string {
	return `{"webhookType":"recording-started","data":` + data + `}`
}

func TestParseTolerates(t *testing.T) {
	startedEvent := Event{Type: RecordingStarted, MeetingID: "m", SessionID: "s"}
	stoppedEvent := func(filePath, fileURL string) Event {
		return Event{Type: RecordingStopped, MeetingID: meeting, SessionID: session, FilePath: filePath, FileURL: fileURL}
	}
	longID := strings.Repeat("ü", MaxIDLength)
	tests := map[string]struct {
		body string
		want Event
	}{
		"unknown fields":                  {`{"v":[1,{"a":null}],"webhookType":"recording-started","data":{"x":{"y":[true]},"meetingId":"m","sessionId":"s"}}`, startedEvent},
		"type for webhookType":            {`{"type":"recording-started","data":{"meetingId":"m","sessionId":"s"}}`, startedEvent},
		"webhookType wins over type":      {`{"type":"recording-failed","webhookType":"recording-started","data":{"meetingId":"m","sessionId":"s"}}`, startedEvent},
		"type after a null webhookType":   {`{"webhookType":null,"type":"recording-started","data":{"meetingId":"m","sessionId":"s"}}`, startedEvent},
		"LivestreamId for meetingId":      {started(`{"LivestreamId":"m","sessionId":"s"}`), startedEvent},
		"livestreamId in another case":    {started(`{"livestreamid":"m","sessionId":"s"}`), startedEvent},
		"meetingId wins":                  {started(`{"LivestreamId":"other","meetingId":"m","sessionId":"s"}`), startedEvent},
		"names in another case":           {`{"WEBHOOKTYPE":"recording-started","Data":{"MeetingID":"m","sessionid":"s"}}`, startedEvent},
		"exact name wins, first":          {started(`{"meetingId":"m","MEETINGID":"x","meetingid":"y","sessionId":"s"}`), startedEvent},
		"exact name wins, last":           {started(`{"MEETINGID":"x","meetingid":"y","meetingId":"m","sessionId":"s"}`), startedEvent},
		"white space around":              {" \r\n\t" + started(` { "meetingId" : "m" , "sessionId" : "s" } `) + "\n", startedEvent},
		"doubled unknown field":           {started(`{"a":1,"a":2,"meetingId":"m","sessionId":"s"}`), startedEvent},
		"file fields of another event":    {started(`{"meetingId":"m","sessionId":"s","filePath":7,"fileUrl":"ftp://x"}`), startedEvent},
		"ids of any sort":                 {started(`{"meetingId":"Ünïcode/../会議 a","sessionId":" -S- "}`), Event{Type: RecordingStarted, MeetingID: "Ünïcode/../会議 a", SessionID: " -S- "}},
		"escaped id":                      {started(`{"meetingId":"\u006d","sessionId":"\ud83d\ude00"}`), Event{Type: RecordingStarted, MeetingID: "m", SessionID: "😀"}},
		"ids of full length":              {started(`{"meetingId":"` + longID + `","sessionId":"s"}`), Event{Type: RecordingStarted, MeetingID: longID, SessionID: "s"}},
		"commas within strings":           {started(`{"meetingId":",}","sessionId":"\",]",}`), Event{Type: RecordingStarted, MeetingID: ",}", SessionID: "\",]"}},
		"slashes within strings":          {started(`{"meetingId":"//m","sessionId":"/*s*/"}`), Event{Type: RecordingStarted, MeetingID: "//m", SessionID: "/*s*/"}},
		"trailing comma in an array":      {`{"a":[1,[2,],],"webhookType":"recording-started","data":{"meetingId":"m","sessionId":"s"},}`, startedEvent},
		"stopped without a file":          {stopped(``), stoppedEvent("", "")},
		"stopped with null file":          {stopped(`,"filePath":null,"fileUrl":null`), stoppedEvent("", "")},
		"stopped with empty file":         {stopped(`,"filePath":"","fileUrl":""`), stoppedEvent("", "")},
		"fileUrl only":                    {stopped(`,"fileUrl":"` + address + `"`), stoppedEvent(path, address)},
		"fileUrl only, signed":            {stopped(`,"fileUrl":"` + address + `?sig=a%2Fb#t=1"`), stoppedEvent(path, address+"?sig=a%2Fb#t=1")},
		"fileUrl only, escaped":           {stopped(`,"fileUrl":"http://h:8080/a%20b/%C3%BC.mp4"`), stoppedEvent("/a b/ü.mp4", "http://h:8080/a%20b/%C3%BC.mp4")},
		"filePath only":                   {stopped(`,"filePath":"x y/z.mp4"`), stoppedEvent("x y/z.mp4", "")},
		"filePath differs from fileUrl":   {stopped(`,"filePath":"/p.mp4","fileUrl":"https://h/?id=1"`), stoppedEvent("/p.mp4", "https://h/?id=1")},
		"another product's event":         {`{"webhookType":"participant-joined","data":{"participantId":"p"}}`, Event{Type: "participant-joined"}},
		"another event's data is unread":  {`{"webhookType":"session-started","data":[1]}`, Event{Type: "session-started"}},
		"another event without data":      {`{"webhookType":"hls-started"}`, Event{Type: "hls-started"}},
		"unknown recording event":         {`{"webhookType":"recording-paused","data":{"meetingId":1}}`, Event{Type: "recording-paused"}},
		"recording event in another case": {`{"webhookType":"Recording-Started"}`, Event{Type: "Recording-Started"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Parse([]byte(test.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("event (-want +got):\n%s", diff)
			}
			if want := strings.HasPrefix(string(got.Type), "recording-st"); got.Recognised() != want {
				t.Errorf("Recognised() = %v, want %v", got.Recognised(), want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	ids := `{"meetingId":"m","sessionId":"s"}`
	tests := map[string]struct {
		body, field, problem string
	}{
		"empty":                       {"", "body", "is empty; a JSON object is expected"},
		"white space":                 {" \n", "body", "is empty; a JSON object is expected"},
		"byte order mark":             {"\uFEFF" + started(ids), "body", "begins with a byte order mark; send UTF-8 without one"},
		"invalid UTF-8":               {started("{\"meetingId\":\"\xff\",\"sessionId\":\"s\"}"), "body", "is not valid UTF-8"},
		"line comment":                {"{} // x", "body", "has a comment or a stray slash at byte 3, which JSON does not allow"},
		"block comment":               {`{"a":/*"*/1}`, "body", "has a comment or a stray slash at byte 5, which JSON does not allow"},
		"single quotes":               {`{'webhookType':'recording-started'}`, "body", "is not valid JSON: "},
		"unquoted name":               {`{webhookType:"recording-started"}`, "body", "is not valid JSON: "},
		"trailing text":               {started(ids) + "x", "body", "is not valid JSON: "},
		"two objects":                 {started(ids) + started(ids), "body", "is not valid JSON: "},
		"comma after the object":      {started(ids) + ",", "body", "is not valid JSON: "},
		"two trailing commas":         {`{"a":1,,}`, "body", "is not valid JSON: "},
		"only a comma":                {`{,}`, "body", "is not valid JSON: "},
		"only a comma in an array":    {`{"a":[,]}`, "body", "is not valid JSON: "},
		"comma for a value":           {`{"a":,}`, "body", "is not valid JSON: "},
		"missing comma":               {`{"a":1 "b":2}`, "body", "is not valid JSON: "},
		"cut short":                   {`{"webhookType":"recor`, "body", "is not valid JSON: "},
		"cut in an escape":            {`{"a\`, "body", "is not valid JSON: "},
		"offset despite a comma":      {`{"a":[1,],"b":nope}`, "body", "(after byte 16)"},
		"NaN":                         {`{"a":NaN}`, "body", "is not valid JSON: "},
		"an array":                    {`[]`, "body", "must be an object, not an array"},
		"a string":                    {`"recording-started"`, "body", "must be an object, not a string"},
		"a number":                    {`-7`, "body", "must be an object, not a number"},
		"null":                        {`null`, "body", "must be an object, not null"},
		"a form":                      {`webhookType=recording-started`, "body", "is not valid JSON: "},
		"no type":                     {`{"data":` + ids + `}`, "webhookType", "is missing; it must name the event, such as recording-started"},
		"null type":                   {`{"webhookType":null}`, "webhookType", "is missing; it must name the event, such as recording-started"},
		"empty type":                  {`{"webhookType":"","type":"recording-started"}`, "webhookType", "is blank; it must name the event, such as recording-started"},
		"number as type":              {`{"webhookType":7}`, "webhookType", "must be a string, not a number"},
		"wrong shape of alias":        {`{"type":["recording-started"]}`, "type", "must be a string, not an array"},
		"type doubled":                {`{"webhookType":"a","webhookType":"a"}`, "webhookType", "is given more than once"},
		"type too long":               {`{"webhookType":"` + strings.Repeat("a", MaxTypeLength+1) + `"}`, "webhookType", "is longer than 128 characters"},
		"control character in type":   {`{"webhookType":"a\nb"}`, "webhookType", "has a control character"},
		"no data":                     {`{"webhookType":"recording-started"}`, "data", "is missing; it must be an object"},
		"null data":                   {started(`null`), "data", "is missing; it must be an object"},
		"data an array":               {started(`[]`), "data", "must be an object, not an array"},
		"data a string":               {started(`"{}"`), "data", "must be an object, not a string"},
		"no meetingId":                {started(`{"sessionId":"s"}`), "data.meetingId", "is missing; it must be the provider's id"},
		"no sessionId":                {started(`{"meetingId":"m"}`), "data.sessionId", "is missing; it must be the provider's id"},
		"null sessionId":              {started(`{"meetingId":"m","sessionId":null}`), "data.sessionId", "is missing; it must be the provider's id"},
		"empty meetingId":             {started(`{"meetingId":"","sessionId":"s"}`), "data.meetingId", "is blank; it must be the provider's id"},
		"blank sessionId":             {started(`{"meetingId":"m","sessionId":" \u00a0\t"}`), "data.sessionId", "is blank; it must be the provider's id"},
		"meetingId a number":          {started(`{"meetingId":304,"sessionId":"s"}`), "data.meetingId", "must be a string, not a number"},
		"meetingId a boolean":         {started(`{"meetingId":false,"sessionId":"s"}`), "data.meetingId", "must be a string, not a boolean"},
		"sessionId an object":         {started(`{"meetingId":"m","sessionId":{}}`), "data.sessionId", "must be a string, not an object"},
		"LivestreamId a number":       {started(`{"LivestreamId":1,"sessionId":"s"}`), "data.LivestreamId", "must be a string, not a number"},
		"meetingId too long":          {started(`{"meetingId":"` + strings.Repeat("ü", MaxIDLength+1) + `","sessionId":"s"}`), "data.meetingId", "is longer than 512 characters"},
		"control character in id":     {started(`{"meetingId":"a\u0000b","sessionId":"s"}`), "data.meetingId", "has a control character"},
		"C1 control character in id":  {started(`{"meetingId":"a\u0085b","sessionId":"s"}`), "data.meetingId", "has a control character"},
		"half a surrogate pair in id": {started(`{"meetingId":"a\ud800b","sessionId":"s"}`), "data.meetingId", "has a character that is not valid Unicode"},
		"meetingId doubled":           {started(`{"meetingId":"m","meetingId":"n","sessionId":"s"}`), "data.meetingId", "is given more than once"},
		"inexact meetingId doubled":   {started(`{"MeetingId":"m","meetingid":"m","sessionId":"s"}`), "data.meetingId", "is given more than once"},
		"failed without ids":          {`{"webhookType":"recording-failed","data":{}}`, "data.meetingId", "is missing; it must be the provider's id"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { expectFieldError(t, test.body, test.field, test.problem) })
	}
}

func TestParseRefusesFiles(t *testing.T) {
	const notURL = "must be an absolute http or https URL"
	tests := map[string]struct {
		members, field, problem string
	}{
		"filePath a number":         {`"filePath":1`, "data.filePath", "must be a string, not a number"},
		"blank filePath":            {`"filePath":" "`, "data.filePath", "is blank"},
		"filePath too long":         {`"filePath":"` + strings.Repeat("a", MaxFilePathBytes+1) + `"`, "data.filePath", "is longer than 1024 bytes"},
		"control in filePath":       {`"filePath":"/a\nb"`, "data.filePath", "has a control character"},
		"fileUrl an object":         {`"fileUrl":{}`, "data.fileUrl", "must be a string, not an object"},
		"fileUrl relative":          {`"fileUrl":"/a.mp4"`, "data.fileUrl", notURL},
		"fileUrl without a scheme":  {`"fileUrl":"//h/a.mp4"`, "data.fileUrl", notURL},
		"fileUrl of another scheme": {`"filePath":"/a","fileUrl":"file:///etc/passwd"`, "data.fileUrl", notURL},
		"fileUrl without a host":    {`"fileUrl":"https:///a.mp4"`, "data.fileUrl", notURL},
		"fileUrl with only a port":  {`"fileUrl":"https://:443/a.mp4"`, "data.fileUrl", notURL},
		"fileUrl opaque":            {`"fileUrl":"https:a.mp4"`, "data.fileUrl", notURL},
		"fileUrl wrongly escaped":   {`"fileUrl":"https://h/%zz"`, "data.fileUrl", notURL},
		"fileUrl blank":             {`"fileUrl":"  "`, "data.fileUrl", notURL},
		"fileUrl with a password":   {`"fileUrl":"https://u:p@h/a.mp4"`, "data.fileUrl", "must not have a user name or password in it"},
		"fileUrl with a user":       {`"fileUrl":"https://u@h/a.mp4"`, "data.fileUrl", "must not have a user name or password in it"},
		"fileUrl too long":          {`"fileUrl":"https://h/` + strings.Repeat("a", MaxFileURLBytes) + `"`, "data.fileUrl", "is longer than 2048 bytes"},
		"control in fileUrl":        {`"fileUrl":"https://h/a\tb"`, "data.fileUrl", "has a control character"},
		"no path to derive":         {`"fileUrl":"https://h/?f=a.mp4"`, "data.fileUrl", "has no path, and filePath is missing"},
		"no path to derive at all":  {`"fileUrl":"https://h"`, "data.fileUrl", "has no path, and filePath is missing"},
		"derived path with control": {`"fileUrl":"https://h/a%0Ab"`, "data.fileUrl", "has a path over 1024 bytes, or with characters that are no text"},
		"derived path not UTF-8":    {`"fileUrl":"https://h/%ff"`, "data.fileUrl", "has a path over 1024 bytes, or with characters that are no text"},
		"derived path too long":     {`"fileUrl":"https://h/` + strings.Repeat("a", MaxFilePathBytes) + `"`, "data.fileUrl", "has a path over 1024 bytes, or with characters that are no text"},
		"fileUrl doubled":           {`"fileUrl":"https://h/a","fileUrl":"https://h/b"`, "data.fileUrl", "is given more than once"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { expectFieldError(t, stopped(","+test.members), test.field, test.problem) })
	}
}

// expectFieldError expects Parse to fail with this field and a problem that
// has this text in it.
func expectFieldError(t *testing.T, body, field, problem string) {
	t.Helper()
	event, err := Parse([]byte(body))
	if event != (Event{}) {
		t.Errorf("event beside the error: %+v", event)
	}
	var fieldError *FieldError
	if !errors.As(err, &fieldError) {
		t.Fatalf("error = %v (%T), want a *FieldError", err, err)
	}
	if fieldError.Field != field || !strings.Contains(fieldError.Problem, problem) {
		t.Errorf("error = %q, want field %q and problem %q", err, field, problem)
	}
	if want := fieldError.Field + " " + fieldError.Problem; err.Error() != want {
		t.Errorf("Error() = %q, want %q", err.Error(), want)
	}
}

func TestParseBoundsNesting(t *testing.T) {
	const size = 64 << 10
	nested := func(depth int) string {
		return `{"webhookType":"x","a":` + strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1) + `}`
	}
	if _, err := Parse([]byte(nested(maxDepth))); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	for name, body := range map[string]string{
		"one too deep":   nested(maxDepth + 1),
		"64 KiB of [":    strings.Repeat("[", size),
		"64 KiB of {":    strings.Repeat(`{"":`, size/4),
		"with a comma":   strings.Repeat("[", size/2) + "," + strings.Repeat("]", size/2),
		"after a string": `{"a":"` + strings.Repeat("[", size) + `","b":` + strings.Repeat("[", size),
	} {
		t.Run(name, func(t *testing.T) {
			expectFieldError(t, body, "body", "is nested more than 64 levels deep")
		})
	}
	// Brackets within strings are not nesting.
	if _, err := Parse([]byte(`{"webhookType":"x","a":"` + strings.Repeat("[", size) + `"}`)); err != nil {
		t.Errorf("brackets within a string: %v", err)
	}
	expectFieldError(t, strings.Repeat("]", size), "body", "is not valid JSON")
}
