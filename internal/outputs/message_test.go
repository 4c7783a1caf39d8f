// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outputs_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/internal/outputs"
)

const digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

func size(n int64) *int64 { return &n }

func TestParse(t *testing.T) {
	full := outputs.Output{Name: "archive", URL: "s3://b/k.mp4", MediaType: "video/mp4", SizeBytes: size(4), SHA256: digest}
	tests := map[string]struct {
		text string
		want outputs.Message
	}{
		"empty":            {"", outputs.Message{}},
		"white space":      {" \n\t", outputs.Message{}},
		"null outputs":     {`{"outputs":null}`, outputs.Message{}},
		"no outputs":       {`{"outputs":[]}`, outputs.Message{}},
		"smallest":         {`{"outputs":[{"name":"a","url":"x:y"}]}`, outputs.Message{Outputs: []outputs.Output{{Name: "a", URL: "x:y"}}}},
		"size nought":      {`{"outputs":[{"name":"a","url":"x:y","sizeBytes":0}]}`, outputs.Message{Outputs: []outputs.Output{{Name: "a", URL: "x:y", SizeBytes: size(0)}}}},
		"unknown members":  {`{"tool":"x","outputs":[{"name":"a","url":"x:y","width":3}]}`, outputs.Message{Outputs: []outputs.Output{{Name: "a", URL: "x:y"}}}},
		"media type param": {`{"outputs":[{"name":"a","url":"x:y","mediaType":"text/vtt; charset=utf-8"}]}`, outputs.Message{Outputs: []outputs.Output{{Name: "a", URL: "x:y", MediaType: "text/vtt; charset=utf-8"}}}},
		"values alone": {
			`{"outputs":[{"name":"report","values":{"durationSeconds":63.5,"width":1280,"codec":"h264","hasAudio":true,"_1":""}}]}`,
			outputs.Message{Outputs: []outputs.Output{{Name: "report", Values: map[string]any{
				"durationSeconds": 63.5, "width": int64(1280), "codec": "h264", "hasAudio": true, "_1": "",
			}}}},
		},
		"spellings of numbers": {
			`{"outputs":[{"name":"n","values":{"a":2.0,"b":2e0,"c":-0.0,"d":9007199254740993,"e":9223372036854775807,"f":9223372036854775808,"g":1e300,"h":-9223372036854775808}}]}`,
			outputs.Message{Outputs: []outputs.Output{{Name: "n", Values: map[string]any{
				"a": int64(2), "b": int64(2), "c": int64(0), "d": int64(9007199254740993), "e": int64(math.MaxInt64),
				"f": float64(1 << 63), "g": 1e300, "h": int64(math.MinInt64),
			}}}},
		},
		"no values":   {`{"outputs":[{"name":"a","url":"x:y","values":{}}]}`, outputs.Message{Outputs: []outputs.Output{{Name: "a", URL: "x:y"}}}},
		"null values": {`{"outputs":[{"name":"a","url":"x:y","values":null}]}`, outputs.Message{Outputs: []outputs.Output{{Name: "a", URL: "x:y"}}}},
		"all fields": {
			"\n" + `{"outputs":[{"name":"archive","url":"s3://b/k.mp4","mediaType":"video/mp4","sizeBytes":4,"sha256":"` + digest + "\"}]}\n",
			outputs.Message{Outputs: []outputs.Output{full}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := outputs.Parse([]byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestParseNamesTheField(t *testing.T) {
	item := func(s string) string { return `{"outputs":[{"name":"ok","url":"x:y"},` + s + `]}` }
	tests := map[string]struct{ text, field, reason string }{
		"outputs no list":    {`{"outputs":{}}`, "outputs", "list"},
		"outputs a string":   {`{"outputs":"a"}`, "outputs", "list"},
		"item no object":     {item(`7`), "outputs[1]", "object"},
		"item null":          {item(`null`), "outputs[1].name", "1 to 63"},
		"no name":            {item(`{"url":"x:y"}`), "outputs[1].name", "1 to 63"},
		"name upper case":    {item(`{"name":"A","url":"x:y"}`), "outputs[1].name", "a-z"},
		"name with dots":     {item(`{"name":"a.b","url":"x:y"}`), "outputs[1].name", "a-z"},
		"name ends in dash":  {item(`{"name":"a-","url":"x:y"}`), "outputs[1].name", "ending"},
		"name starts dash":   {item(`{"name":"-a","url":"x:y"}`), "outputs[1].name", "beginning"},
		"name newline":       {item(`{"name":"a\nb","url":"x:y"}`), "outputs[1].name", "a-z"},
		"name too long":      {item(`{"name":"` + strings.Repeat("a", 64) + `","url":"x:y"}`), "outputs[1].name", "63"},
		"name number":        {item(`{"name":3,"url":"x:y"}`), "outputs[1].name", "must be a string, not a JSON number"},
		"name twice":         {item(`{"name":"ok","url":"x:z"}`), "outputs[1].name", "outputs[0] has the same"},
		"no url":             {item(`{"name":"a"}`), "outputs[1].url", "absolute"},
		"url relative":       {item(`{"name":"a","url":"/tmp/x"}`), "outputs[1].url", "absolute"},
		"url scheme only":    {item(`{"name":"a","url":"file://"}`), "outputs[1].url", "absolute"},
		"url control":        {item(`{"name":"a","url":"x:y\u0007"}`), "outputs[1].url", "absolute"},
		"url too long":       {item(`{"name":"a","url":"x:` + strings.Repeat("y", 2047) + `"}`), "outputs[1].url", "2048"},
		"media type no type": {item(`{"name":"a","url":"x:y","mediaType":"mp4"}`), "outputs[1].mediaType", "video/mp4"},
		"media type long":    {item(`{"name":"a","url":"x:y","mediaType":"video/` + strings.Repeat("m", 122) + `"}`), "outputs[1].mediaType", "127"},
		"size negative":      {item(`{"name":"a","url":"x:y","sizeBytes":-1}`), "outputs[1].sizeBytes", "negative"},
		"size fraction":      {item(`{"name":"a","url":"x:y","sizeBytes":1.5}`), "outputs[1].sizeBytes", "whole number"},
		"size string":        {item(`{"name":"a","url":"x:y","sizeBytes":"12"}`), "outputs[1].sizeBytes", "whole number, not a JSON string"},
		"sha upper case":     {item(`{"name":"a","url":"x:y","sha256":"` + strings.ToUpper(digest) + `"}`), "outputs[1].sha256", "64 lower-case"},
		"sha short":          {item(`{"name":"a","url":"x:y","sha256":"abc"}`), "outputs[1].sha256", "64 lower-case"},
		"no url, values {}":  {item(`{"name":"a","values":{}}`), "outputs[1].url", "no values"},
		"values a list":      {item(`{"name":"a","values":[1]}`), "outputs[1].values", "must be an object, not a JSON array"},
		"value null":         {item(`{"name":"a","values":{"x":null}}`), "outputs[1].values.x", "boolean, not null"},
		"value object":       {item(`{"name":"a","values":{"x":{}}}`), "outputs[1].values.x", "boolean, not an object"},
		"value list":         {item(`{"name":"a","values":{"x":[]}}`), "outputs[1].values.x", "boolean, not a list"},
		"value too large":    {item(`{"name":"a","values":{"x":1e999}}`), "outputs[1].values.x", "float64"},
		"value with NUL":     {item(`{"name":"a","values":{"x":"a\u0000"}}`), "outputs[1].values.x", "NUL"},
		"first by name":      {item(`{"name":"a","values":{"z":null,"b":null}}`), "outputs[1].values.b", "null"},
		"value's name":       {item(`{"name":"a","values":{"2nd":1}}`), "outputs[1].values", `has the name "2nd"`},
		"value's name, dots": {item(`{"name":"a","values":{"a.b":1}}`), "outputs[1].values", `has the name "a.b"`},
		"value without name": {item(`{"name":"a","values":{"":1}}`), "outputs[1].values", `has the name ""`},
		"value's long name":  {item(`{"name":"a","values":{"` + strings.Repeat("v", 64) + `":1}}`), "outputs[1].values", "up to 62 letters"},
		"too many values":    {item(`{"name":"a","values":{` + manyValues(65) + `}}`), "outputs[1].values", "at most 64, not 65"},
		"too many":           {`{"outputs":[` + strings.Repeat(`{"name":"a","url":"x:y"},`, 16) + `{}]}`, "outputs", "at most 16, not 17"},
		"too long":           {`{"outputs":[]}` + strings.Repeat(" ", 4096), "message", "at most 4096 bytes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := outputs.Parse([]byte(test.text))
			var field *outputs.FieldError
			if !errors.As(err, &field) {
				t.Fatalf("err = %v, want a FieldError", err)
			}
			if field.Field != test.field || !strings.Contains(field.Reason, test.reason) {
				t.Errorf("err = %v, want field %s and %q", err, test.field, test.reason)
			}
			if errors.Is(err, outputs.ErrNotMessage) {
				t.Error("a message with a wrong field must not look like plain text")
			}
		})
	}
}

func manyValues(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`"v%d":%d`, i, i))
	}
	return strings.Join(all, ",")
}

func TestMostValues(t *testing.T) {
	msg, err := outputs.Parse([]byte(`{"outputs":[{"name":"a","values":{"` + strings.Repeat("v", 63) + `":1,` + manyValues(63) + `}}]}`))
	if err != nil || len(msg.Outputs[0].Values) != 64 {
		t.Errorf("error %v, message %v", err, msg)
	}
}

func TestParseTellsTextApart(t *testing.T) {
	for name, text := range map[string]string{
		"log line":       "panic: runtime error: index out of range",
		"JSON log line":  `{"level":"error","msg":"cannot open file"}`,
		"JSON log lines": `{"level":"info"}` + "\n" + `{"level":"error"}`,
		"truncated":      `{"outputs":[{"name":"archive","url":"s3://b`,
		"trailing text":  `{"outputs":[]} done`,
		"other object":   `{"error":"no"}`,
		"other case":     `{"Outputs":[]}`,
		"list":           `[]`,
		"null":           `null`,
		"binary":         "\xff\xfe\x00",
	} {
		t.Run(name, func(t *testing.T) {
			msg, err := outputs.Parse([]byte(text))
			if !errors.Is(err, outputs.ErrNotMessage) {
				t.Errorf("err = %v, want ErrNotMessage", err)
			}
			if len(msg.Outputs) != 0 {
				t.Errorf("outputs = %v, want none", msg.Outputs)
			}
		})
	}
}

func TestMarshalRefusesWhatParseWould(t *testing.T) {
	var many outputs.Message
	for i := range 3 {
		many.Outputs = append(many.Outputs, outputs.Output{Name: fmt.Sprintf("a%d", i), URL: "x:" + strings.Repeat("y", 2000)})
	}
	for name, msg := range map[string]outputs.Message{
		"wrong field": {Outputs: []outputs.Output{{Name: "a"}}},
		"no number":   {Outputs: []outputs.Output{{Name: "a", Values: map[string]any{"x": math.NaN()}}}},
		"infinite":    {Outputs: []outputs.Output{{Name: "a", Values: map[string]any{"x": float32(math.Inf(1))}}}},
		"no scalar":   {Outputs: []outputs.Output{{Name: "a", Values: map[string]any{"x": struct{}{}}}}},
		"too long":    many,
	} {
		t.Run(name, func(t *testing.T) {
			var field *outputs.FieldError
			if _, err := msg.Marshal(); !errors.As(err, &field) {
				t.Errorf("err = %v, want a FieldError", err)
			}
		})
	}
}

// Whatever is valid and fits comes back as it was.
func TestRoundTrip(t *testing.T) {
	value := rapid.OneOf(
		rapid.Bool().AsAny(), rapid.Int64().AsAny(), rapid.StringMatching(`[ -~é]{0,10}`).AsAny(),
		rapid.Float64().Filter(func(f float64) bool { return f != math.Trunc(f) || math.Abs(f) > 1<<63 }).AsAny(),
	)
	output := rapid.Custom(func(t *rapid.T) outputs.Output {
		o := outputs.Output{
			URL:       rapid.StringMatching(`(s3|gs|file|https)://[a-z]{1,10}/[A-Za-z0-9._~%<>&é-]{0,20}`).Filter(validURL).Draw(t, "url"),
			MediaType: rapid.SampledFrom([]string{"", "video/mp4", `text/plain; charset="utf-8"`}).Draw(t, "mediaType"),
			SHA256:    rapid.SampledFrom([]string{"", digest}).Draw(t, "sha256"),
		}
		if rapid.Bool().Draw(t, "sized") {
			o.SizeBytes = size(rapid.Int64Min(0).Draw(t, "size"))
		}
		o.Values = rapid.MapOfN(rapid.StringMatching(`[A-Za-z_][A-Za-z0-9_]{0,10}`), value, 0, 3).Draw(t, "values")
		if len(o.Values) == 0 {
			o.Values = nil
		} else if rapid.Bool().Draw(t, "values alone") {
			o.URL = ""
		}
		return o
	})
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?`), 0, 16, rapid.ID).Draw(t, "names")
		var msg outputs.Message
		for _, name := range names {
			o := output.Draw(t, "output")
			o.Name = name
			msg.Outputs = append(msg.Outputs, o)
		}
		text, err := msg.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		got, err := outputs.Parse(text)
		if err != nil {
			t.Fatalf("Parse(%s): %v", text, err)
		}
		if diff := cmp.Diff(msg, got); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	})
}

func validURL(s string) bool {
	return outputs.Message{Outputs: []outputs.Output{{Name: "a", URL: s}}}.Validate() == nil
}
