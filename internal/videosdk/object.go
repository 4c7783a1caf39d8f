// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// object is a JSON object's fields that Parse reads, by their exact names.
// Absent and null ones are not in it.
type object struct {
	prefix string // of its fields' paths, such as "data."
	fields map[string]json.RawMessage
}

// decodeBody validates the whole body and returns its named top-level fields.
func decodeBody(body []byte, names ...string) (object, error) {
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		return object{}, fieldErrorf(bodyField, "is empty; a JSON object is expected")
	case bytes.HasPrefix(body, []byte("\uFEFF")):
		return object{}, fieldErrorf(bodyField, "begins with a byte order mark; send UTF-8 without one")
	case !utf8.Valid(body):
		return object{}, fieldErrorf(bodyField, "is not valid UTF-8")
	}
	strict, err := blankTrailingCommas(body)
	if err != nil {
		return object{}, err
	}
	var raw json.RawMessage
	if err := json.Unmarshal(strict, &raw); err != nil {
		return object{}, notJSON(err)
	}
	return readObject(bodyField, "", raw, names...)
}

func notJSON(err error) *FieldError {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fieldErrorf(bodyField, "is not valid JSON: %v (after byte %d)", syntax, syntax.Offset)
	}
	return fieldErrorf(bodyField, "is not valid JSON")
}

// readObject reads the named fields of raw, which is valid JSON. field is
// raw's own path, prefix that of its fields.
func readObject(field, prefix string, raw json.RawMessage, names ...string) (object, error) {
	if kind := kindOf(raw); kind != "an object" {
		return object{}, fieldErrorf(field, "must be an object, not %s", kind)
	}
	var members members
	if err := json.Unmarshal(raw, &members); err != nil {
		return object{}, notJSON(err)
	}
	o := object{prefix: prefix, fields: make(map[string]json.RawMessage, len(names))}
	for _, name := range names {
		value, times := members.find(name)
		if times > 1 && isUndocumented(name) {
			continue // neither can be trusted, and nothing depends on it
		}
		if times > 1 {
			return object{}, fieldErrorf(prefix+name, "is given more than once")
		}
		if times == 1 && kindOf(value) != "null" {
			o.fields[name] = value
		}
	}
	return o, nil
}

// isUndocumented reports whether a field is one that the provider sends but
// does not document. Such a field is never a reason to refuse a webhook.
func isUndocumented(name string) bool {
	switch name {
	case "id", "encryption", "keyUrl", "metaUrl":
		return true
	}
	return false
}

// members is an object's members in the order sent, doubled names included.
type members []member

type member struct {
	name  string
	value json.RawMessage
}

// UnmarshalJSON reads one JSON object.
func (m *members) UnmarshalJSON(raw []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if _, err := decoder.Token(); err != nil {
		return err
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return err
		}
		*m = append(*m, member{name: name.(string), value: value})
	}
	return nil
}

// find returns the value under name, and how many members claim it: those
// spelled exactly so, or only when there are none, those that differ in case.
func (m members) find(name string) (value json.RawMessage, times int) {
	var folded json.RawMessage
	var foldedTimes int
	for _, member := range m {
		switch {
		case member.name == name:
			value, times = member.value, times+1
		case strings.EqualFold(member.name, name):
			folded, foldedTimes = member.value, foldedTimes+1
		}
	}
	if times == 0 {
		return folded, foldedTimes
	}
	return value, times
}

func kindOf(raw json.RawMessage) string {
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 'n':
		return "null"
	case 't', 'f':
		return "a boolean"
	}
	return "a number"
}

// object returns the object under name, with the named fields of its own.
func (o object) object(name string, names ...string) (object, error) {
	raw, ok := o.fields[name]
	if !ok {
		return object{}, fieldErrorf(o.prefix+name, "is missing; it must be an object")
	}
	return readObject(o.prefix+name, o.prefix+name+".", raw, names...)
}

// text returns the string under the first of names that is there, else an
// empty text that is named by the first.
func (o object) text(names ...string) (text, error) {
	for _, name := range names {
		raw, ok := o.fields[name]
		if !ok {
			continue
		}
		t := text{field: o.prefix + name, present: true}
		if kind := kindOf(raw); kind != "a string" {
			return text{}, fieldErrorf(t.field, "must be a string, not %s", kind)
		}
		if err := json.Unmarshal(raw, &t.value); err != nil {
			return text{}, notJSON(err)
		}
		return t, nil
	}
	return text{field: o.prefix + names[0]}, nil
}

// optionalText returns the string under name if it is fit to be stored: text
// of at most limit bytes. It returns an empty string for everything else.
func (o object) optionalText(name string, limit int) string {
	t, err := o.text(name)
	if err != nil || t.blank() || len(t.value) > limit || t.clean() != nil {
		return ""
	}
	return t.value
}

// id returns the id under the first of names that is there.
func (o object) id(names ...string) (string, error) {
	t, err := o.text(names...)
	if err != nil {
		return "", err
	}
	return t.value, t.require("be the provider's id", MaxIDLength)
}

// text is a string field.
type text struct {
	field   string // its path
	present bool
	value   string
}

// require fails unless the text is there, not blank, clean and at most limit
// characters long. purpose ends the sentence "it must ...".
func (t text) require(purpose string, limit int) error {
	switch {
	case !t.present:
		return fieldErrorf(t.field, "is missing; it must %s", purpose)
	case t.blank():
		return fieldErrorf(t.field, "is blank; it must %s", purpose)
	case utf8.RuneCountInString(t.value) > limit:
		return fieldErrorf(t.field, "is longer than %d characters", limit)
	}
	return t.clean()
}

func (t text) blank() bool { return strings.TrimSpace(t.value) == "" }

// clean fails on characters that have no place in a name: control characters,
// and U+FFFD, which is what half a surrogate pair or a character broken on its
// way becomes, so that different names could look the same.
func (t text) clean() error {
	for _, r := range t.value {
		if unicode.IsControl(r) {
			return fieldErrorf(t.field, "has a control character")
		}
		if r == utf8.RuneError {
			return fieldErrorf(t.field, "has a character that is not valid Unicode")
		}
	}
	return nil
}
