// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package spool is a durable local queue of events that could not be delivered
// yet, in one file of bbolt. It knows neither what an event is nor where it
// goes: to it a payload is JSON, and a session a string.
//
// What [Store.Append] has returned nil for is on disk, and stays there until
// [Store.Resolve] removes it. Payloads of one session come out in the order in
// which they went in, also after a crash. Those that can never be delivered are
// moved to the dead letters, where a person can look at them.
package spool
