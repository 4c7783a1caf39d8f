// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

const (
	// maxBody bounds a page's body. 100 entries have about 100 KiB, but a session
	// lists its participants too.
	maxBody = 32 << 20
	// maxValue bounds one value of it that is held in memory.
	maxValue = 256 << 10
	// maxEntries bounds the entries of a page, for an API that does not care how
	// many it is asked for.
	maxEntries = 2000
)

// body is a response as it is read: never larger than it may be.
type body struct {
	from io.Reader
	// seen is how far the decoder has understood what was read.
	seen func() int64
	read int64
	// failed is why reading ended early; nil where it did not.
	failed error
}

func (b *body) Read(p []byte) (int, error) {
	switch {
	case b.read > maxBody:
		b.failed = fmt.Errorf("the response is larger than %d bytes", maxBody)
	case b.read-b.seen() > maxValue:
		b.failed = fmt.Errorf("the response has a value larger than %d bytes", maxValue)
	}
	if b.failed != nil {
		return 0, b.failed
	}
	n, err := b.from.Read(p)
	b.read += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		b.failed = fmt.Errorf("read the response: %w", cause(err))
		err = b.failed
	}
	return n, err
}

// decoder reads JSON value by value, so that nothing but the fields that are
// wanted is held. After an error it reads nothing more.
type decoder struct {
	json *jsontext.Decoder
	err  error
}

func newDecoder(b *body) *decoder {
	// The last of several fields of one name counts, as for encoding/json.
	d := &decoder{json: jsontext.NewDecoder(b, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))}
	b.seen = d.json.InputOffset
	return d
}

// value returns the bytes of the next value, which are valid until the one after.
func (d *decoder) value() []byte {
	if d.err != nil {
		return nil
	}
	var value jsontext.Value
	value, d.err = d.json.ReadValue()
	return value
}

func (d *decoder) skip() {
	if d.err == nil {
		d.err = d.json.SkipValue()
	}
}

func (d *decoder) token() {
	if d.err == nil {
		_, d.err = d.json.ReadToken()
	}
}

// kind is that of the next value: its first byte, 0 for every digit.
func (d *decoder) kind() jsontext.Kind {
	if d.err != nil {
		return 0
	}
	return d.json.PeekKind()
}

// object calls visit with the name, in quotes, of each field of the next value, whose
// value visit must read. It reports whether that is an object.
func (d *decoder) object(visit func(name []byte)) bool {
	return d.each('{', '}', func() { visit(d.value()) })
}

// array calls visit before each element of the next value, which visit must read.
// It reports whether that is an array.
func (d *decoder) array(visit func()) bool { return d.each('[', ']', visit) }

func (d *decoder) each(begin, end jsontext.Kind, visit func()) bool {
	if d.kind() != begin {
		d.skip()
		return false
	}
	for d.token(); d.err == nil && d.kind() != end; {
		visit()
	}
	d.token()
	return d.err == nil
}

// text is a string: what it holds may end in an object, so it must be fit for that.
type text struct {
	value string
	wrong bool // there, but no string that can be used
}

func (d *decoder) text() text {
	switch d.kind() {
	case 'n':
		d.skip()
		return text{}
	case '"':
		if value, ok := unquote(d.value()); ok && !strings.ContainsFunc(value, isUnfit) {
			return text{value: value}
		}
	default:
		d.skip()
	}
	return text{wrong: true}
}

func unquote(raw []byte) (value string, ok bool) {
	if len(raw) < 2 {
		return "", false
	}
	value = string(raw[1 : len(raw)-1])
	if strings.IndexByte(value, '\\') >= 0 {
		ok = json.Unmarshal(raw, &value) == nil
		return value, ok
	}
	return value, true
}

func isUnfit(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }

func (t text) required(field string) Problem {
	switch {
	case t.wrong:
		return Problem(field + " is not a text")
	case strings.TrimSpace(t.value) == "":
		return Problem(field + " is missing")
	case utf8.RuneCountInString(t.value) > videosdk.MaxIDLength:
		return Problem(field + " is too long")
	}
	return ""
}

// moment returns a time: as RFC 3339, which is UTC where it has no zone, or as
// seconds or milliseconds since 1970. It is zero where the value is none of them.
func (d *decoder) moment() time.Time {
	switch d.kind() {
	case '"':
		value, _ := unquote(d.value())
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", time.DateTime, "2006-01-02 15:04:05Z07:00"} {
			if at, err := time.Parse(layout, value); err == nil {
				return plausible(at)
			}
		}
		return sinceEpoch(value)
	case '0':
		return sinceEpoch(string(d.value()))
	}
	d.skip()
	return time.Time{}
}

// sinceEpoch reads a number of seconds, or of milliseconds: the former are fewer
// than 1e11 until the year 5138, the latter are more since 1973.
func sinceEpoch(value string) time.Time {
	number, err := strconv.ParseFloat(value, 64)
	switch {
	case err != nil || math.IsNaN(number) || number <= 0 || number >= 1e15:
		return time.Time{}
	case number < 1e11:
		number *= 1000
	}
	return plausible(time.UnixMilli(int64(number)))
}

func plausible(at time.Time) time.Time {
	if at.Year() <= 1970 || at.Year() >= 10000 {
		return time.Time{}
	}
	return at.UTC()
}

// number returns a whole number; nil where the value is something else.
func (d *decoder) number() *int {
	if d.kind() != '0' {
		d.skip()
		return nil
	}
	number, err := strconv.Atoi(string(d.value()))
	if err != nil {
		return nil
	}
	return &number
}
